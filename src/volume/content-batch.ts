// The memory of a batch of contents: columns of pieces and their bytes in one buffer, which two threads can
// share. Filled by content-reader.ts, shown to the consumer as a ContentBatch.
import { bufferOver } from "../core/bytes.ts";
import type { ContentBatch, ContentStatus } from "./source.ts";
import { errnoName } from "./system-calls.ts";

/** 2 MiB: some 600 files of 3 KiB, so that a message between threads (45 µs) is well under 1 % of a batch's work. */
export const BATCH_BYTES: number = 2 << 20;
/** Empty files and links fill a batch by number: one a page of data would be 512. */
export const BATCH_PIECES_MAX = 4096;
/** One being filled, one in the consumer's hands, two on the way. */
export const BATCHES_IN_FLIGHT = 4;
export const DIGEST_BYTES = 32;

/** Bytes a piece takes in the columns: one of 8, six of 4, the digest and two of 1. */
const PIECE_BYTES = 8 + 6 * 4 + DIGEST_BYTES + 2;
const HEADER_BYTES = 8;
export const BATCH_MEMORY_BYTES: number =
  HEADER_BYTES + BATCH_PIECES_MAX * PIECE_BYTES + BATCH_BYTES;

export class BatchMemory {
  /** Pieces and bytes in use. */
  private readonly header: Int32Array;
  readonly fileOffset: Float64Array;
  readonly row: Int32Array;
  readonly length: Uint32Array;
  readonly start: Uint32Array;
  readonly attributesStart: Uint32Array;
  readonly attributesLength: Uint32Array;
  /** 0 for none. */
  readonly errno: Int32Array;
  readonly digest: Buffer;
  readonly last: Uint8Array;
  readonly status: Uint8Array;
  readonly bytes: Buffer;

  /** Over BATCH_MEMORY_BYTES of memory; what is in it stays. */
  constructor(buffer: ArrayBufferLike) {
    const n = BATCH_PIECES_MAX;
    let at = 0;
    const take = (length: number): number => (at += length) - length;
    this.header = new Int32Array(buffer, take(HEADER_BYTES), 2);
    this.fileOffset = new Float64Array(buffer, take(8 * n), n);
    this.row = new Int32Array(buffer, take(4 * n), n);
    this.length = new Uint32Array(buffer, take(4 * n), n);
    this.start = new Uint32Array(buffer, take(4 * n), n);
    this.attributesStart = new Uint32Array(buffer, take(4 * n), n);
    this.attributesLength = new Uint32Array(buffer, take(4 * n), n);
    this.errno = new Int32Array(buffer, take(4 * n), n);
    this.digest = bufferOver(new Uint8Array(buffer, take(DIGEST_BYTES * n), DIGEST_BYTES * n));
    this.last = new Uint8Array(buffer, take(n), n);
    this.status = new Uint8Array(buffer, take(n), n);
    this.bytes = bufferOver(new Uint8Array(buffer, take(BATCH_BYTES), BATCH_BYTES));
  }

  get count(): number {
    return this.header[0] as number;
  }

  get used(): number {
    return this.header[1] as number;
  }

  get room(): number {
    return BATCH_BYTES - this.used;
  }

  clear(): void {
    this.header.fill(0);
  }

  /** Adds a piece that is not the last of its row, of `length` bytes that were put where `used` is. */
  addPiece(row: number, fileOffset: number, length: number): number {
    const piece = this.count;
    this.row[piece] = row;
    this.fileOffset[piece] = fileOffset;
    this.length[piece] = length;
    this.start[piece] = this.used;
    this.attributesStart[piece] = 0;
    this.attributesLength[piece] = 0;
    this.errno[piece] = 0;
    this.last[piece] = 0;
    this.status[piece] = 0;
    this.digest.fill(0, piece * DIGEST_BYTES, (piece + 1) * DIGEST_BYTES);
    this.header[0] = piece + 1;
    this.header[1] = this.used + length;
    return piece;
  }

  /** Makes a piece the last of its row. The attributes must fit in `room`; errno 0 is none. */
  close(piece: number, status: ContentStatus, errno: number, attributes: Uint8Array): void {
    this.last[piece] = 1;
    this.status[piece] = status;
    this.errno[piece] = errno;
    if (attributes.byteLength === 0) return;
    const at = this.used;
    this.bytes.set(attributes, at);
    this.attributesStart[piece] = at;
    this.attributesLength[piece] = attributes.byteLength;
    this.header[1] = at + attributes.byteLength;
  }
}

/** The batch as its consumer sees it, over the same memory; `release` is called once at most. */
export function showBatch(memory: BatchMemory, release: () => void): ContentBatch {
  const { count } = memory;
  const errnos = new Map<number, string>();
  for (let piece = 0; piece < count; piece++) {
    const errno = memory.errno[piece] as number;
    if (errno !== 0) errnos.set(piece, errnoName(errno));
  }
  let isReleased = false;
  return {
    count,
    row: memory.row.subarray(0, count),
    fileOffset: memory.fileOffset.subarray(0, count),
    length: memory.length.subarray(0, count),
    start: memory.start.subarray(0, count),
    last: memory.last.subarray(0, count),
    status: memory.status.subarray(0, count),
    digest: memory.digest.subarray(0, count * DIGEST_BYTES),
    attributesStart: memory.attributesStart.subarray(0, count),
    attributesLength: memory.attributesLength.subarray(0, count),
    bytes: memory.bytes.subarray(0, memory.used),
    errnos,
    release() {
      if (isReleased) return;
      isReleased = true;
      release();
    },
  };
}
