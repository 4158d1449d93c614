// A segment: what the catalog writes together is compressed and checksummed together. Pure codec;
// docs/format/store.md, section 5. Big-endian:
//   0  1  kind, 1–255: the catalog's word for the payload     6  4  stored length
//   1  1  method: 0 stored, 1 brotli                         10  4  CRC-32 of bytes 0–9 and the payload
//   2  4  raw length                                         14  …  payload
import { promisify } from "node:util";
import {
  brotliCompress,
  brotliCompressSync,
  brotliDecompressSync,
  type BrotliOptions,
  constants,
  crc32,
} from "node:zlib";
import { bufferOver } from "../core/bytes.ts";
import { assert, ReelError } from "../core/errors.ts";

export const SEGMENT_HEADER_BYTES = 14;

/**
 * How much to put in a segment. A segment is the unit of reading: to see one history, one is positioned
 * on, read and unpacked. The FFS chapter's formula, chunk = rate × positioning time × f / (1 - f), with
 * 200 MB/s for unpacking (measured, brotli) and f = 1/2, gives 1.6 MB on a disk (8 ms) and 20 KB on flash
 * (0.1 ms). 256 KiB is the power of two above their geometric mean: a look costs 9.3 ms on a disk, 8 of
 * them positioning, and 1.4 ms on flash. Larger ones hardly pack better (docs/format/store.md, section 5).
 */
export const SEGMENT_RAW_BYTES = 256 * 1024;

/** What a reader must be ready to hold: one text of 64 MiB, 256 times the target. Longer ones are cut by the catalog. */
export const SEGMENT_RAW_BYTES_MAX = 64 * 1024 * 1024;

const STORED = 0;
const BROTLI = 1;
/** Under this, the header of a brotli stream and its call (20 µs) gain nothing. */
const COMPRESSED_BYTES_MIN = 64;

export interface Segment {
  readonly kind: number;
  /** A view on the bytes given if the segment was stored as it is, else memory of its own. */
  readonly raw: Uint8Array;
  /** Where the next segment begins. */
  readonly next: number;
}

/** zlib hands out its result in chunks of 16 KiB and joins them; one chunk for all saves the joining. */
const CHUNK_BYTES_MAX = 1 << 20;

function chunkBytes(expected: number): number {
  return Math.min(CHUNK_BYTES_MAX, Math.max(64, expected));
}

function compressOptions(raw: Uint8Array): BrotliOptions {
  return {
    chunkSize: chunkBytes(raw.byteLength),
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 1,
      [constants.BROTLI_PARAM_SIZE_HINT]: raw.byteLength,
    },
  };
}

const compressAside = promisify<Uint8Array, BrotliOptions, Buffer>(brotliCompress);

function compress(raw: Uint8Array): Uint8Array {
  return brotliCompressSync(raw, compressOptions(raw));
}

/** Header and payload in one. `kind` is 1 to 255, `raw` at most SEGMENT_RAW_BYTES_MAX. */
export function encodeSegment(kind: number, raw: Uint8Array): Uint8Array {
  return frame(kind, raw, raw.byteLength < COMPRESSED_BYTES_MIN ? raw : compress(raw));
}

/** The same bytes, packed on another thread; `raw` must not change until it resolves. */
export async function encodeSegmentAside(kind: number, raw: Uint8Array): Promise<Uint8Array> {
  if (raw.byteLength < COMPRESSED_BYTES_MIN) return frame(kind, raw, raw);
  return frame(kind, raw, await compressAside(raw, compressOptions(raw)));
}

/** For bytes that do not compress: stored as they are, without a try. */
export function storeSegment(kind: number, raw: Uint8Array): Uint8Array {
  return frame(kind, raw, raw);
}

function frame(kind: number, raw: Uint8Array, packed: Uint8Array): Uint8Array {
  assert(
    kind >= 1 && kind <= 255 && raw.byteLength <= SEGMENT_RAW_BYTES_MAX,
    "segment of kind 1–255 and at most 64 MiB",
  );
  const method = packed.byteLength < raw.byteLength ? BROTLI : STORED;
  const payload = method === BROTLI ? packed : raw;
  const out = Buffer.allocUnsafeSlow(SEGMENT_HEADER_BYTES + payload.byteLength);
  out[0] = kind;
  out[1] = method;
  out.writeUInt32BE(raw.byteLength, 2);
  out.writeUInt32BE(payload.byteLength, 6);
  out.set(payload, SEGMENT_HEADER_BYTES);
  out.writeUInt32BE(crc32(payload, crc32(out.subarray(0, 10))), 10);
  return out;
}

export interface SegmentHeader {
  readonly kind: number;
  readonly rawBytes: number;
  /** Header and payload. */
  readonly segmentBytes: number;
}

/**
 * The header alone, to know how much to read. Its checksum covers the payload too and is not tested yet.
 * Throws `format.truncated` or `format.damaged` naming `what`.
 */
export function decodeSegmentHeader(bytes: Uint8Array, at: number, what: string): SegmentHeader {
  const found = bytes.byteLength - at;
  if (!(at >= 0) || found < SEGMENT_HEADER_BYTES) {
    throw new ReelError("format.truncated", {
      what,
      wanted: SEGMENT_HEADER_BYTES,
      found: Math.max(0, found),
    });
  }
  const view = bufferOver(bytes);
  const kind = view.readUInt8(at);
  const method = view.readUInt8(at + 1);
  const rawBytes = view.readUInt32BE(at + 2);
  const storedBytes = view.readUInt32BE(at + 6);
  const fits =
    method === STORED ? storedBytes === rawBytes : method === BROTLI && storedBytes < rawBytes;
  if (kind === 0 || !fits || rawBytes > SEGMENT_RAW_BYTES_MAX) {
    throw new ReelError("format.damaged", { what, found: `no segment header at ${at}` });
  }
  return { kind, rawBytes, segmentBytes: SEGMENT_HEADER_BYTES + storedBytes };
}

/** Throws `format.truncated` or `format.damaged` naming `what`; never gives more than the header says. */
export function decodeSegment(bytes: Uint8Array, at: number, what: string): Segment {
  const { kind, rawBytes, segmentBytes } = decodeSegmentHeader(bytes, at, what);
  const next = at + segmentBytes;
  if (next > bytes.byteLength) {
    throw new ReelError("format.truncated", {
      what,
      wanted: segmentBytes,
      found: bytes.byteLength - at,
    });
  }
  const view = bufferOver(bytes);
  const payload = view.subarray(at + SEGMENT_HEADER_BYTES, next);
  if (crc32(payload, crc32(view.subarray(at, at + 10))) !== view.readUInt32BE(at + 10)) {
    throw new ReelError("format.damaged", {
      what,
      found: `wrong checksum of the segment at ${at}`,
    });
  }
  const raw = view[at + 1] === STORED ? payload : decompress(payload, rawBytes, what);
  if (raw.byteLength !== rawBytes) {
    throw new ReelError("format.damaged", {
      what,
      found: `${raw.byteLength} bytes in a segment of ${rawBytes}`,
    });
  }
  return { kind, raw, next };
}

function decompress(payload: Uint8Array, rawBytes: number, what: string): Uint8Array {
  try {
    return brotliDecompressSync(payload, {
      chunkSize: chunkBytes(rawBytes),
      maxOutputLength: rawBytes,
    });
  } catch (cause) {
    throw new ReelError(
      "format.damaged",
      { what, found: "a segment that does not unpack" },
      { cause },
    );
  }
}
