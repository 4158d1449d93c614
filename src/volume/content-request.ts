// What a reader must know of the rows it reads, packed from the walk in columns that go to another thread
// as they are. A request names only the directories that no earlier one of the same packer has named.
import type { ByteString } from "../core/bytes.ts";
import { TYPE } from "../core/inode.ts";
import { BATCH_BYTES } from "./content-batch.ts";
import type { Walk } from "./source.ts";

export interface ContentRequest {
  readonly count: number;
  readonly row: Int32Array;
  /** Ordinal of the directory to open the name in; 0 is the root. */
  readonly directory: Int32Array;
  /** An InodeType; TYPE.unknown where there is nothing to read: a directory covered by a mount. */
  readonly type: Uint8Array;
  readonly size: Float64Array;
  readonly isSparse: Uint8Array;
  readonly inodeHigh: Uint32Array;
  readonly inodeLow: Uint32Array;
  readonly mtime: Float64Array;
  readonly mtimeNs: Uint32Array;
  readonly ctime: Float64Array;
  readonly ctimeNs: Uint32Array;
  /** Where each name begins in `names`, which has `count` names, each with a NUL; "." for the root. */
  readonly nameStart: Uint32Array;
  readonly names: Uint8Array;
  /** Directories with the next ordinals: the ordinal of the parent, and the name. */
  readonly newParent: Int32Array;
  readonly newName: readonly ByteString[];
}

/** Some 250 KiB a request of empty files. */
const REQUEST_ROWS_MAX = 4096;
/** A request of small files fills one batch, with room for what they grow by attributes. */
const REQUEST_BYTES_MAX: number = BATCH_BYTES - 256 * 1024;
/** V8 keeps arrays of up to 64 bytes on its moving heap: their address would not last. */
const NAMES_BYTES_MIN = 128;

/** Cuts rows into those of one request after the other. */
export class RequestCutter {
  private readonly walk: Walk;
  private readonly rows: Int32Array;
  private next = 0;

  constructor(walk: Walk, rows: Int32Array) {
    this.walk = walk;
    this.rows = rows;
  }

  /** The next rows, a copy, or nothing after the last. */
  cut(): Int32Array | undefined {
    const { rows, walk } = this;
    const first = this.next;
    const end = Math.min(rows.length, first + REQUEST_ROWS_MAX);
    let bytes = 0;
    while (this.next < end) {
      const row = rows[this.next] as number;
      if (walk.type[row] === TYPE.file) bytes += walk.size[row] as number;
      if (bytes > REQUEST_BYTES_MAX && this.next > first) break;
      this.next++;
    }
    return this.next === first ? undefined : rows.slice(first, this.next);
  }
}

/** Packs the requests of one reader. */
export class RequestPacker {
  private readonly walk: Walk;
  /** Ordinal of each directory row named so far; 0 for others. */
  private readonly ordinal: Int32Array;
  private ordinals = 1;
  private readonly covered = new Set<number>();

  constructor(walk: Walk) {
    this.walk = walk;
    this.ordinal = new Int32Array(walk.count);
    for (const problem of walk.problems) {
      if (problem.kind === "mount") this.covered.add(problem.row);
    }
  }

  /** Takes over `row`. */
  pack(row: Int32Array): ContentRequest {
    const { walk } = this;
    const count = row.length;
    const newParent: number[] = [];
    const newName: ByteString[] = [];
    const directory = new Int32Array(count);
    const nameStart = new Uint32Array(count);
    let nameBytes = 0;
    for (let i = 0; i < count; i++) {
      const at = row[i] as number;
      directory[i] = at === 0 ? 0 : this.ordinalOf(walk.parent[at] as number, newParent, newName);
      nameStart[i] = nameBytes;
      nameBytes += at === 0 ? 2 : (walk.name[at] as ByteString).length + 1;
    }
    const names = Buffer.alloc(Math.max(NAMES_BYTES_MIN, nameBytes));
    const type = new Uint8Array(count);
    const isSparse = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const at = row[i] as number;
      names.write(at === 0 ? "." : (walk.name[at] as ByteString), nameStart[i] as number, "latin1");
      type[i] =
        this.covered.size > 0 && this.covered.has(at) ? TYPE.unknown : (walk.type[at] as number);
      isSparse[i] = (walk.blocks512[at] as number) * 512 < (walk.size[at] as number) ? 1 : 0;
    }
    const pick = <T extends Float64Array | Uint32Array>(from: T, to: T): T => {
      for (let i = 0; i < count; i++) to[i] = from[row[i] as number] as number;
      return to;
    };
    return {
      count,
      row,
      directory,
      type,
      isSparse,
      size: pick(walk.size, new Float64Array(count)),
      inodeHigh: pick(walk.inodeHigh, new Uint32Array(count)),
      inodeLow: pick(walk.inodeLow, new Uint32Array(count)),
      mtime: pick(walk.mtime, new Float64Array(count)),
      mtimeNs: pick(walk.mtimeNs, new Uint32Array(count)),
      ctime: pick(walk.ctime, new Float64Array(count)),
      ctimeNs: pick(walk.ctimeNs, new Uint32Array(count)),
      nameStart,
      names,
      newParent: Int32Array.from(newParent),
      newName,
    };
  }

  private ordinalOf(directory: number, newParent: number[], newName: ByteString[]): number {
    if (directory === 0) return 0;
    const known = this.ordinal[directory] as number;
    if (known !== 0) return known;
    // The unnamed ancestors, from the lowest: they are given ordinals from the top.
    const unnamed: number[] = [];
    let at = directory;
    for (; at !== 0 && this.ordinal[at] === 0; at = this.walk.parent[at] as number)
      unnamed.push(at);
    for (let i = unnamed.length - 1; i >= 0; i--) {
      const row = unnamed[i] as number;
      newParent.push(this.ordinal[this.walk.parent[row] as number] as number);
      newName.push(this.walk.name[row] as ByteString);
      this.ordinal[row] = this.ordinals++;
    }
    return this.ordinal[directory] as number;
  }
}
