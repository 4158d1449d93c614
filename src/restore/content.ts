// The content of one inode: data blocks and holes as c_addr has them, header after header, from a block
// stream. Used by position, with a catalog, and in sequence, without one.
import {
  BLOCK_BYTES,
  BLOCKS_PER_HEADER_MAX,
  decodeRecord,
  newRecordHeader,
  RECORD,
  type RecordHeader,
} from "../dump/format/record.ts";
import type { BlockStream } from "./block-stream.ts";

export interface ContentSink {
  /**
   * Bytes of the file from `fileOffset` on, ascending, without overlap; what is never given is a hole or
   * lost. `bytes` is the stream's own: void after the call.
   */
  data(fileOffset: number, bytes: Uint8Array, start: number, length: number): void;
}

/**
 * "whole": all that the size asks for. "next-header": the stream goes on with another record; content that
 * is wanted still is a hole. "end": the tape file ends here. "lost": the header that should say more cannot
 * be read.
 */
export type ContentEnd = "whole" | "next-header" | "end" | "lost";

/** How far the reading of an inode has come; lives on when its content continues on another tape. */
export class ContentCursor {
  readonly header: RecordHeader = newRecordHeader();
  inode = 0;
  date = 0;
  size = 0;
  fileOffset = 0;
  /** Address of the next block to look at. */
  nextBlock = 0;
  /** Bytes that lay in damaged records. */
  lostBytes = 0;
  private readonly map = new Uint8Array(BLOCKS_PER_HEADER_MAX);
  private mapAt = 0;
  private mapCount = 0;

  /** Starts behind the TS_INODE that `header` has just been read from, at `block`. False: its map cannot be. */
  begin(stream: BlockStream, block: number, size: number): boolean {
    this.inode = this.header.inode;
    this.date = this.header.date;
    this.size = size;
    this.fileOffset = 0;
    this.lostBytes = 0;
    return this.takeMap(stream, block);
  }

  private takeMap(stream: BlockStream, block: number): boolean {
    const { count, mapAt, mapBytes } = this.header;
    if (count < 0 || count > mapBytes) return false;
    const at = stream.at(block) + mapAt;
    for (let i = 0; i < count; i++) this.map[i] = stream.bytes[at + i] as number;
    this.mapAt = 0;
    this.mapCount = count;
    this.nextBlock = block + 1;
    return true;
  }

  /**
   * Gives data to the sink from where it stopped. With `toNextHeader` it goes over everything that belongs
   * to the inode, also blocks behind its size, and leaves `header` filled from the record at `nextBlock`;
   * otherwise it stops, and reads no further, when the size is reached.
   */
  async read(
    stream: BlockStream,
    sink: ContentSink | null,
    toNextHeader: boolean,
  ): Promise<ContentEnd> {
    for (;;) {
      while (this.mapAt < this.mapCount) {
        if (!toNextHeader && this.fileOffset >= this.size) return "whole";
        const blocks = this.runLength();
        if (this.map[this.mapAt] === 0) {
          this.mapAt += blocks;
          this.fileOffset += blocks * BLOCK_BYTES;
          continue;
        }
        const state = stream.look(this.nextBlock) ?? (await stream.load(this.nextBlock));
        if (state === "end") return "end";
        if (state === "damaged") {
          this.lostBytes += Math.max(0, Math.min(BLOCK_BYTES, this.size - this.fileOffset));
          this.advance(1);
          continue;
        }
        const ready = stream.ready(this.nextBlock, blocks);
        const length = Math.min(ready * BLOCK_BYTES, this.size - this.fileOffset);
        if (length > 0)
          sink?.data(this.fileOffset, stream.bytes, stream.at(this.nextBlock), length);
        this.advance(ready);
      }
      if (!toNextHeader && this.fileOffset >= this.size) return "whole";
      const state = stream.look(this.nextBlock) ?? (await stream.load(this.nextBlock));
      if (state === "end") return "end";
      if (state === "damaged") return "lost";
      if (decodeRecord(stream.view, stream.at(this.nextBlock), this.header) !== "ok") return "lost";
      const { header } = this;
      if (header.type !== RECORD.addr || header.inode !== this.inode || header.date !== this.date)
        return "next-header";
      if (!this.takeMap(stream, this.nextBlock)) return "lost";
    }
  }

  private advance(blocks: number): void {
    this.mapAt += blocks;
    this.nextBlock += blocks;
    this.fileOffset += blocks * BLOCK_BYTES;
  }

  /** Entries from here on that are all data or all holes. */
  private runLength(): number {
    const { map, mapAt, mapCount } = this;
    const data = map[mapAt] !== 0;
    let at = mapAt + 1;
    while (at < mapCount && (map[at] !== 0) === data) at++;
    return at - mapAt;
  }
}
