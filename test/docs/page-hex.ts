// Worked examples as the pages and fixtures show them: a line is an offset, bytes in hex, and a comment.
import fs from "node:fs";
import path from "node:path";
import { expect } from "vitest";

export const root = path.resolve(import.meta.dirname, "../..");

/** The bytes of an example; its offsets are checked on the way. */
export function bytesOfExample(title: string, lines: string): Buffer {
  let bytes = Buffer.alloc(0);
  for (const line of lines.trimEnd().split("\n")) {
    const [, offset = "", hex = ""] = /^ *(\d+) {2}([0-9a-f]+)/.exec(line) ?? [];
    expect(`${title} ${offset}`).toBe(`${title} ${bytes.byteLength}`);
    bytes = Buffer.concat([bytes, Buffer.from(hex, "hex")]);
  }
  return bytes;
}

/** The text of a page in docs/format. */
export function page(name: string): string {
  return fs.readFileSync(path.join(root, "docs/format", name), "utf8");
}
