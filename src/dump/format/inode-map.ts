// The bit maps of a dump: inode i is bit (i - 1) mod 8, low bit first, of byte (i - 1) div 8; the data is
// whole tape blocks. CLRI holds the inodes in use, BITS those on the tape; both have one size.
import { ReelError } from "../../core/errors.ts";
import { BLOCK_BYTES } from "./record.ts";

export const INODES_PER_MAP_BLOCK: number = BLOCK_BYTES * 8;
/** restore computes blocks × 8192 in a signed 32-bit integer. */
export const INODE_MAX: number = 2 ** 31 - INODES_PER_MAP_BLOCK - 1;

export class InodeMap {
  /** Whole tape blocks. */
  readonly bytes: Uint8Array;

  /** A view on the map's bytes, not a copy. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  static forInodesUpTo(inodeMax: number): InodeMap {
    if (!(inodeMax <= INODE_MAX)) {
      throw new ReelError("dump.too-many-inodes", { found: inodeMax, wanted: INODE_MAX });
    }
    return new InodeMap(new Uint8Array(mapBlocks(inodeMax) * BLOCK_BYTES));
  }

  get blocks(): number {
    return Math.ceil(this.bytes.byteLength / BLOCK_BYTES);
  }

  add(inode: number): void {
    const bit = inode - 1;
    const at = bit >>> 3;
    this.bytes[at] = (this.bytes[at] as number) | (1 << (bit & 7));
  }

  /** False for numbers outside the map. */
  has(inode: number): boolean {
    const bit = inode - 1;
    if (bit < 0 || bit >= this.bytes.byteLength * 8) return false;
    return ((this.bytes[Math.floor(bit / 8)] as number) & (1 << (bit & 7))) !== 0;
  }

  get size(): number {
    let count = 0;
    for (const byte of this.bytes) {
      for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
    }
    return count;
  }

  /** The inodes of the map, ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.bytes.byteLength; at++) {
      const byte = this.bytes[at] as number;
      if (byte === 0) continue;
      for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) yield at * 8 + bit + 1;
    }
  }
}

/** As dump has it: one bit more than needed, rounded up to blocks, so that restore's limit is above. */
export function mapBlocks(inodeMax: number): number {
  return Math.max(1, Math.ceil(Math.ceil((inodeMax + 1) / 8) / BLOCK_BYTES));
}
