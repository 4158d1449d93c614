// What a restore works on: plain values that the caller took from a catalog or from a tape.
import type { ByteString } from "../core/bytes.ts";
import type { InodeType } from "../core/inode.ts";

/** Where an inode's TS_INODE header lies: image (index into the plan's images) and tape block within it. */
export interface Place {
  readonly image: number;
  readonly block: number;
  /**
   * Tape blocks from this header to the next inode's, from the offset map. Without it a sparse file is
   * taken to be as long on tape as its size says.
   */
  readonly blocks?: number;
}

/** One path to bring back, as it was. */
export interface WantedEntry {
  /** Relative to the target, components as raw bytes joined by "/"; "" is the target itself. */
  readonly path: ByteString;
  readonly type: InodeType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly mtimeNs: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly target: ByteString | null;
  /** Attributes as core/attributes.ts has them. */
  readonly attributes: Uint8Array;
  /** SHA-256 of a file's content, 32 bytes. */
  readonly digest: Uint8Array | null;
  /** Dump inode: entries of one inode are hard links of each other. */
  readonly inode: number;
  /** Null for what needs nothing from tape: directories, links, devices, empty files. */
  readonly place: Place | null;
}

/** An image as the plan needs it. */
export interface WantedImage {
  readonly imageId: string;
  readonly title: string;
  readonly level: number;
  /** c_date in seconds, checked against each header. */
  readonly date: number;
  readonly blockingFactor: number;
  readonly extents: readonly {
    readonly label: string;
    readonly file: number;
    readonly firstBlock: number;
    readonly blocks: number;
  }[];
}
