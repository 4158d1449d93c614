// The seam of a volume: a walk of its tree in columns, then the contents of chosen inodes in batches.
// The first implementation is a live directory; images of file systems follow the same shape.
import type { ByteString } from "../core/bytes.ts";
import type { Progress } from "../core/progress.ts";

/**
 * A walk of a tree. Row 0 is the root. The entries of a directory are contiguous rows in ascending byte
 * order of their names, and come after the directory's own row. A hard link is a row of its own with the
 * same inode. All arrays have `count` elements. Times are seconds (may be negative) and nanoseconds.
 */
export interface Walk {
  readonly count: number;
  /** Row of the directory that holds the entry; -1 for the root. */
  readonly parent: Int32Array;
  /** Names as bytes; "" for the root. */
  readonly name: readonly ByteString[];
  /** First row of a directory's entries, 0 for other types; with `entryCount` rows. */
  readonly firstEntry: Int32Array;
  readonly entryCount: Int32Array;
  /** An InodeType. */
  readonly type: Uint8Array;
  /** Permission bits, 12 bits. */
  readonly mode: Uint16Array;
  readonly nlink: Uint32Array;
  readonly uid: Uint32Array;
  readonly gid: Uint32Array;
  readonly size: Float64Array;
  /** Allocated 512-byte units; fewer than size / 512 means that there are holes to look for. */
  readonly blocks512: Float64Array;
  readonly inodeHigh: Uint32Array;
  readonly inodeLow: Uint32Array;
  readonly atime: Float64Array;
  readonly atimeNs: Uint32Array;
  readonly mtime: Float64Array;
  readonly mtimeNs: Uint32Array;
  readonly ctime: Float64Array;
  readonly ctimeNs: Uint32Array;
  /** Birth time, or the generation in `birth` with birthNs 0; both 0 where the source knows neither. */
  readonly birth: Float64Array;
  readonly birthNs: Uint32Array;
  readonly rdevMajor: Uint32Array;
  readonly rdevMinor: Uint32Array;
  readonly problems: readonly WalkProblem[];
  /** Entries that a pattern left out; a directory counts as one, whatever is below it. */
  readonly excluded: number;
}

/**
 * "unreadable-directory": the row is there, its entries could not be listed. "unreadable": lstat failed
 * for another reason than absence, `row` is the directory and `name` the entry, which has no row. (A file
 * with another mounted over it is one, EXDEV.) "mount": another file system's root, listed as an empty
 * directory and not entered; its inode is that of the covered directory, its attributes the mounted one's.
 * What a pattern excluded has no row and is no problem.
 */
export interface WalkProblem {
  readonly kind: "unreadable-directory" | "unreadable" | "mount";
  readonly row: number;
  readonly name: ByteString;
  /** errno name, "EACCES". */
  readonly errno: string;
}

export interface WalkOptions {
  /** Shell patterns (*, ?, [..]); without a slash they match any component, with one the path from the root. */
  readonly exclude?: readonly string[];
  /**
   * Enter file systems mounted below the root. Their inodes are told apart by the k-th other device's k,
   * added to bits 16 to 31 of inodeHigh.
   */
  readonly crossMounts?: boolean;
  readonly progress?: Progress;
}

export const CONTENT = {
  ok: 0,
  /**
   * A file read whole, but size, mtime or ctime differ after reading from the walk: what is on tape is what
   * was read, and of a file that grew its first `size` bytes. Other types are never "changed": what a dump
   * says of them is what the walk saw.
   */
  changed: 1,
  /** Fewer bytes than the walk said; the rest was given as zeros. */
  shrunk: 2,
  /** Gone when it was opened, or another inode stands there now: no content. */
  vanished: 3,
  /** Could not be opened; `errnos` says why. No content. */
  unreadable: 4,
  /** A read failed in the middle and the rest was given as zeros, or not all attributes could be read. */
  failed: 5,
} as const;
export type ContentStatus = (typeof CONTENT)[keyof typeof CONTENT];

/**
 * A batch of contents, in the order of the rows asked for. A row comes in one or more pieces, of which the
 * last has `last` set and only it carries status, digest and attributes. Between pieces and before `size`
 * lie holes: bytes never given are zeros. The data of a piece starts and ends at a multiple of 1024 of the
 * file, but for the end of the file. `release` gives the memory back: after it the arrays are void.
 */
export interface ContentBatch {
  readonly count: number;
  readonly row: Int32Array;
  readonly fileOffset: Float64Array;
  readonly length: Uint32Array;
  /** Where the piece's bytes begin in `bytes`. */
  readonly start: Uint32Array;
  readonly last: Uint8Array;
  readonly status: Uint8Array;
  /** 32 bytes for each piece: SHA-256 of the whole content, holes included; for files only, else zeros. */
  readonly digest: Uint8Array;
  /** Where the attributes (core/attributes.ts) of a last piece begin in `bytes`; length 0 is none. */
  readonly attributesStart: Uint32Array;
  readonly attributesLength: Uint32Array;
  readonly bytes: Uint8Array;
  /** errno names by piece, for status unreadable, vanished and failed. */
  readonly errnos: ReadonlyMap<number, string>;
  release(): void;
}

export interface VolumeIdentity {
  readonly host: string;
  /** Absolute real path of the root, as bytes. */
  readonly path: ByteString;
  /** For messages and c_dev. */
  readonly device: string;
  /** Tells the root's file system and inode apart from another's at the same path ("inode 2 of ext4 …"). */
  readonly root: string;
}

export interface VolumeSource {
  identity(): VolumeIdentity;
  walk(options?: WalkOptions): Promise<Walk>;
  /**
   * Contents and attributes of the rows, in the order given: of a file its bytes, of a symbolic link its
   * target, of everything the extended attributes. Reads ahead on other threads; at most a fixed number
   * of batches is unreleased at a time. A failure of one row is a status, never a throw.
   */
  read(walk: Walk, rows: Int32Array, progress?: Progress): AsyncIterable<ContentBatch>;
  close(): Promise<void>;
}
