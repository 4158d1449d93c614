// Blocks of the stream on their way to tape. Headers and data are put into one buffer without waiting;
// `flush` writes the whole records in it. When a tape ends, the blocks not yet written go on with the next
// one behind a volume header, and the headers among them are corrected.
import { assert, ReelError } from "../core/errors.ts";
import type { Drive } from "../tape/drive.ts";
import { BLOCK_BYTES, BLOCKS_PER_HEADER_MAX, viewOver } from "./format/record.ts";
import type { HeaderTemplate, TapePlace } from "./header-template.ts";
import { moveHeader, PIECE_BLOCKS_MIN, type MountedTape, type NextTape } from "./tape-change.ts";
import type { ImageExtent } from "./request.ts";

export const BLOCKING_FACTOR_DEFAULT = 64;
export const BLOCKING_FACTOR_MIN = 4;
export const BLOCKING_FACTOR_MAX = 256;
/** A header and all that it can speak for: the room that must be there before one is begun. */
export const SEGMENT_BLOCKS_MAX: number = BLOCKS_PER_HEADER_MAX + 1;
/** 2 MiB, measured against 1 and 4: the part moved to the front after a flush is small beside it. */
const BUFFER_BLOCKS = 2048;
/** Kept free for the volume header that a change of tapes inserts. */
const INSERT_BLOCKS = 1;

/** Throws `dump.bad-blocking-factor`. */
export function checkBlockingFactor(factor: number): number {
  if (!Number.isInteger(factor) || factor < BLOCKING_FACTOR_MIN || factor > BLOCKING_FACTOR_MAX) {
    throw new ReelError("dump.bad-blocking-factor", { found: factor });
  }
  return factor;
}

