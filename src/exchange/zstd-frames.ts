// Unpacking zstd: the frames are cut into their blocks here, so that nothing is allocated from a frame's
// word alone and no step gives more than one block; the blocks themselves are fzstd's work.
// Frame: magic 28 b5 2f fd, descriptor, [window], [dictionary id], [content size], blocks, [checksum].
// Block: 3 bytes little-endian: bit 0 last, bits 1-2 kind (1: one byte repeated), then the stored size.
import { Decompress } from "fzstd";
import { ByteFeed } from "./byte-feed.ts";
import { damaged, endsEarly, tooLarge } from "./damage.ts";

/** What zstd itself takes without being asked to take more (--long=27). */
export const WINDOW_BYTES_MAX = 128 << 20;
const MAGIC_BYTES = 4;
/** Magic, descriptor and the longest of the fields after it. */
const FRAME_HEADER_BYTES_MAX = MAGIC_BYTES + 1 + 1 + 4 + 8;
const BLOCK_HEADER_BYTES = 3;
const REPEATED = 1;
const WHAT = "the zstd stream";

export class ZstdFrames {
  private readonly feed = new ByteFeed();
  private frame: Decompress | null = null;
  /** Bytes of the frame header that are awaited. */
  private headerBytes = MAGIC_BYTES + 1;
  private header: Uint8Array | null = null;
  private checksumBytes = 0;
  private block: {
    readonly head: Uint8Array;
    readonly bytes: number;
    readonly last: boolean;
  } | null = null;
  private out: Uint8Array[] = [];

  /** Takes bytes and gives what the blocks among them unpack to, block by block. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    this.feed.push(bytes);
    while (this.step()) {
      const out = this.out;
      this.out = [];
      yield* out;
    }
  }

  finish(): void {
    if (this.frame || this.header || this.feed.available > 0) throw endsEarly(WHAT, "in a frame");
  }

  private step(): boolean {
    return this.frame ? this.blockStep(this.frame) : this.headerStep();
  }

  private headerStep(): boolean {
    const have = this.header?.byteLength ?? 0;
    if (this.feed.available < this.headerBytes - have) return false;
    const more = this.feed.take(this.headerBytes - have);
    const header = this.header ? Buffer.concat([this.header, more]) : more;
    this.header = header;
    if (have === 0) {
      if (Buffer.from(header.subarray(0, MAGIC_BYTES)).toString("hex") !== "28b52ffd")
        throw damaged(WHAT, "no frame where one should begin");
      this.headerBytes = headerLength(header[MAGIC_BYTES] as number);
      return true;
    }
    const window = windowBytes(header);
    if (window > WINDOW_BYTES_MAX)
      throw tooLarge("a window of the zstd stream", window, WINDOW_BYTES_MAX);
    this.checksumBytes = ((header[MAGIC_BYTES] as number) & 4) === 0 ? 0 : 4;
    this.frame = new Decompress((bytes) => {
      if (bytes.byteLength > 0) this.out.push(bytes);
    });
    this.unpack(this.frame, header, false);
    this.header = null;
    return true;
  }

  private blockStep(frame: Decompress): boolean {
    const { feed } = this;
    if (!this.block) {
      if (feed.available < BLOCK_HEADER_BYTES) return false;
      const head = Uint8Array.from(feed.take(BLOCK_HEADER_BYTES));
      const word = (head[0] as number) | ((head[1] as number) << 8) | ((head[2] as number) << 16);
      const size = ((word >> 1) & 3) === REPEATED ? 1 : word >> 3;
      const last = (word & 1) === 1;
      this.block = { head, bytes: size + (last ? this.checksumBytes : 0), last };
    }
    const { head, bytes, last } = this.block;
    if (feed.available < bytes) return false;
    this.unpack(frame, Buffer.concat([head, feed.take(bytes)]), last);
    this.block = null;
    if (last) {
      this.frame = null;
      this.headerBytes = MAGIC_BYTES + 1;
    }
    return true;
  }

  private unpack(frame: Decompress, bytes: Uint8Array, last: boolean): void {
    try {
      frame.push(bytes, last);
    } catch (error) {
      throw damaged(WHAT, error instanceof Error ? error.message : String(error));
    }
  }
}

/** Length of a frame's header with its magic, from its descriptor. */
function headerLength(descriptor: number): number {
  const single = (descriptor >> 5) & 1;
  const sizeField = descriptor >> 6;
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
  const contentSize = sizeField === 0 ? single : 1 << sizeField;
  const length = MAGIC_BYTES + 1 + (1 - single) + dictionary + contentSize;
  return Math.min(length, FRAME_HEADER_BYTES_MAX);
}

/** How much a frame says its reader must hold. */
function windowBytes(header: Uint8Array): number {
  const descriptor = header[MAGIC_BYTES] as number;
  if (((descriptor >> 5) & 1) === 0) {
    const word = header[MAGIC_BYTES + 1] as number;
    const base = 2 ** (10 + (word >> 3));
    return base + (base / 8) * (word & 7);
  }
  const sizeField = descriptor >> 6;
  const at = MAGIC_BYTES + 1 + ([0, 1, 2, 4][descriptor & 3] as number);
  let size = 0;
  for (let i = (1 << sizeField) - 1; i >= 0; i--) size = size * 256 + (header[at + i] as number);
  return sizeField === 1 ? size + 256 : size;
}
