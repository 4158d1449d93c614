// Inode numbers on tape for a live directory. A source whose numbers fit a dump map keeps them; otherwise
// they are a pure function of the tree dumped before, so that a full dump does not renumber a volume.
import type { TreeState } from "../../catalog/tree-state.ts";
import { ROOT_INODE } from "../../core/inode.ts";
import type { Walk } from "../../volume/source.ts";

/** A first dump keeps numbers up to here whatever their density: each bit map has at most 8 blocks. */
const DENSE_MAX = 8 * 8192;
/** Or up to so many numbers for each name: beyond, a tape is full of empty bits, and restore busy with them. */
const NUMBERS_PER_NAME_MAX = 64;
/** No number is ever kept beyond: a bit map of 16 MiB, and restore loops over it for some 4 seconds. */
const KEPT_MAX = 2 ** 27;
/** A full dump renumbers when fewer than one in so many numbers is in use. */
const COMPACT_BELOW = 4;
const FIRST_NEW = ROOT_INODE + 1;

export interface InodeNumbers {
  /** Dump inode of each row of the walk. */
  readonly inode: Uint32Array;
  readonly inodeMax: number;
}

/**
 * Numbers the walk. `before` is the tree of the base, or for a level 0 that of the latest known dump;
 * null if there is none.
 */
export function numberInodes(walk: Walk, before: TreeState | null, level0: boolean): InodeNumbers {
  const largest = largestKeepable(walk);
  const keepsBefore = before !== null && numbersAreKept(before);
  const fits =
    before === null
      ? largest <= DENSE_MAX || largest <= NUMBERS_PER_NAME_MAX * walk.count
      : keepsBefore;
  if (largest >= 0 && largest <= KEPT_MAX && fits) return keep(walk);
  return mapOnto(walk, before, level0);
}

/** The largest source inode below the root, or -1 if some cannot be a dump inode as they are. */
function largestKeepable(walk: Walk): number {
  let largest = ROOT_INODE;
  for (let row = 1; row < walk.count; row++) {
    const low = walk.inodeLow[row] as number;
    if (walk.inodeHigh[row] !== 0 || low <= ROOT_INODE) return -1;
    if (low > largest) largest = low;
  }
  return largest;
}

function numbersAreKept(before: TreeState): boolean {
  for (let row = 1; row < before.count; row++) {
    if (before.inodeHigh[row] !== 0 || before.inodeLow[row] !== before.dumpInode[row]) return false;
  }
  return true;
}

function keep(walk: Walk): InodeNumbers {
  const inode = Uint32Array.from(walk.inodeLow);
  inode[0] = ROOT_INODE;
  let inodeMax = ROOT_INODE;
  for (const number of inode) if (number > inodeMax) inodeMax = number;
  return { inode, inodeMax };
}

/** A source inode as one number; over 2^53 two might fall together, which the halves then tell apart. */
function keyOf(high: number, low: number): number {
  return high * 0x1_0000_0000 + low;
}

function mapOnto(walk: Walk, before: TreeState | null, level0: boolean): InodeNumbers {
  const known = new Map<number, number>();
  let inodeMax = ROOT_INODE;
  if (before !== null) {
    for (let row = 1; row < before.count; row++) {
      known.set(keyOf(before.inodeHigh[row] as number, before.inodeLow[row] as number), row);
      inodeMax = Math.max(inodeMax, before.dumpInode[row] as number);
    }
    if (level0 && inodeMax > COMPACT_BELOW * walk.count) {
      known.clear();
      inodeMax = ROOT_INODE;
    }
  }
  const inode = new Uint32Array(walk.count);
  inode[0] = ROOT_INODE;
  // Of a mount point only the number is that of the directory it covers.
  const mounts = new Set(
    walk.problems.filter((problem) => problem.kind === "mount").map((problem) => problem.row),
  );
  for (let row = 1; row < walk.count; row++) {
    const old = known.get(keyOf(walk.inodeHigh[row] as number, walk.inodeLow[row] as number));
    if (
      old !== undefined &&
      before !== null &&
      (isSameInode(walk, row, before, old) || mounts.has(row))
    ) {
      inode[row] = before.dumpInode[old] as number;
    }
  }
  const fresh = new Map<number, number>();
  let next = Math.max(inodeMax + 1, FIRST_NEW);
  for (const row of depthFirst(walk)) {
    if (inode[row] !== 0) continue;
    const key = keyOf(walk.inodeHigh[row] as number, walk.inodeLow[row] as number);
    const number = fresh.get(key) ?? next++;
    fresh.set(key, number);
    inode[row] = number;
  }
  return { inode, inodeMax: Math.max(inodeMax, next - 1) };
}

/** The same object as in the tree before: same number, born at the same time. */
export function isSameInode(walk: Walk, row: number, before: TreeState, old: number): boolean {
  return (
    walk.inodeLow[row] === before.inodeLow[old] &&
    walk.inodeHigh[row] === before.inodeHigh[old] &&
    walk.birth[row] === before.birth[old] &&
    walk.birthNs[row] === before.birthNs[old]
  );
}

/** Rows in byte order of their paths, component by component. */
function* depthFirst(walk: Walk): Generator<number> {
  const stack = [0];
  for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
    yield row;
    const first = walk.firstEntry[row] as number;
    for (let entry = first + (walk.entryCount[row] as number) - 1; entry >= first; entry--)
      stack.push(entry);
  }
}
