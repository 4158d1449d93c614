// Tape blocks of one tape file of a Drive, through a window of whole records: forward, each record read
// once, seeking only where asked to. Damaged records are blocks that cannot be had, not errors.
import { setImmediate as immediate } from "node:timers/promises";
import { BLOCK_BYTES, viewOver } from "../dump/format/record.ts";
import { bufferOver } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import type { Drive, ReadResult } from "../tape/drive.ts";

/**
 * Records taken from the drive before they are looked at: files of several records come out in one write,
 * and the event loop turns once a window, 10 µs for 0.5 ms of work.
 */
const WINDOW_BYTES = 1024 * 1024;

export interface DriveTally {
  tapeBytes: number;
  records: number;
}

export interface BlockStreamOptions {
  /** Filemarks before the tape file. */
  readonly file: number;
  /** Block address of the file's first block. */
  readonly firstBlock: number;
  /** Blocks in a record; 0: whatever the records have, and no seeking. */
  readonly blockingFactor: number;
  /** Blocks in the file; Infinity if it is not known. */
  readonly blocks: number;
  readonly tally: DriveTally;
  readonly signal?: AbortSignal | undefined;
}

export type BlockState = "ready" | "damaged" | "end";

export class BlockStream {
  readonly drive: Drive;
  readonly file: number;
  firstBlock: number;
  readonly endBlock: number;
  readonly bytes: Buffer;
  readonly view: DataView;
  private readonly blockingFactor: number;
  private readonly tally: DriveTally;
  private readonly signal: AbortSignal | undefined;
  /** Address of the window's first block, and of the block behind its last. */
  private windowStart: number;
  private windowEnd: number;
  /** By block of the window: 1 if its record could not be read. */
  private readonly damaged: Uint8Array;
  private anyDamaged = false;
  /** Record that the drive reads next; -1 before the first. */
  private nextRecord = -1;
  /** After damage the drive may have taken several records for one: count from the file's start again. */
  private placeLost = false;
  /** The mark or the end of the data was met at windowEnd. */
  private ended = false;
  /** Of all records, or of the longest so far. */
  private recordBytes: number;
  /** Records up to here may be read in advance. */
  private readUpTo = Number.POSITIVE_INFINITY;
  private runStart = Number.POSITIVE_INFINITY;

  constructor(drive: Drive, options: BlockStreamOptions) {
    this.drive = drive;
    this.file = options.file;
    this.firstBlock = options.firstBlock;
    this.endBlock = options.firstBlock + options.blocks;
    this.blockingFactor = options.blockingFactor;
    this.tally = options.tally;
    this.signal = options.signal;
    this.recordBytes = options.blockingFactor * BLOCK_BYTES;
    this.bytes = Buffer.allocUnsafeSlow(Math.max(WINDOW_BYTES, this.recordBytes));
    this.view = viewOver(this.bytes);
    this.damaged = new Uint8Array(this.bytes.byteLength / BLOCK_BYTES);
    this.windowStart = this.windowEnd = options.firstBlock;
  }

  /** The records of the next reads: those between them are read through, and none after the last in advance. */
  expectRun(firstRecord: number, records: number): void {
    this.runStart = firstRecord;
    this.readUpTo = firstRecord + records;
  }

  /** Gives the file's first block another address, once its header is read. */
  renumber(firstBlock: number): void {
    this.windowStart += firstBlock - this.firstBlock;
    this.windowEnd += firstBlock - this.firstBlock;
    this.firstBlock = firstBlock;
  }

  /** Where the block lies in `bytes`; only for a block that `state` calls ready. */
  at(block: number): number {
    return (block - this.windowStart) * BLOCK_BYTES;
  }

  /** Of a block in the window: "ready" or "damaged"; null if it is not in the window. */
  look(block: number): BlockState | null {
    if (block < this.windowStart || block >= this.windowEnd) return null;
    return this.anyDamaged && this.damaged[block - this.windowStart] === 1 ? "damaged" : "ready";
  }

  /** How many blocks from `block` on, at most `most`, are in the window and ready. */
  ready(block: number, most: number): number {
    const end = Math.min(block + most, this.windowEnd);
    if (!this.anyDamaged) return end - block;
    let at = block;
    while (at < end && this.damaged[at - this.windowStart] === 0) at++;
    return at - block;
  }

