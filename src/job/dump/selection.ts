// Which inodes a dump writes. An inode is dumped if the base's manifest does not have it, if its attributes
// differ from the base's record, or if its ctime is at or after the base's scan start. ctime alone would
// lose what lies below a directory that was moved in, and whatever was skipped or excluded before. So is
// what the base's dump noted as not read as it stood, and a directory whose names are not the base's: a
// pattern that changed takes or gives names without touching the directory.
import { escapeName } from "../../catalog/names.ts";
import type { TreeState } from "../../catalog/tree-state.ts";
import type { ByteString } from "../../core/bytes.ts";
import { TYPE } from "../../core/inode.ts";
import type { Walk } from "../../volume/source.ts";
import { findUnread, type Unread } from "./unread.ts";

export interface Selection {
  /** 1 for the rows whose inode goes on tape. */
  readonly selected: Uint8Array;
  /** A row of the base with the same dump inode, or -1. */
  readonly baseRow: Int32Array;
  readonly unread: Unread;
}

export interface SelectionBase {
  readonly state: TreeState;
  /** Scan start of the base: seconds and nanoseconds. */
  readonly scanStart: number;
  readonly scanStartNs: number;
  /** Paths (raw) that the base's dump did not read as they stood. */
  readonly noted: readonly ByteString[];
}

/** Above this a table by inode number would be mostly empty. */
const TABLE_MAX = 2 ** 24;

/** Rows of a state by dump inode; of hard links the first. */
export function rowsByInode(state: TreeState): (inode: number) => number {
  let max = 0;
  for (const inode of state.dumpInode) if (inode > max) max = inode;
  if (max <= TABLE_MAX) {
    const table = new Int32Array(max + 1).fill(-1);
    for (let row = state.count - 1; row >= 0; row--) {
      if (state.recordLength[row] !== 0) table[state.dumpInode[row] as number] = row;
    }
    return (inode) => (inode <= max ? (table[inode] as number) : -1);
  }
  const map = new Map<number, number>();
  for (let row = state.count - 1; row >= 0; row--) {
    if (state.recordLength[row] !== 0) map.set(state.dumpInode[row] as number, row);
  }
  return (inode) => map.get(inode) ?? -1;
}

export function selectInodes(
  walk: Walk,
  inode: Uint32Array,
  base: SelectionBase | null,
): Selection {
  const selected = new Uint8Array(walk.count);
  const baseRow = new Int32Array(walk.count).fill(-1);
  if (base === null) {
    return {
      selected: selected.fill(1),
      baseRow,
      unread: { directories: new Uint8Array(walk.count), names: new Map() },
    };
  }
  const find = rowsByInode(base.state);
  for (let row = 0; row < walk.count; row++) {
    const old = find(inode[row] as number);
    baseRow[row] = old;
    const changed = old < 0 || differs(walk, row, base.state, old) || changedSince(walk, row, base);
    selected[row] = changed || hasOtherNames(walk, row, inode, base.state, old) ? 1 : 0;
  }
  for (const path of base.noted) {
    const row = rowOfWalk(walk, path);
    if (row >= 0) selected[row] = 1;
  }
  const unread = findUnread(walk, baseRow, base.state);
  // A directory that cannot be listed would come back empty: the base's stays.
  for (let row = 1; row < walk.count; row++) if (unread.directories[row] === 1) selected[row] = 0;
  selected[0] = 1;
  agree(walk, inode, selected);
  return { selected, baseRow, unread };
}

/** The row of a raw path, or -1. */
function rowOfWalk(walk: Walk, path: ByteString): number {
  let row = 0;
  for (const name of path === "" ? [] : path.split("/")) {
    let low = walk.firstEntry[row] as number;
    const end = low + (walk.entryCount[row] as number);
    for (let high = end; low < high; ) {
      const middle = (low + high) >> 1;
      if ((walk.name[middle] as ByteString) < name) low = middle + 1;
      else high = middle;
    }
    if (low === end || walk.name[low] !== name) return -1;
    row = low;
  }
  return row;
}

/** Whether a directory has other names than in the base, or the same for other inodes. */
function hasOtherNames(
  walk: Walk,
  row: number,
  inode: Uint32Array,
  base: TreeState,
  old: number,
): boolean {
  if (walk.type[row] !== TYPE.directory || base.type[old] !== TYPE.directory) return false;
  const count = walk.entryCount[row] as number;
  if (count !== base.entryCount[old]) return true;
  const first = walk.firstEntry[row] as number;
  const before = base.firstEntry[old] as number;
  for (let i = 0; i < count; i++) {
    const name = walk.name[first + i] as ByteString;
    if (name !== base.names[before + i])
      return hasOtherEscapedNames(walk, first, count, inode, base, before);
    if (inode[first + i] !== base.dumpInode[before + i]) return true;
  }
  return false;
}

/** The same where the order may differ: a tree's names are escaped. */
function hasOtherEscapedNames(
  walk: Walk,
  first: number,
  count: number,
  inode: Uint32Array,
  base: TreeState,
  before: number,
): boolean {
  const known = new Map<ByteString, number>();
  for (let i = before; i < before + count; i++)
    known.set(base.names[i] as ByteString, base.dumpInode[i] as number);
  for (let i = first; i < first + count; i++)
    if (known.get(escapeName(walk.name[i] as ByteString)) !== inode[i]) return true;
  return false;
}

/** All names of an inode are dumped or none: they may have been looked at before and after a change. */
function agree(walk: Walk, inode: Uint32Array, selected: Uint8Array): void {
  const chosen = new Set<number>();
  for (let row = 0; row < walk.count; row++) {
    if (selected[row] === 1 && (walk.nlink[row] as number) > 1 && walk.type[row] !== TYPE.directory)
      chosen.add(inode[row] as number);
  }
  if (chosen.size === 0) return;
  for (let row = 0; row < walk.count; row++) {
    if (walk.type[row] !== TYPE.directory && chosen.has(inode[row] as number)) selected[row] = 1;
  }
}

function changedSince(walk: Walk, row: number, base: SelectionBase): boolean {
  const seconds = walk.ctime[row] as number;
  return (
    seconds > base.scanStart ||
    (seconds === base.scanStart && (walk.ctimeNs[row] as number) >= base.scanStartNs)
  );
}

function differs(walk: Walk, row: number, base: TreeState, old: number): boolean {
  return (
    walk.ctime[row] !== base.ctime[old] ||
    walk.ctimeNs[row] !== base.ctimeNs[old] ||
    walk.mtime[row] !== base.mtime[old] ||
    walk.mtimeNs[row] !== base.mtimeNs[old] ||
    walk.type[row] !== base.type[old] ||
    walk.mode[row] !== base.mode[old] ||
    walk.uid[row] !== base.uid[old] ||
    walk.gid[row] !== base.gid[old] ||
    walk.nlink[row] !== base.nlink[old] ||
    (walk.type[row] !== TYPE.directory && walk.size[row] !== base.size[old]) ||
    walk.birth[row] !== base.birth[old] ||
    walk.birthNs[row] !== base.birthNs[old] ||
    walk.inodeLow[row] !== base.inodeLow[old] ||
    walk.inodeHigh[row] !== base.inodeHigh[old] ||
    walk.rdevMajor[row] !== base.rdevMajor[old] ||
    walk.rdevMinor[row] !== base.rdevMinor[old]
  );
}
