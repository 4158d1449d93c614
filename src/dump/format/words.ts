// Reel's own words in c_spare, which real restore never looks at: of TS_TAPE what the image is, of
// TS_INODE the exact times. In the byte order of the tape, under the header's checksum.
//   TS_TAPE                                   TS_INODE
//   904  4 "REEL"                             904  4 "REEL"
//   908  2 version, 1    910 2 kind, 1        908  2 version, 1     910 2 kind, 2
//   912 20 image id                           912  8 atime, seconds, signed
//   932 20 base image id, 0 for a level 0     920  8 mtime
//   952 16 UUID of the volume                 928  8 ctime
//   968  8 date, seconds, signed              936  4 atime, nanoseconds   940 4 mtime   944 4 ctime
//   976  8 date of the base                   948 76 zero
//   984 40 zero
import { bufferOver } from "../../core/bytes.ts";
import { SPARE_AT, type RecordHeader } from "./record.ts";

export const WORDS_VERSION = 1;
const KIND_IMAGE = 1;
const KIND_INODE = 2;
const NANOSECONDS_MAX = 999_999_999;

/** Recognises an image without its catalog. Ids are 40 hex digits, the UUID 32; dates are seconds. */
export interface WordsOfImage {
  readonly imageId: string;
  /** 40 zeros for a level 0. */
  readonly baseImageId: string;
  readonly volumeUuid: string;
  readonly date: number;
  readonly baseDate: number;
}

function putI64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true);
  view.setInt32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

function getI64(view: DataView, at: number, little: boolean): number {
  const high = view.getInt32(at + (little ? 4 : 0), little);
  return high * 0x1_0000_0000 + view.getUint32(at + (little ? 0 : 4), little);
}

function putStart(view: DataView, at: number, kind: number): void {
  view.setUint32(at, 0x4c45_4552, true); // "REEL"
  view.setUint16(at + 4, WORDS_VERSION, true);
  view.setUint16(at + 6, kind, true);
}

function isReel(view: DataView, at: number, little: boolean, kind: number): boolean {
  const spare = at + SPARE_AT;
  return (
    spare + 120 <= view.byteLength &&
    view.getUint32(spare, true) === 0x4c45_4552 &&
    view.getUint16(spare + 4, little) === WORDS_VERSION &&
    view.getUint16(spare + 6, little) === kind
  );
}

/** Writes the words into the c_spare of the little-endian TS_TAPE at `at`; the checksum is the caller's. */
export function encodeImageWords(view: DataView, at: number, words: WordsOfImage): void {
  const spare = at + SPARE_AT;
  const bytes = bufferOver(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  putStart(view, spare, KIND_IMAGE);
  bytes.write(words.imageId, spare + 8, 20, "hex");
  bytes.write(words.baseImageId, spare + 28, 20, "hex");
  bytes.write(words.volumeUuid, spare + 48, 16, "hex");
  putI64(view, spare + 64, words.date);
  putI64(view, spare + 72, words.baseDate);
}

/** Null when another than Reel wrote the TS_TAPE at `at`. */
export function decodeImageWords(
  view: DataView,
  at: number,
  littleEndian: boolean,
): WordsOfImage | null {
  if (!isReel(view, at, littleEndian, KIND_IMAGE)) return null;
  const spare = at + SPARE_AT;
  const bytes = bufferOver(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return {
    imageId: bytes.toString("hex", spare + 8, spare + 28),
    baseImageId: bytes.toString("hex", spare + 28, spare + 48),
    volumeUuid: bytes.toString("hex", spare + 48, spare + 64),
    date: getI64(view, spare + 64, littleEndian),
    baseDate: getI64(view, spare + 72, littleEndian),
  };
}

/** Writes what does not change from one inode header to the next: magic, version, kind. */
export function encodeInodeWordsStart(view: DataView, at: number): void {
  putStart(view, at + SPARE_AT, KIND_INODE);
}

/**
 * Replaces the times in `header` by the exact ones of the TS_INODE at `at`: seconds of any sign, and
 * nanoseconds. False, and nothing changed, when another than Reel wrote it.
 */
export function decodeInodeWords(view: DataView, at: number, header: RecordHeader): boolean {
  const little = header.littleEndian;
  if (!isReel(view, at, little, KIND_INODE)) return false;
  const spare = at + SPARE_AT;
  header.atime = getI64(view, spare + 8, little);
  header.mtime = getI64(view, spare + 16, little);
  header.ctime = getI64(view, spare + 24, little);
  header.atimeNs = Math.min(view.getUint32(spare + 32, little), NANOSECONDS_MAX);
  header.mtimeNs = Math.min(view.getUint32(spare + 36, little), NANOSECONDS_MAX);
  header.ctimeNs = Math.min(view.getUint32(spare + 40, little), NANOSECONDS_MAX);
  return true;
}
