// A change names only directories in which, or below which, something changed.
import type { TreeChange } from "../../catalog/tree-commit.ts";
import type { ByteString } from "../../core/bytes.ts";

/** Leaves out directories in which and below which nothing changed; the others come parents first. */
export function withoutIdle(
  directories: readonly ByteString[],
  first: readonly number[],
  rest: Omit<TreeChange, "directories" | "first">,
): TreeChange {
  const rowOf = new Map<ByteString, number>();
  const busy = new Uint8Array(directories.length);
  directories.forEach((path, i) => rowOf.set(path, i));
  for (let i = directories.length - 1; i >= 0; i--) {
    if (busy[i] === 0 && first[i] === first[i + 1]) continue;
    busy[i] = 1;
    for (let path = directories[i] as string; path !== ""; ) {
      path = path.slice(0, Math.max(0, path.lastIndexOf("/")));
      const above = rowOf.get(path) as number;
      if (busy[above] === 1) break;
      busy[above] = 1;
    }
  }
  const kept: ByteString[] = [];
  const from: number[] = [];
  directories.forEach((path, i) => {
    if (busy[i] !== 1) return;
    kept.push(path);
    from.push(first[i] as number);
  });
  from.push(rest.names.length);
  return { directories: kept, first: Int32Array.from(from), ...rest };
}
