// What the walk could not look at and the base knows: directories that could not be listed, and names that
// could not be asked about. They keep the base's records: an error must not look like a removal.
import { escapeName, unescapeName } from "../../catalog/names.ts";
import { rowInDirectory, type TreeState } from "../../catalog/tree-state.ts";
import { TYPE } from "../../core/inode.ts";
import type { KeptName } from "../../dump/request.ts";
import type { Walk } from "../../volume/source.ts";

export interface Unread {
  /** 1 for directories of the walk that keep the base's entries and record. */
  readonly directories: Uint8Array;
  /** Rows of the base that have no row in the walk, by the walk's row of their directory; ascending by name. */
  readonly names: ReadonlyMap<number, readonly number[]>;
}

/** `baseRow` gives for each row of the walk the base's row of the same inode, or -1. */
export function findUnread(walk: Walk, baseRow: Int32Array, base: TreeState): Unread {
  const directories = new Uint8Array(walk.count);
  const names = new Map<number, number[]>();
  for (const { kind, row, name } of walk.problems) {
    const old = baseRow[row] as number;
    if (old < 0 || base.type[old] !== TYPE.directory) continue;
    // Of a mount point only the number is that of the directory it covers.
    if (kind === "mount" || (kind === "unreadable-directory" && sameBirth(walk, row, base, old)))
      directories[row] = 1;
    if (kind !== "unreadable") continue;
    const entry = rowInDirectory(base, old, escapeName(name));
    if (entry < 0) continue;
    const list = names.get(row);
    if (list) list.push(entry);
    else names.set(row, [entry]);
  }
  for (const list of names.values()) list.sort((a, b) => a - b);
  return { directories, names };
}

export function sameBirth(walk: Walk, row: number, base: TreeState, old: number): boolean {
  return walk.birth[row] === base.birth[old] && walk.birthNs[row] === base.birthNs[old];
}

/** Inodes of the base that have no row in the walk and are in use still. */
export function keptInodes(
  unread: Unread,
  baseRow: Int32Array,
  base: TreeState | null,
): Uint32Array {
  if (base === null) return new Uint32Array(0);
  const stack: number[] = [...unread.names.values()].flat();
  unread.directories.forEach((kept, row) => {
    if (kept === 1) stack.push(baseRow[row] as number);
  });
  const inodes: number[] = [];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (base.recordLength[at] !== 0) inodes.push(base.dumpInode[at] as number);
    if (base.type[at] !== TYPE.directory) continue;
    const first = base.firstEntry[at] as number;
    for (let entry = first; entry < first + (base.entryCount[at] as number); entry++)
      stack.push(entry);
  }
  return Uint32Array.from(inodes);
}

/** The names for the directories on tape: without them restore would take the files away. */
export function keptNames(unread: Unread, base: TreeState | null): Map<number, KeptName[]> {
  const kept = new Map<number, KeptName[]>();
  if (base === null) return kept;
  for (const [row, entries] of unread.names) {
    const known = entries.filter((entry) => base.recordLength[entry] !== 0);
    kept.set(
      row,
      known.map((entry) => ({
        name: unescapeName(base.names[entry] as string),
        inode: base.dumpInode[entry] as number,
        type: base.type[entry] as number,
      })),
    );
  }
  return kept;
}
