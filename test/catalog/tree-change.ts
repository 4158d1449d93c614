// Trees as plain maps, and the change from one to the next in the columns that the catalog commits.
import type { Copy } from "../../src/catalog/filelog-text.ts";
import type { TreeChange } from "../../src/catalog/tree-commit.ts";
import { type ByteString, bytesOf } from "../../src/core/bytes.ts";

/** Content by path, both as strings of bytes. */
export type Tree = ReadonlyMap<ByteString, ByteString>;

/** Paths of the directories above a path, the root "" included. */
function above(path: ByteString): ByteString[] {
  const names = path.split("/");
  return names.map((_, i) => names.slice(0, i).join("/"));
}

/** New content of the paths that differ; null for a removed one. */
export function differences(before: Tree, after: Tree): Map<ByteString, ByteString | null> {
  const changed = new Map<ByteString, ByteString | null>();
  for (const [path, content] of after) {
    if (before.get(path) !== content) changed.set(path, content);
  }
  for (const path of before.keys()) if (!after.has(path)) changed.set(path, null);
  return changed;
}

/** The change as rows. `copies` by path. */
export function treeChange(
  before: Tree,
  after: Tree,
  copies: ReadonlyMap<ByteString, Copy> = new Map(),
): TreeChange {
  const changed = differences(before, after);
  const rowsOf = new Map<ByteString, ByteString[]>([["", []]]);
  for (const path of changed.keys()) {
    for (const directory of above(path)) {
      if (!rowsOf.has(directory)) rowsOf.set(directory, []);
    }
    rowsOf.get(path.slice(0, Math.max(0, path.lastIndexOf("/"))))?.push(path);
  }
  const depth = (path: ByteString): number => (path === "" ? 0 : path.split("/").length);
  const directories = [...rowsOf.keys()].sort((a, b) => depth(a) - depth(b));
  const first: number[] = [];
  const names: ByteString[] = [];
  const start: number[] = [];
  const length: number[] = [];
  const parts: Uint8Array[] = [];
  const copyRows = new Map<number, Copy>();
  let bytes = 0;
  for (const directory of directories) {
    first.push(names.length);
    for (const path of (rowsOf.get(directory) ?? []).sort()) {
      const content = changed.get(path) ?? null;
      const copy = copies.get(path);
      if (copy) copyRows.set(names.length, copy);
      names.push(path.slice(path.lastIndexOf("/") + 1));
      start.push(content === null ? -1 : bytes);
      length.push(content?.length ?? 0);
      parts.push(bytesOf(content ?? ""));
      bytes += content?.length ?? 0;
    }
  }
  first.push(names.length);
  return {
    directories,
    first: Int32Array.from(first),
    names,
    start: Int32Array.from(start),
    length: Int32Array.from(length),
    bytes: Buffer.concat(parts),
    copies: copyRows,
  };
}
