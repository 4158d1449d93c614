// Which inodes go on tape and which are in use, from a plan: bit maps, and the rows to write in the order
// of their inodes.
import { assert, ReelError } from "../core/errors.ts";
import { ROOT_INODE, TYPE } from "../core/inode.ts";
import { INODE_MAX, InodeMap } from "./format/inode-map.ts";
import type { DumpPlan } from "./request.ts";

export interface InodeMaps {
  /** CLRI: inodes in use. */
  readonly used: InodeMap;
  /** BITS: inodes on this tape. */
  readonly dumped: InodeMap;
  /** The first row of each inode on this tape, in rising order of inodes. */
  readonly directories: Int32Array;
  readonly files: Int32Array;
}

/** Adds the directories that lead to what is selected. Throws `dump.too-many-inodes`. */
export function mapInodes(plan: DumpPlan): InodeMaps {
  const { walk, inode, inodeMax } = plan;
  if (!(inodeMax <= INODE_MAX))
    throw new ReelError("dump.too-many-inodes", { found: inodeMax, wanted: INODE_MAX });
  const used = InodeMap.forInodesUpTo(Math.max(inodeMax, ROOT_INODE));
  const dumped = InodeMap.forInodesUpTo(Math.max(inodeMax, ROOT_INODE));
  const onTape = withAncestors(plan);
  for (const kept of plan.kept) if (kept <= inodeMax) used.add(kept);
  const directories: number[] = [];
  const files: number[] = [];
  for (let row = 0; row < walk.count; row++) {
    const number = inode[row] as number;
    assert(number >= ROOT_INODE && number <= inodeMax, "inode numbers lie between 2 and inodeMax");
    used.add(number);
    if (onTape[row] !== 1 || dumped.has(number)) continue;
    dumped.add(number);
    (walk.type[row] === TYPE.directory ? directories : files).push(row);
  }
  return { used, dumped, directories: byInode(directories, inode), files: byInode(files, inode) };
}

/** 1 for each row on tape: entries come after their directory, so one pass from the end reaches the root. */
function withAncestors(plan: DumpPlan): Uint8Array {
  const { walk } = plan;
  const onTape = plan.selected.slice();
  onTape[0] = 1;
  for (let row = walk.count - 1; row > 0; row--) {
    if (onTape[row] === 1) onTape[walk.parent[row] as number] = 1;
  }
  return onTape;
}

/** Sorts one number for inode and place: ten times as fast as comparing through a function. */
function byInode(rows: readonly number[], inode: Uint32Array): Int32Array {
  const scale = Math.max(1, rows.length);
  const sorted = new Int32Array(rows.length);
  if (scale * 2 ** 31 > Number.MAX_SAFE_INTEGER) {
    sorted.set(rows);
    return sorted.sort((a, b) => (inode[a] as number) - (inode[b] as number));
  }
  const keys = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) keys[i] = (inode[rows[i] as number] as number) * scale + i;
  keys.sort();
  for (let i = 0; i < rows.length; i++) sorted[i] = rows[(keys[i] as number) % scale] as number;
  return sorted;
}