  /** Brings the block into the window. "end": the file has no such block. */
  async load(block: number): Promise<BlockState> {
    const here = this.look(block);
    if (here !== null) return here;
    if (block >= this.endBlock) return "end";
    await immediate();
    if (this.signal?.aborted) throw new ReelError("restore.interrupted");
    if (this.blockingFactor > 0)
      await this.goTo(Math.floor((block - this.firstBlock) / this.blockingFactor));
    else if (this.nextRecord < 0) this.nextRecord = 0;
    for (;;) {
      if (this.ended) return "end";
      await this.fill(block);
      const state = this.look(block);
      if (state !== null) return state;
      if (this.placeLost)
        await this.goTo(Math.floor((block - this.firstBlock) / this.blockingFactor));
      if (block < this.windowStart)
        throw new ReelError("internal", { found: `block ${block} was passed` });
    }
  }

  private async goTo(record: number): Promise<void> {
    const { nextRecord } = this;
    if (record === nextRecord) return;
    if (record > nextRecord && nextRecord >= this.runStart && nextRecord < this.readUpTo) return; // read through
    this.windowStart = this.windowEnd = this.firstBlock + record * this.blockingFactor;
    this.ended = !(await this.space(record));
  }

  /** False if the tape, cut short, has no such record. */
  private async space(record: number): Promise<boolean> {
    try {
      if (this.placeLost) await this.drive.space({ file: this.file, record: 0 });
      this.placeLost = false;
      await this.drive.space({ file: this.file, record });
      this.nextRecord = record;
      return true;
    } catch (error) {
      if (!(error instanceof ReelError && error.code === "tape.no-such-place")) throw error;
      this.nextRecord = -1;
      return false;
    }
  }

  /** Replaces the window by the next records: at least one, and more as far as they are expected. */
  private async fill(wanted: number): Promise<void> {
    this.windowStart = this.windowEnd;
    if (this.anyDamaged) this.damaged.fill(0);
    this.anyDamaged = false;
    let filled = 0;
    do {
      if (filled > 0 && this.bytes.byteLength - filled < this.recordBytes) return;
      const into =
        this.blockingFactor > 0
          ? this.bytes.subarray(filled, filled + this.recordBytes)
          : this.bytes.subarray(filled);
      const result = await this.readRecord(into);
      if (result.kind === "mark" || result.kind === "end-of-data") {
        this.ended = true;
        return;
      }
      this.nextRecord++;
      this.tally.records++;
      this.tally.tapeBytes += result.bytes;
      let bytes = result.bytes;
      if (result.kind === "damaged" && (bytes === 0 || bytes > into.byteLength)) {
        // Its length is lost with it: one record of this tape.
        bytes = Math.max(BLOCK_BYTES, this.recordBytes);
      }
      if (this.blockingFactor === 0) this.recordBytes = Math.max(this.recordBytes, bytes);
      const whole = Math.floor(bytes / BLOCK_BYTES);
      // A short record in the middle of a tape of fixed records: what it lacks is damaged, the next is in its place.
      const blocks = this.blockingFactor > 0 ? this.blockingFactor : Math.max(1, whole);
      if (result.kind === "damaged") this.markDamaged(filled, 0, blocks);
      else if (whole < blocks) this.markDamaged(filled, whole, blocks);
      filled += blocks * BLOCK_BYTES;
      this.windowEnd += blocks;
      if (result.kind === "damaged" && this.blockingFactor > 0 && this.drive.seekable) {
        this.placeLost = true;
        this.nextRecord = -1;
        return;
      }
    } while (this.nextRecord < this.readUpTo || this.windowEnd <= wanted);
  }

  /** A record longer than all records of this image is a damaged one. */
  private async readRecord(into: Uint8Array): Promise<ReadResult> {
    try {
      return await this.drive.read(into);
    } catch (error) {
      if (
        this.blockingFactor === 0 ||
        !(error instanceof ReelError && error.code === "tape.record-too-long")
      )
        throw error;
      const at = { file: this.file, record: this.nextRecord };
      if (!(await this.space(at.record + 1))) return { kind: "end-of-data" };
      this.nextRecord = at.record;
      return { kind: "damaged", at, bytes: 0 };
    }
  }

  private markDamaged(filled: number, from: number, to: number): void {
    const first = filled / BLOCK_BYTES;
    this.damaged.fill(1, first + from, first + to);
    this.anyDamaged = true;
    bufferOver(this.bytes).fill(0, filled + from * BLOCK_BYTES, filled + to * BLOCK_BYTES);
  }
}
