// The images on a tape: a file whose first record begins with a sound TS_TAPE is one. Labels and what else
// lies between filemarks are no images and do not count.
import { ReelError } from "../core/errors.ts";
import type { Drive, TapePosition } from "../tape/drive.ts";
import { RECORD_BYTES_MAX } from "../tape/virtual-image.ts";
import {
  BLOCK_BYTES,
  decodeNames,
  decodeRecord,
  newRecordHeader,
  RECORD,
  viewOver,
  type RecordHeader,
  type VolumeNames,
} from "./format/record.ts";
import { decodeImageWords, type WordsOfImage } from "./format/words.ts";

/** dump(8) takes blocking factors to 1024. */
const RECORD_BYTES_LIKELY = 1 << 20;

export interface TapeImage {
  /** From 1, in the order of the tape. */
  readonly number: number;
  /** Filemarks before it. */
  readonly file: number;
  /** Its TS_TAPE: date, base date, level, blocking factor, volume (over 1: the image began on another tape). */
  readonly header: RecordHeader;
  readonly names: VolumeNames;
  /** Null when another than Reel wrote it. */
  readonly words: WordsOfImage | null;
  /** Tape blocks of it on this tape, what stands behind TS_END included. */
  readonly blocks: number;
  /** Length of its first record. */
  readonly recordBytes: number;
  /** False: no filemark ends it; its writer was stopped, or it is a plain file. */
  readonly ended: boolean;
}

/** What lies between two filemarks, or behind the last: an image, or another file by its first bytes. */
export interface TapeFile {
  readonly file: number;
  readonly image: TapeImage | null;
  /** The first record, for those who know other kinds of files; void after the next step. Empty: damaged. */
  readonly firstRecord: Uint8Array;
  readonly records: number;
  readonly bytes: number;
  readonly ended: boolean;
}

/** The files of the tape from its start. Only first records are read; the rest is passed over. */
export async function* tapeFiles(drive: Drive): AsyncGenerator<TapeFile, void> {
  await drive.rewind();
  let buffer = Buffer.allocUnsafe(RECORD_BYTES_LIKELY);
  let images = 0;
  for (;;) {
    const { file } = drive.position();
    let first = await readFirst(drive, buffer);
    if (typeof first === "number") {
      buffer = Buffer.allocUnsafe(first);
      first = await readFirst(drive, buffer);
    }
    if (first === null) return;
    if (typeof first === "number")
      throw new ReelError("internal", { found: "a record grew while it was read" });
    const span = await drive.skipFile();
    const bytes = first.bytes + span.bytes;
    const ended = span.end === "mark";
    const firstRecord = first.damaged ? buffer.subarray(0, 0) : buffer.subarray(0, first.bytes);
    const image = imageOf(firstRecord, file, images + 1, bytes, ended);
    if (image !== null) images++;
    yield { file, image, firstRecord, records: span.records + 1, bytes, ended };
    if (!ended) return;
  }
}

interface FirstRecord {
  readonly bytes: number;
  readonly damaged: boolean;
}

/** Null at the end of the data; a number is the length of a record that the buffer does not take. */
async function readFirst(drive: Drive, buffer: Buffer): Promise<FirstRecord | number | null> {
  try {
    const result = await drive.read(buffer);
    if (result.kind === "block") return { bytes: result.bytes, damaged: false };
    return result.kind === "damaged" ? { bytes: result.bytes, damaged: true } : null;
  } catch (error) {
    if (!(error instanceof ReelError) || error.code !== "tape.record-too-long") throw error;
    const wanted = error.data["found"];
    if (typeof wanted !== "number" || wanted <= buffer.byteLength || wanted > RECORD_BYTES_MAX)
      throw error;
    return wanted;
  }
}

function imageOf(
  record: Uint8Array,
  file: number,
  number: number,
  bytes: number,
  ended: boolean,
): TapeImage | null {
  const view = viewOver(record);
  const header = newRecordHeader();
  if (decodeRecord(view, 0, header) !== "ok" || header.type !== RECORD.tape) return null;
  return {
    number,
    file,
    header,
    names: decodeNames(view, 0, header),
    words: decodeImageWords(view, 0, header.littleEndian),
    blocks: Math.floor(bytes / BLOCK_BYTES),
    recordBytes: record.byteLength,
    ended,
  };
}

export async function listImages(drive: Drive): Promise<TapeImage[]> {
  const images: TapeImage[] = [];
  for await (const { image } of tapeFiles(drive)) if (image !== null) images.push(image);
  return images;
}

/** The image of that number, from 1. Throws `tape.no-such-image`. */
export async function findImage(drive: Drive, number: number): Promise<TapeImage> {
  let found = 0;
  for await (const { image } of tapeFiles(drive)) {
    if (image === null) continue;
    found = image.number;
    if (found === number) return image;
  }
  throw new ReelError("tape.no-such-image", { tape: drive.name, wanted: number, found });
}

/**
 * Gives the image of that number (from 1) to `write` as the plain stream that dump would have written, up
 * to the filemark; the bytes are void when `write` resolves. Without `onDamage` a lost record throws
 * `tape.damaged`; with it the record is told of, and zeros of its length stand in its place.
 */
export async function catImage(
  drive: Drive,
  number: number,
  write: (bytes: Uint8Array) => Promise<void>,
  onDamage?: (at: TapePosition, bytes: number) => void,
): Promise<TapeImage> {
  const image = drive.seekable ? await findImage(drive, number) : null;
  if (image === null) throw new ReelError("tape.not-seekable", { tape: drive.name });
  await drive.space({ file: image.file, record: 0 });
  const buffer = Buffer.allocUnsafe(RECORD_BYTES_MAX);
  for (;;) {
    const result = await drive.read(buffer);
    switch (result.kind) {
      case "block":
        await write(buffer.subarray(0, result.bytes));
        break;
      case "damaged": {
        if (onDamage === undefined) {
          const { file, record } = result.at;
          throw new ReelError("tape.damaged", {
            tape: drive.name,
            file,
            record,
            found: "the record cannot be read",
          });
        }
        onDamage(result.at, result.bytes);
        const bytes = result.bytes > 0 ? result.bytes : image.recordBytes;
        await write(buffer.fill(0, 0, bytes).subarray(0, bytes));
        break;
      }
      case "mark":
      case "end-of-data":
        return image;
    }
  }
}