export class Spool {
  readonly blockingFactor: number;
  readonly buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BLOCKS * BLOCK_BYTES);
  readonly view: DataView = viewOver(this.buffer);
  /** Called when blocks from this address on have come to stand one later. */
  onShift: (address: number) => void = () => {};
  /** Null: there is one tape only. */
  private readonly nextTape: NextTape | null;
  private template: HeaderTemplate | null = null;
  private tape: MountedTape;
  private place: TapePlace = { volume: 1, firstBlock: 0 };
  private file: number;
  private tapeBlocks = 0;
  private readonly finished: ImageExtent[] = [];
  /** Address of the buffer's first block; all before it is on tape. */
  private base = 0;
  private filled = 0;
  // Headers in the buffer, ascending, preceded by the last one that has left it.
  private headers = 0;
  private readonly headerAt: Int32Array = new Int32Array(BUFFER_BLOCKS + 2);
  private readonly headerInode: Uint32Array = new Uint32Array(BUFFER_BLOCKS + 2);
  private readonly headerData: Int32Array = new Int32Array(BUFFER_BLOCKS + 2);

  /** The image begins where the tape stands. Throws `dump.bad-blocking-factor`. */
  constructor(
    tape: MountedTape,
    options: { readonly blockingFactor: number; readonly nextTape?: NextTape },
  ) {
    this.blockingFactor = checkBlockingFactor(options.blockingFactor);
    this.tape = tape;
    this.file = tape.drive.position().file;
    this.nextTape = options.nextTape ?? null;
  }

  /** The tape that is written now. The caller writes the filemark behind the image. */
  get drive(): Drive {
    return this.tape.drive;
  }

  get label(): string {
    return this.tape.label;
  }

  /** Address of the next block to be put. */
  get address(): number {
    return this.base + this.filled;
  }

  /** Blocks that are on tape. */
  get written(): number {
    return this.base;
  }

  /** Blocks that can be put before `flush` must be called. */
  get room(): number {
    return BUFFER_BLOCKS - INSERT_BLOCKS - this.filled;
  }

  /** The template of all headers; with it goes the first volume header. */
  begin(template: HeaderTemplate): void {
    this.template = template;
    template.moveTo(this.place);
    const at = this.takeHeader(0, 0);
    template.putVolume(this.view, at, 0, this.place, 0, 0);
  }

  /**
   * Takes a block for a header and gives its place in `buffer`. It speaks for `dataBlocks` blocks; where
   * that is known only later, `setDataBlocks` corrects it before the next header or flush.
   */
  takeHeader(inode: number, dataBlocks: number): number {
    const index = this.headers++;
    this.headerAt[index] = this.filled;
    this.headerInode[index] = inode;
    this.headerData[index] = dataBlocks;
    return this.takeBlocks(1);
  }

  setDataBlocks(dataBlocks: number): void {
    this.headerData[this.headers - 1] = dataBlocks;
  }

  /** Takes blocks for data and gives their place in `buffer`; the caller fills them, padding included. */
  takeBlocks(count: number): number {
    const at = this.filled * BLOCK_BYTES;
    this.filled += count;
    return at;
  }

  /** Address of the header that begins at `at` in the buffer. */
  addressOf(at: number): number {
    return this.base + at / BLOCK_BYTES;
  }

  /** Puts whole blocks of any number, flushing as need be. */
  async putData(bytes: Uint8Array): Promise<void> {
    let from = 0;
    while (from < bytes.byteLength) {
      if (this.room < 1) await this.flush();
      const length = Math.min(bytes.byteLength - from, this.room * BLOCK_BYTES);
      const at = this.takeBlocks(length / BLOCK_BYTES);
      this.buffer.set(bytes.subarray(from, from + length), at);
      from += length;
    }
  }

  /** Writes the whole records of the buffer. No header may be unfinished. Throws `tape.full`. */
  async flush(): Promise<void> {
    const recordBlocks = this.blockingFactor;
    let at = 0;
    while (at + recordBlocks <= this.filled) {
      const record = this.buffer.subarray(at * BLOCK_BYTES, (at + recordBlocks) * BLOCK_BYTES);
      if ((await this.tape.drive.write(record)) === "ok") {
        at += recordBlocks;
        this.tapeBlocks += recordBlocks;
      } else {
        at = await this.changeTape(at);
      }
    }
    this.drop(at);
  }

  /** Where the image lies, when all of it is written. */
  extents(): ImageExtent[] {
    assert(this.filled === 0, "an image ends with a whole record");
    return [...this.finished, this.extent()];
  }

  private extent(): ImageExtent {
    return {
      label: this.tape.label,
      file: this.file,
      firstBlock: this.place.firstBlock,
      blocks: this.tapeBlocks,
    };
  }

  private drop(blocks: number): void {
    if (blocks === 0) return;
    this.buffer.copyWithin(0, blocks * BLOCK_BYTES, this.filled * BLOCK_BYTES);
    this.base += blocks;
    this.filled -= blocks;
    let kept = 0;
    while (kept + 1 < this.headers && (this.headerAt[kept + 1] as number) < blocks) kept++;
    for (let i = kept; i < this.headers; i++) {
      this.headerAt[i - kept] = (this.headerAt[i] as number) - blocks;
      this.headerInode[i - kept] = this.headerInode[i] as number;
      this.headerData[i - kept] = this.headerData[i] as number;
    }
    this.headers -= kept;
  }

  /** Goes on with block `at` of the buffer on another tape; gives the place in the buffer to write from. */
  private async changeTape(at: number): Promise<number> {
    const full = this.tape;
    const first = this.place.volume === 1;
    if (this.tapeBlocks < PIECE_BLOCKS_MIN) {
      // Too little to be a piece: what there is stays without a filemark, and the next writer goes over it.
      if (!first)
        throw new ReelError("tape.too-small", { tape: full.drive.name, found: this.tapeBlocks });
      assert(this.base === 0, "the first flush holds more than the shortest piece");
      await this.mountNext(full, this.tapeBlocks);
      return 0;
    }
    // Without a filemark what was written counts for nothing, and the next writer goes over it.
    if (this.nextTape === null) throw this.full(full, this.base + at);
    await full.drive.mark();
    await full.drive.sync();
    this.finished.push(this.extent());
    this.drop(at);
    await this.mountNext(full, this.base);
    this.place = { volume: this.place.volume + 1, firstBlock: this.base };
    this.insertVolume();
    return 0;
  }

  private full(tape: MountedTape, blocks: number): ReelError {
    return new ReelError("tape.full", { tape: tape.drive.name, blocks });
  }

  /** `blocks` of the image are on tape. */
  private async mountNext(full: MountedTape, blocks: number): Promise<void> {
    const next = await this.nextTape?.(full);
    if (!next) throw this.full(full, blocks);
    this.tape = next;
    this.file = next.drive.position().file;
    this.tapeBlocks = 0;
  }

  /** Puts a volume header in front of the buffer and corrects what comes after it. */
  private insertVolume(): void {
    const { buffer, view, template, place } = this;
    assert(template !== null && this.filled < BUFFER_BLOCKS, "room for a volume header");
    buffer.copyWithin(BLOCK_BYTES, 0, this.filled * BLOCK_BYTES);
    this.filled++;
    let before = this.headers;
    while (before > 0 && (this.headerAt[before - 1] as number) >= 0) before--;
    for (let i = this.headers; i > before; i--) {
      const moved = (this.headerAt[i - 1] as number) + 1;
      this.headerAt[i] = moved;
      this.headerInode[i] = this.headerInode[i - 1] as number;
      this.headerData[i] = this.headerData[i - 1] as number;
      moveHeader(view, moved * BLOCK_BYTES, place);
    }
    const interrupted = before - 1;
    const inode = this.headerInode[interrupted] as number;
    const left = Math.max(
      0,
      (this.headerAt[interrupted] as number) + 1 + (this.headerData[interrupted] as number),
    );
    // The volume header stands for the rest of what it interrupted, should this tape end in that too.
    this.headerAt[before] = 0;
    this.headerInode[before] = inode;
    this.headerData[before] = left;
    this.headers++;
    template.moveTo(place);
    template.putVolume(view, 0, place.firstBlock, place, inode, left);
    this.onShift(place.firstBlock);
  }
}
