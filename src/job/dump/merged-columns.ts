// The columns and records of a merged tree: of each row the walk's or the base's.
import { type newColumns, STATE_COLUMNS, type TreeState } from "../../catalog/tree-state.ts";
import { ByteWriter } from "../../core/bytes.ts";
import { TYPE } from "../../core/inode.ts";
import type { Walk } from "../../volume/source.ts";

/** The records of the new state: all fresh ones as they are, then the base's, copied in runs of neighbours. */
export class RecordRuns {
  private readonly out: ByteWriter;
  private readonly base: TreeState | null;
  private from = 0;
  private to = 0;

  constructor(fresh: Uint8Array, base: TreeState | null) {
    this.base = base;
    this.out = new ByteWriter(fresh.byteLength + (base?.records.byteLength ?? 0));
    this.out.put(fresh);
  }

  takeOld(row: number): number {
    const base = this.base as TreeState;
    const start = base.recordStart[row] as number;
    if (start !== this.to) {
      this.flush();
      this.from = start;
    }
    this.to = start + (base.recordLength[row] as number);
    return this.out.length + start - this.from;
  }

  private flush(): void {
    if (this.base && this.to > this.from)
      this.out.put(this.base.records.subarray(this.from, this.to));
    this.from = this.to;
  }

  finish(): Uint8Array {
    this.flush();
    return this.out.finish();
  }
}

export function copyColumns(
  to: ReturnType<typeof newColumns>,
  row: number,
  from: TreeState,
  old: number,
): void {
  for (const name of Object.keys(STATE_COLUMNS) as (keyof typeof STATE_COLUMNS)[]) {
    to[name][row] = from[name][old] as number;
  }
}

/** The columns that a fresh record's row has: those of the walk. */
export function copyWalk(
  to: ReturnType<typeof newColumns>,
  row: number,
  walk: Walk,
  from: number,
  inode: Uint32Array,
): void {
  to.type[row] = walk.type[from] as number;
  to.mode[row] = walk.mode[from] as number;
  to.dumpInode[row] = inode[from] as number;
  to.inodeHigh[row] = walk.inodeHigh[from] as number;
  to.inodeLow[row] = walk.inodeLow[from] as number;
  to.nlink[row] = walk.nlink[from] as number;
  to.uid[row] = walk.uid[from] as number;
  to.gid[row] = walk.gid[from] as number;
  to.size[row] = walk.type[from] === TYPE.directory ? 0 : (walk.size[from] as number);
  to.mtime[row] = walk.mtime[from] as number;
  to.mtimeNs[row] = walk.mtimeNs[from] as number;
  to.ctime[row] = walk.ctime[from] as number;
  to.ctimeNs[row] = walk.ctimeNs[from] as number;
  to.birth[row] = walk.birth[from] as number;
  to.birthNs[row] = walk.birthNs[from] as number;
  to.rdevMajor[row] = walk.rdevMajor[from] as number;
  to.rdevMinor[row] = walk.rdevMinor[from] as number;
}
