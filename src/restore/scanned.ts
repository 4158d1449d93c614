// What a reading of an image without a catalog finds: label, inodes, damage.
import type { ByteString } from "../core/bytes.ts";
import type { InodeType } from "../core/inode.ts";
import type { DirectoryEntries } from "../dump/format/directory.ts";
import type { InodeMap } from "../dump/format/inode-map.ts";
import type { OffsetMap } from "../dump/format/offset-map.ts";
import type { VolumeNames } from "../dump/format/record.ts";
import type { WordsOfImage } from "../dump/format/words.ts";
import type { ContentSink } from "./content.ts";

export interface ImageLabel extends VolumeNames {
  /** c_date and c_ddate, seconds. */
  readonly date: number;
  readonly baseDate: number;
  readonly level: number;
  /** Number of this tape within the dump, from 1; its first block is `firstBlock`. */
  readonly volume: number;
  readonly firstBlock: number;
  /** 0 when the writer did not say. */
  readonly blockingFactor: number;
  readonly magic: number;
  readonly littleEndian: boolean;
  readonly compressed: boolean;
  /** Null when another than Reel wrote it. */
  readonly words: WordsOfImage | null;
}

export interface ScannedInode {
  readonly inode: number;
  /** Address of its TS_INODE, and blocks up to the record after it. */
  readonly block: number;
  readonly blocks: number;
  readonly type: InodeType;
  /** Permission bits, 12. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly atime: number;
  readonly atimeNs: number;
  readonly mtime: number;
  readonly mtimeNs: number;
  readonly ctime: number;
  readonly ctimeNs: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly generation: number;
  /** Only metadata are on the tape (dump -m): the content is that of an older dump. */
  readonly metadataOnly: boolean;
  readonly target: ByteString | null;
  /** Of a directory. */
  readonly entries: DirectoryEntries | null;
  /** As core/attributes.ts has them. */
  readonly attributes: Uint8Array;
  /** SHA-256 of a file's content, where digests were asked for and all of it is there. */
  readonly digest: Uint8Array | null;
  /** False when a part of its content, or its attributes, is lost. */
  readonly whole: boolean;
}

/** `blocks` of the image that could not be read or understood; `inode` is the one they hit, 0 if unknown. */
export interface ScanDamage {
  readonly block: number;
  readonly blocks: number;
  readonly inode: number;
  readonly what: string;
}

/** Called in the order of the tape, synchronously. */
export interface ScanHandlers {
  label?(label: ImageLabel): void;
  map?(which: "clri" | "bits", map: InodeMap): void;
  /** Before the content of a regular file. */
  content?(inode: number, size: number): ContentSink | null;
  /** After its content and its attribute records. */
  inode?(inode: ScannedInode): void;
  damage?(damage: ScanDamage): void;
}

export interface ImageScan {
  /** Of the first tape that was read; null if there is none. */
  readonly label: ImageLabel | null;
  /** Tape blocks, from the label on, of all tapes that were read. */
  readonly blocks: number;
  /** "end": TS_END was found. "cut": the data end before it, or go on on another tape. */
  readonly ended: "end" | "cut";
  readonly directories: number;
  readonly others: number;
  readonly damages: number;
  /** The offset map that Reel writes behind TS_END; null if there is none. */
  readonly offsets: OffsetMap | null;
}
