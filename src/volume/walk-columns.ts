// The growing columns of a walk: one row for each name, filled from a statx answer.
import type { ByteString } from "../core/bytes.ts";
import { TYPE } from "../core/inode.ts";
import type { Walk, WalkProblem } from "./source.ts";
import { TIME_WORD, type StatBuffer } from "./stat-buffer.ts";

type Column = Int32Array | Uint8Array | Uint16Array | Uint32Array | Float64Array;

interface Columns {
  parent: Int32Array;
  firstEntry: Int32Array;
  entryCount: Int32Array;
  type: Uint8Array;
  mode: Uint16Array;
  nlink: Uint32Array;
  uid: Uint32Array;
  gid: Uint32Array;
  size: Float64Array;
  blocks512: Float64Array;
  inodeHigh: Uint32Array;
  inodeLow: Uint32Array;
  atime: Float64Array;
  atimeNs: Uint32Array;
  mtime: Float64Array;
  mtimeNs: Uint32Array;
  ctime: Float64Array;
  ctimeNs: Uint32Array;
  birth: Float64Array;
  birthNs: Uint32Array;
  rdevMajor: Uint32Array;
  rdevMinor: Uint32Array;
}

function newColumns(capacity: number): Columns {
  const i32 = (): Int32Array => new Int32Array(capacity);
  const u32 = (): Uint32Array => new Uint32Array(capacity);
  const f64 = (): Float64Array => new Float64Array(capacity);
  return {
    parent: i32(),
    firstEntry: i32(),
    entryCount: i32(),
    type: new Uint8Array(capacity),
    mode: new Uint16Array(capacity),
    nlink: u32(),
    uid: u32(),
    gid: u32(),
    size: f64(),
    blocks512: f64(),
    inodeHigh: u32(),
    inodeLow: u32(),
    atime: f64(),
    atimeNs: u32(),
    mtime: f64(),
    mtimeNs: u32(),
    ctime: f64(),
    ctimeNs: u32(),
    birth: f64(),
    birthNs: u32(),
    rdevMajor: u32(),
    rdevMinor: u32(),
  };
}

export class WalkColumns {
  readonly name: ByteString[] = [];
  readonly problems: WalkProblem[] = [];
  excluded = 0;
  count = 0;
  private capacity = 1024;
  private columns: Columns = newColumns(this.capacity);

  /** Adds the inode that `stat` describes, and gives its row. */
  add(parent: number, name: ByteString, stat: StatBuffer): number {
    if (this.count === this.capacity) this.grow();
    const row = this.count++;
    const columns = this.columns;
    this.name.push(name);
    const { type } = stat;
    const isDevice = type === TYPE.char || type === TYPE.block;
    columns.parent[row] = parent;
    columns.type[row] = type;
    columns.mode[row] = stat.mode & 0o7777;
    columns.nlink[row] = stat.nlink;
    columns.uid[row] = stat.uid;
    columns.gid[row] = stat.gid;
    columns.size[row] = stat.size;
    columns.blocks512[row] = stat.blocks512;
    columns.inodeHigh[row] = stat.inodeHigh;
    columns.inodeLow[row] = stat.inodeLow;
    columns.atime[row] = stat.seconds(TIME_WORD.access);
    columns.atimeNs[row] = stat.nanoseconds(TIME_WORD.access);
    columns.mtime[row] = stat.seconds(TIME_WORD.modification);
    columns.mtimeNs[row] = stat.nanoseconds(TIME_WORD.modification);
    columns.ctime[row] = stat.seconds(TIME_WORD.change);
    columns.ctimeNs[row] = stat.nanoseconds(TIME_WORD.change);
    columns.birth[row] = stat.hasBirth ? stat.seconds(TIME_WORD.birth) : 0;
    columns.birthNs[row] = stat.hasBirth ? stat.nanoseconds(TIME_WORD.birth) : 0;
    columns.rdevMajor[row] = isDevice ? stat.rdevMajor : 0;
    columns.rdevMinor[row] = isDevice ? stat.rdevMinor : 0;
    return row;
  }

  setEntries(row: number, first: number, count: number): void {
    this.columns.firstEntry[row] = first;
    this.columns.entryCount[row] = count;
  }

  setInode(row: number, high: number, low: number): void {
    this.columns.inodeHigh[row] = high;
    this.columns.inodeLow[row] = low;
  }

  parentOf(row: number): number {
    return this.columns.parent[row] as number;
  }

  nameOf(row: number): ByteString {
    return this.name[row] as ByteString;
  }

  private grow(): void {
    const next = newColumns(this.capacity * 2);
    for (const key of Object.keys(next) as (keyof Columns)[]) {
      const from: Column = this.columns[key];
      const to: Column = next[key];
      to.set(from);
    }
    this.capacity *= 2;
    this.columns = next;
  }

  /** The walk so far, in the columns' own memory: add nothing afterwards. */
  finish(): Walk {
    const { count, columns } = this;
    return {
      count,
      name: this.name,
      problems: this.problems,
      excluded: this.excluded,
      parent: columns.parent.subarray(0, count),
      firstEntry: columns.firstEntry.subarray(0, count),
      entryCount: columns.entryCount.subarray(0, count),
      type: columns.type.subarray(0, count),
      mode: columns.mode.subarray(0, count),
      nlink: columns.nlink.subarray(0, count),
      uid: columns.uid.subarray(0, count),
      gid: columns.gid.subarray(0, count),
      size: columns.size.subarray(0, count),
      blocks512: columns.blocks512.subarray(0, count),
      inodeHigh: columns.inodeHigh.subarray(0, count),
      inodeLow: columns.inodeLow.subarray(0, count),
      atime: columns.atime.subarray(0, count),
      atimeNs: columns.atimeNs.subarray(0, count),
      mtime: columns.mtime.subarray(0, count),
      mtimeNs: columns.mtimeNs.subarray(0, count),
      ctime: columns.ctime.subarray(0, count),
      ctimeNs: columns.ctimeNs.subarray(0, count),
      birth: columns.birth.subarray(0, count),
      birthNs: columns.birthNs.subarray(0, count),
      rdevMajor: columns.rdevMajor.subarray(0, count),
      rdevMinor: columns.rdevMinor.subarray(0, count),
    };
  }
}
