// A JSON array, one element a line, printed while it is made.
import type { Invocation } from "./invocation.ts";
import { jsonLine } from "./render/json.ts";

/** `form` gives an element's object; text in it must be text, not bytes. */
export async function printArray<T>(
  items: AsyncIterable<T> | Iterable<T>,
  invocation: Invocation,
  form: (item: T) => object,
): Promise<void> {
  const { out } = invocation.io;
  let first = true;
  for await (const item of items) {
    out.write(`${first ? "[\n" : ",\n"}${jsonLine(form(item))}`);
    first = false;
    await out.settle();
  }
  out.write(first ? "[]\n" : "\n]\n");
}
