// %image: the description of the image that a dump's changeset stands for. A canonical MessagePack array.
// docs/format/records.md.
import { bufferOver, ByteWriter, type ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { sha1Hex } from "../core/hash.ts";
import { CanonicalReader, putArray, putBin, putByteString, putInt } from "./canonical.ts";

export const IMAGE_VERSION = 1;
/** Instead of a base image id. */
export const NO_IMAGE: string = "0".repeat(40);
const IMAGE_ELEMENTS = 22;
const IMAGE_ID_BYTES = 20;
const UUID_BYTES = 16;
const LEVEL_MAX = 31;
const NS_MAX = 999_999_999;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;

export interface ImageTape {
  readonly label: string;
  /** Filemarks before the image's piece on that tape. */
  readonly file: number;
  /** First tape block of the piece within the image, and their number. */
  readonly firstBlock: number;
  readonly blocks: number;
}

/** A path that is not in the image as it was on the volume. */
export interface ImageNote {
  readonly path: ByteString;
  /** "changed", "shrunk", "vanished", "unreadable", "failed", "stale", "mount", "attribute". */
  readonly what: string;
  /** errno name or detail; "" if there is none. */
  readonly why: string;
}

export interface ImageRecord {
  /** 40 hex digits, derived: `imageIdOf`. */
  readonly imageId: string;
  /** 32 hex digits. */
  readonly volumeUuid: string;
  /** Path of the dump path in the volume; "" is its root. */
  readonly volumePath: ByteString;
  /** Name of the dump path: the branch, unescaped. */
  readonly name: ByteString;
  readonly level: number;
  /** c_date in seconds. */
  readonly date: number;
  /** NO_IMAGE and 0 for a level 0. */
  readonly baseImageId: string;
  readonly baseDate: number;
  /** The clock before the walk, less two seconds: what changed since is dumped by the next. */
  readonly scanStart: number;
  readonly scanStartNs: number;
  readonly host: ByteString;
  /** Absolute real path that was read, and what tells its root apart. */
  readonly source: ByteString;
  readonly root: ByteString;
  readonly blockingFactor: number;
  /** Name of the snapshot that was read; "" is the live tree. */
  readonly snapshot: ByteString;
  readonly exclude: readonly ByteString[];
  readonly tapes: readonly ImageTape[];
  readonly blocks: number;
  readonly directories: number;
  readonly files: number;
  readonly contentBytes: number;
  readonly notes: readonly ImageNote[];
}

/** The image's id: the same dump has the same id wherever it is recorded. */
export function imageIdOf(
  volumeUuid: string,
  volumePath: ByteString,
  level: number,
  date: number,
  baseImageId: string,
): string {
  return sha1Hex(
    Buffer.from(
      `reel image\n${volumeUuid}\n${volumePath}\n${level}\n${date}\n${baseImageId}\n`,
      "latin1",
    ),
  );
}

export function encodeImage(image: ImageRecord): Uint8Array {
  const out = new ByteWriter(512);
  putArray(out, IMAGE_ELEMENTS + 1);
  putInt(out, IMAGE_VERSION);
  putBin(out, Buffer.from(image.imageId, "hex"));
  putBin(out, Buffer.from(image.volumeUuid, "hex"));
  putByteString(out, image.volumePath);
  putByteString(out, image.name);
  putInt(out, image.level);
  putInt(out, image.date);
  putBin(out, Buffer.from(image.baseImageId, "hex"));
  putInt(out, image.baseDate);
  putInt(out, image.scanStart);
  putInt(out, image.scanStartNs);
  putByteString(out, image.host);
  putByteString(out, image.source);
  putByteString(out, image.root);
  putInt(out, image.blockingFactor);
  putByteString(out, image.snapshot);
  putArray(out, image.exclude.length);
  for (const pattern of image.exclude) putByteString(out, pattern);
  putArray(out, image.tapes.length);
  for (const tape of image.tapes) {
    putArray(out, 4);
    putByteString(out, tape.label);
    putInt(out, tape.file);
    putInt(out, tape.firstBlock);
    putInt(out, tape.blocks);
  }
  putInt(out, image.blocks);
  putInt(out, image.directories);
  putInt(out, image.files);
  putInt(out, image.contentBytes);
  putArray(out, image.notes.length);
  for (const note of image.notes) {
    putArray(out, 3);
    putByteString(out, note.path);
    putByteString(out, note.what);
    putByteString(out, note.why);
  }
  return out.finish();
}

function readTape(input: CanonicalReader): ImageTape {
  input.arrayOf(4);
  return {
    label: input.byteString(),
    file: input.uint(COUNT_MAX),
    firstBlock: input.uint(COUNT_MAX),
    blocks: input.uint(COUNT_MAX),
  };
}

function readNote(input: CanonicalReader): ImageNote {
  input.arrayOf(3);
  return { path: input.byteString(), what: input.byteString(), why: input.byteString() };
}

function readList<T>(input: CanonicalReader, read: (input: CanonicalReader) => T): T[] {
  const items: T[] = [];
  for (let n = input.array(); n > 0; n--) items.push(read(input));
  return items;
}

/** Throws `format.damaged`, `format.newer-record`. */
export function decodeImage(bytes: Uint8Array): ImageRecord {
  const input = new CanonicalReader(bytes, "%image");
  const elements = input.array();
  const version = input.int();
  if (version !== IMAGE_VERSION)
    throw new ReelError("format.newer-record", { found: version, known: IMAGE_VERSION });
  if (elements !== IMAGE_ELEMENTS + 1) {
    throw new ReelError("format.damaged", { what: "%image", found: `${elements} elements` });
  }
  const hex = (length: number): string => {
    const id = input.bin();
    if (id.byteLength !== length) throw input.damaged(`an id of ${id.byteLength} bytes`);
    return bufferOver(id).toString("hex");
  };
  const image: ImageRecord = {
    imageId: hex(IMAGE_ID_BYTES),
    volumeUuid: hex(UUID_BYTES),
    volumePath: input.byteString(),
    name: input.byteString(),
    level: input.uint(LEVEL_MAX),
    date: input.int(),
    baseImageId: hex(IMAGE_ID_BYTES),
    baseDate: input.int(),
    scanStart: input.int(),
    scanStartNs: input.uint(NS_MAX),
    host: input.byteString(),
    source: input.byteString(),
    root: input.byteString(),
    blockingFactor: input.uint(COUNT_MAX),
    snapshot: input.byteString(),
    exclude: readList(input, (i) => i.byteString()),
    tapes: readList(input, readTape),
    blocks: input.uint(COUNT_MAX),
    directories: input.uint(COUNT_MAX),
    files: input.uint(COUNT_MAX),
    contentBytes: input.uint(COUNT_MAX),
    notes: readList(input, readNote),
  };
  input.end();
  return image;
}
