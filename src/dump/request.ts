// What a dump is given and what it gives back: plain values, so that the engine knows no catalog.
import type { Progress } from "../core/progress.ts";
import type { WordsOfImage } from "./format/words.ts";
import type { LeftOutAttribute } from "./format/extended-attributes.ts";
import type { ByteString } from "../core/bytes.ts";
import type { Walk } from "../volume/source.ts";

/** What the headers of the stream say (dump stream, section 2). */
export interface StreamLabel {
  /** c_date and c_ddate, seconds; baseDate 0 for a level 0. */
  readonly date: number;
  readonly baseDate: number;
  readonly level: number;
  /** c_label, c_filesys, c_dev, c_host: cut to their fields. */
  readonly label: string;
  readonly filesystem: string;
  readonly device: string;
  readonly host: string;
  /** Tape blocks of 1 KiB in a record, 4 to 256. */
  readonly blockingFactor: number;
  /** Reel's words in c_spare of TS_TAPE. */
  readonly words: ImageWords;
}

/** Recognises an image without its catalog; dates are c_date and the base's c_date as 64-bit seconds. */
export type ImageWords = WordsOfImage;

/** What to write. Rows are rows of the walk. */
export interface DumpPlan {
  readonly label: StreamLabel;
  readonly walk: Walk;
  /** Dump inode of each row: root 2, names of one inode share a number, all from 2 to `inodeMax`. */
  readonly inode: Uint32Array;
  readonly inodeMax: number;
  /**
   * 1 for each row whose inode goes on tape; the rows of one inode agree, row 0 is always 1. The
   * engine adds the directories that lead to them.
   */
  readonly selected: Uint8Array;
  /** Inodes in use that have no row: below directories that could not be read. Kept in CLRI. */
  readonly kept: Uint32Array;
  /** Names in use that have no row, by the row of their directory: they could not be looked at. */
  readonly keptNames?: ReadonlyMap<number, readonly KeptName[]>;
  readonly progress?: Progress;
}

export interface KeptName {
  readonly name: ByteString;
  readonly inode: number;
  /** An InodeType. */
  readonly type: number;
}

/**
 * What became of a batch of inodes, in the order they were written. One element for each inode, not for
 * each name: `row` is its first row. Void after the generator is resumed.
 */
export interface EntryBatch {
  readonly count: number;
  readonly row: Int32Array;
  /** A ContentStatus. */
  readonly status: Uint8Array;
  /** 32 bytes each; zeros for what is not a file. */
  readonly digest: Uint8Array;
  /** Attributes as core/attributes.ts has them; `attributesLength` 0 is none. */
  readonly attributesStart: Uint32Array;
  readonly attributesLength: Uint32Array;
  /** Target of a symbolic link; length 0 for other types. */
  readonly targetStart: Uint32Array;
  readonly targetLength: Uint32Array;
  /** The bytes that the attributes and targets lie in. */
  readonly bytes: Uint8Array;
  /** Tape block of the inode's TS_INODE header within the image, -1 if the inode was skipped. */
  readonly block: Float64Array;
  readonly errnos: ReadonlyMap<number, string>;
}

/** A piece of the image on one tape. */
export interface ImageExtent {
  readonly label: string;
  /** Filemarks before it on the tape. */
  readonly file: number;
  readonly firstBlock: number;
  readonly blocks: number;
}

export interface DumpOutcome {
  /** Tape blocks of the image in all, headers and end records included. */
  readonly blocks: number;
  readonly extents: readonly ImageExtent[];
  readonly directories: number;
  readonly files: number;
  /** Bytes of file content that were read. */
  readonly contentBytes: number;
  /** Attributes that the stream cannot carry, though a catalog does; the first LEFT_OUT_LISTED_MAX listed. */
  readonly attributesLeftOut: number;
  readonly leftOut: readonly (LeftOutAttribute & { readonly row: number })[];
}
