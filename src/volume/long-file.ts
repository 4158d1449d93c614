// One file that is read in several pieces: too long for one, or with holes that are skipped.
import { createHash, type Hash } from "node:crypto";
import { BATCH_PIECES_MAX, DIGEST_BYTES, type BatchMemory } from "./content-batch.ts";
import { readInto } from "./read-into.ts";
import { CONTENT, type ContentStatus } from "./source.ts";
import { ERRNO, SEEK_DATA, SEEK_END, SEEK_HOLE, type SystemCalls } from "./system-calls.ts";

/** Pieces begin and end at tape blocks. */
const TAPE_BLOCK_BYTES = 1024;
/** A piece smaller than this waits for the next batch. */
const PIECE_BYTES_MIN = 64 * 1024;
const ZERO_BYTES = 1 << 20;
/** 64 MiB of zeros take some 40 ms to hash: then others get a turn. */
const ZERO_BYTES_A_TURN: number = 64 << 20;

let zeros: Buffer | undefined;

/** What the reader does for a file that it has open. */
export interface OpenFile {
  /** Compares the open file with what the walk saw. */
  compare(): ContentStatus;
  /** 0 or an errno; what was read is then in `attributes()`. */
  readAttributes(): number;
  attributes(): Uint8Array;
}

export class LongFile {
  private readonly calls: SystemCalls;
  private readonly row: number;
  private readonly size: number;
  private readonly file: OpenFile;
  private readonly hash: Hash = createHash("sha256");
  private fd: number;
  /** All before it is given or known as a hole, and hashed. */
  private position = 0;
  /** End of the extent of data that `position` is in, rounded up to a tape block. */
  private dataEnd = 0;
  /** Begin of the next extent; from `position` to it is a hole. */
  private dataStart = 0;
  /** The end was found too early, or a read failed: the rest is zeros. */
  private isCut = false;
  private errno = 0;

  /** Takes over the open file: it is closed after the last piece, or by `close`. */
  constructor(calls: SystemCalls, fd: number, row: number, size: number, file: OpenFile) {
    this.calls = calls;
    this.fd = fd;
    this.row = row;
    this.size = size;
    this.file = file;
  }

  /** True when the last piece is in the batch; false when there is no room, or a turn is due. */
  fill(batch: BatchMemory, address: number): boolean {
    let turn = ZERO_BYTES_A_TURN;
    while (this.position < this.size) {
      if (this.position === this.dataEnd && this.position >= this.dataStart) this.findData();
      if (this.position < this.dataStart) {
        if (turn === 0) return false;
        turn -= this.hashZeros(Math.min(turn, this.dataStart - this.position));
        continue;
      }
      if (!this.readPiece(batch, address)) return false;
    }
    return this.finish(batch);
  }

  /** Sets the next extent of data, at or after `position`; at `size` if there is none. */
  private findData(): void {
    const { calls, fd, position, size } = this;
    if (this.isCut) {
      this.dataStart = size;
      this.dataEnd = size;
      return;
    }
    const start = calls.lseek(fd, position, SEEK_DATA);
    if (start === -ERRNO.ENXIO) {
      // Also said beyond the end of a file that was cut short.
      this.isCut = calls.lseek(fd, 0, SEEK_END) < size;
      this.dataStart = size;
      this.dataEnd = size;
      return;
    }
    // Where a file system knows no holes, all is data.
    const end = start < 0 ? size : calls.lseek(fd, start, SEEK_HOLE);
    const blockStart = start < 0 ? position : start - (start % TAPE_BLOCK_BYTES);
    this.dataStart = Math.min(size, Math.max(position, blockStart));
    const dataEnd = end <= start ? size : Math.ceil(end / TAPE_BLOCK_BYTES) * TAPE_BLOCK_BYTES;
    this.dataEnd = Math.max(this.dataStart, Math.min(size, dataEnd));
  }

  private hashZeros(length: number): number {
    zeros ??= Buffer.alloc(ZERO_BYTES);
    for (let left = length; left > 0; left -= ZERO_BYTES) {
      this.hash.update(left < ZERO_BYTES ? zeros.subarray(0, left) : zeros);
    }
    this.position += length;
    return length;
  }

  private readPiece(batch: BatchMemory, address: number): boolean {
    if (batch.count === BATCH_PIECES_MAX) return false;
    const left = this.dataEnd - this.position;
    const room = batch.room - (batch.room % TAPE_BLOCK_BYTES);
    if (room < left && room < PIECE_BYTES_MIN) return false;
    const wanted = Math.min(left, room);
    const at = batch.used;
    const got = readInto(this.calls, this.fd, address + at, wanted, this.position);
    let length = wanted;
    if (got.bytes < wanted) {
      this.isCut = true;
      this.errno = got.errno;
      length = Math.min(wanted, Math.ceil(got.bytes / TAPE_BLOCK_BYTES) * TAPE_BLOCK_BYTES);
      batch.bytes.fill(0, at + got.bytes, at + length);
    }
    if (length > 0) {
      this.hash.update(batch.bytes.subarray(at, at + length));
      batch.addPiece(this.row, this.position, length);
    }
    this.position += length;
    if (this.isCut) this.dataEnd = this.position;
    return true;
  }

  /** The last piece is one of its own, without bytes: only now are digest and status known. */
  private finish(batch: BatchMemory): boolean {
    if (batch.count === BATCH_PIECES_MAX) return false;
    const attributesErrno = this.file.readAttributes();
    const attributes = this.file.attributes();
    if (batch.room < attributes.byteLength) return false;
    let status = this.file.compare();
    if (this.errno !== 0) status = CONTENT.failed;
    else if (this.isCut) status = CONTENT.shrunk;
    if (attributesErrno !== 0 && this.errno === 0) {
      status = CONTENT.failed;
      this.errno = attributesErrno;
    }
    const piece = batch.addPiece(this.row, this.size, 0);
    batch.digest.set(this.hash.digest(), piece * DIGEST_BYTES);
    batch.close(piece, status, this.errno, attributes);
    this.close();
    return true;
  }

  close(): void {
    if (this.fd < 0) return;
    this.calls.close(this.fd);
    this.fd = -1;
  }
}
