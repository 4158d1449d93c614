// What was written and where, in columns, held back until it is on tape: a tape change moves what is
// still in the spool's buffer by a block.
import type { EntryBatch } from "./request.ts";
import { CONTENT, type ContentBatch } from "../volume/source.ts";

const DIGEST_BYTES = 32;
const NO_BLOCK = -1;

class EntryColumns implements EntryBatch {
  count = 0;
  row: Int32Array = new Int32Array(256);
  status: Uint8Array = new Uint8Array(256);
  digest: Uint8Array = new Uint8Array(256 * DIGEST_BYTES);
  attributesStart: Uint32Array = new Uint32Array(256);
  attributesLength: Uint32Array = new Uint32Array(256);
  targetStart: Uint32Array = new Uint32Array(256);
  targetLength: Uint32Array = new Uint32Array(256);
  bytes: Uint8Array = new Uint8Array(4096);
  bytesFilled = 0;
  block: Float64Array = new Float64Array(256);
  errnos: Map<number, string> = new Map();
  /** Greatest block among the entries; all are on tape when it is. */
  lastBlock = NO_BLOCK;

  reset(): void {
    this.count = 0;
    this.bytesFilled = 0;
    this.lastBlock = NO_BLOCK;
    this.errnos.clear();
  }

  grow(): void {
    const size = this.row.length * 2;
    this.row = copied(this.row, new Int32Array(size));
    this.status = copied(this.status, new Uint8Array(size));
    this.digest = copied(this.digest, new Uint8Array(size * DIGEST_BYTES));
    this.attributesStart = copied(this.attributesStart, new Uint32Array(size));
    this.attributesLength = copied(this.attributesLength, new Uint32Array(size));
    this.targetStart = copied(this.targetStart, new Uint32Array(size));
    this.targetLength = copied(this.targetLength, new Uint32Array(size));
    this.block = copied(this.block, new Float64Array(size));
  }

  keep(from: Uint8Array, start: number, length: number): number {
    const at = this.bytesFilled;
    if (at + length > this.bytes.byteLength) {
      this.bytes = copied(
        this.bytes,
        new Uint8Array(Math.max(at + length, this.bytes.byteLength * 2)),
      );
    }
    this.bytes.set(from.subarray(start, start + length), at);
    this.bytesFilled += length;
    return at;
  }
}

function copied<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}

export class EntryQueue {
  private readonly waiting: EntryColumns[] = [];
  private readonly free: EntryColumns[] = [];
  private open: EntryColumns = new EntryColumns();

  /**
   * Adds an inode. Status, digest and attributes are those of the last piece at `piece`; `target` is the
   * part of `bytes` that a symbolic link points to.
   */
  add(
    batch: ContentBatch,
    piece: number,
    status: number,
    block: number,
    targetStart: number,
    targetLength: number,
  ): void {
    const to = this.open;
    if (to.count === to.row.length) to.grow();
    const at = to.count++;
    to.row[at] = batch.row[piece] as number;
    to.status[at] = status;
    to.block[at] = block;
    if (block > to.lastBlock) to.lastBlock = block;
    const from = batch.digest;
    for (let i = 0, a = at * DIGEST_BYTES, b = piece * DIGEST_BYTES; i < DIGEST_BYTES; i++) {
      to.digest[a + i] = from[b + i] as number;
    }
    const length = batch.attributesLength[piece] as number;
    to.attributesLength[at] = length;
    to.attributesStart[at] =
      length === 0 ? 0 : to.keep(batch.bytes, batch.attributesStart[piece] as number, length);
    to.targetLength[at] = targetLength;
    to.targetStart[at] = targetLength === 0 ? 0 : to.keep(batch.bytes, targetStart, targetLength);
    if (status !== CONTENT.ok) {
      const errno = batch.errnos.get(piece);
      if (errno !== undefined) to.errnos.set(at, errno);
    }
  }

  /** Ends the batch being filled, so that it is given out as soon as it is on tape. */
  seal(): void {
    if (this.open.count === 0) return;
    this.waiting.push(this.open);
    this.open = this.free.pop() ?? new EntryColumns();
    this.open.reset();
  }

  /** The batches that lie wholly before block `written`, in order. Each is void when the next is asked for. */
  *onTape(written: number): Generator<EntryBatch, void> {
    for (
      let first = this.waiting[0];
      first !== undefined && first.lastBlock < written;
      first = this.waiting[0]
    ) {
      this.waiting.shift();
      yield first;
      this.free.push(first);
    }
  }

  /** Blocks from `address` on have come to stand one later. */
  shift(address: number): void {
    for (const columns of [...this.waiting, this.open]) {
      for (let i = 0; i < columns.count; i++)
        if ((columns.block[i] as number) >= address) (columns.block[i] as number)++;
      if (columns.lastBlock >= address) columns.lastBlock++;
    }
  }
}
