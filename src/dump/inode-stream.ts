// Turns batches of contents into records: for each inode TS_INODE, data, TS_ADDR every 512 blocks, and its
// attributes. Runs without waiting until the spool is full; `consume` says so and goes on when called again.
//
// States: between inodes (open = false); in an inode, between headers (headerAt < 0) or below one, with
// blocks up to segmentEnd to come; behind its last block, with attribute records to come (blobs).
import { TYPE } from "../core/inode.ts";
import { CONTENT, type ContentBatch, type Walk } from "../volume/source.ts";
import type { EntryQueue } from "./entry-batch.ts";
import { encodeAttributeBlobs, type LeftOutAttribute } from "./format/extended-attributes.ts";
import {
  BLOCK_BYTES,
  BLOCKS_PER_HEADER_MAX,
  EXTENSION_ATTRIBUTES,
  FLAG,
  MAP_AT,
  RECORD,
} from "./format/record.ts";
import type { HeaderTemplate } from "./header-template.ts";
import type { DumpPlan } from "./request.ts";
import { SEGMENT_BLOCKS_MAX, type Spool } from "./spool.ts";

/** Of the attributes that no tape can carry so many are named; the rest are counted. */
export const LEFT_OUT_LISTED_MAX = 1000;

/** At a longer target real restore stops; one of no bytes it passes over, as no system has such links. */
const TARGET_BYTES_MAX = 4096;

const NO_BLOBS: readonly Uint8Array[] = [];

/** The content of directories comes from the walk. Null: the content is what the batch gives. */
export type ContentOfRow = ((row: number) => Uint8Array) | null;

export class InodeStream {
  inodes = 0;
  contentBytes = 0;
  attributesLeftOut = 0;
  readonly leftOut: (LeftOutAttribute & { readonly row: number })[] = [];
  private readonly walk: Walk;
  private readonly inodeOf: Uint32Array;
  private readonly spool: Spool;
  private readonly template: HeaderTemplate;
  private readonly entries: EntryQueue;
  private readonly contentOf: ContentOfRow;

  private piece = 0;
  private open = false;
  private headerBlock = 0;
  private size = 0;
  private blocks = 0;
  private nextBlock = 0;
  private segmentStart = 0;
  private segmentEnd = 0;
  private headerAt = -1;
  private headerData = 0;
  /** What the data is taken from: the batch's bytes, or a directory's. */
  private content: Uint8Array | null = null;
  private blobs: readonly Uint8Array[] | null = null;
  private blobsDone = 0;

  constructor(
    plan: DumpPlan,
    spool: Spool,
    template: HeaderTemplate,
    entries: EntryQueue,
    contentOf: ContentOfRow,
  ) {
    this.walk = plan.walk;
    this.inodeOf = plan.inode;
    this.spool = spool;
    this.template = template;
    this.entries = entries;
    this.contentOf = contentOf;
  }

  /** Blocks from `address` on have come to stand one later. */
  shift(address: number): void {
    if (this.open && this.headerBlock >= address) this.headerBlock++;
  }

  /** Begins a batch; the one before must have been consumed. */
  begin(): void {
    this.piece = 0;
  }

  /** False when the spool must be flushed first; true when the batch is done with. */
  consume(batch: ContentBatch): boolean {
    for (; this.piece < batch.count; this.piece++) {
      if (!this.consumePiece(batch, this.piece)) return false;
    }
    return true;
  }

  private consumePiece(batch: ContentBatch, piece: number): boolean {
    const last = batch.last[piece] === 1;
    const status = batch.status[piece] as number;
    if (!this.open) {
      const gone = status === CONTENT.vanished || status === CONTENT.unreadable;
      if (last && gone && this.contentOf === null) {
        this.entries.add(batch, piece, status, -1, 0, 0);
        this.inodes++;
        return true;
      }
      if (this.spool.room < SEGMENT_BLOCKS_MAX) return false;
      this.openInode(batch, piece, last);
    }
    if (this.blobs === null) {
      if (this.content === null) {
        if (
          !this.putPiece(
            batch.bytes,
            batch.start[piece] as number,
            batch.fileOffset[piece] as number,
            batch.length[piece] as number,
          )
        ) {
          return false;
        }
      } else if (last && !this.putPiece(this.content, 0, 0, this.content.byteLength)) return false;
      if (!last) return true;
      if (!this.putHoles(this.blocks)) return false;
      this.beginAttributes(batch, piece);
    }
    if (!this.putAttributes()) return false;
    const row = batch.row[piece] as number;
    const targetLength = this.walk.type[row] === TYPE.symlink ? (batch.length[piece] as number) : 0;
    this.entries.add(
      batch,
      piece,
      status,
      this.headerBlock,
      batch.start[piece] as number,
      targetLength,
    );
    this.open = false;
    this.blobs = null;
    this.content = null;
    return true;
  }

  private openInode(batch: ContentBatch, piece: number, last: boolean): void {
    const { walk } = this;
    const row = batch.row[piece] as number;
    const type = walk.type[row] as number;
    this.content = this.contentOf === null ? null : this.contentOf(row);
    if (this.content !== null) this.size = this.content.byteLength;
    else if (type === TYPE.file) this.size = walk.size[row] as number;
    else if (type === TYPE.symlink)
      this.size = last ? (batch.length[piece] as number) : (walk.size[row] as number);
    else this.size = 0;
    if (type === TYPE.symlink && this.size > TARGET_BYTES_MAX) this.size = 0;
    this.blocks = Math.ceil(this.size / BLOCK_BYTES);
    this.nextBlock = 0;
    this.open = true;
    this.template.setInode(walk, row, this.inodeOf[row] as number, this.size);
    this.headerBlock = this.spool.address;
    this.openSegment(RECORD.inode, this.inodeOf[row] as number);
    if (this.blocks === 0) this.closeSegment();
    this.inodes++;
  }

  private openSegment(type: number, inode: number): void {
    const { spool } = this;
    const blocks = Math.min(BLOCKS_PER_HEADER_MAX, this.blocks - this.nextBlock);
    const at = spool.takeHeader(inode, 0);
    this.template.put(spool.buffer, spool.view, at, type, blocks);
    this.headerAt = at;
    this.headerData = 0;
    this.segmentStart = this.nextBlock;
    this.segmentEnd = this.nextBlock + blocks;
  }

  private closeSegment(): void {
    const { spool } = this;
    spool.setDataBlocks(this.headerData);
    this.template.seal(spool.view, this.headerAt, spool.addressOf(this.headerAt));
    this.headerAt = -1;
  }

  /** Sees to it that a header is open for the next block; false when there is no room for it. */
  private ready(): boolean {
    if (this.headerAt >= 0) return true;
    if (this.spool.room < SEGMENT_BLOCKS_MAX) return false;
    this.openSegment(RECORD.addr, this.template.inode);
    return true;
  }

  /** Blocks up to `end` of the file are holes: zero bytes of c_addr. */
  private putHoles(end: number): boolean {
    while (this.nextBlock < end) {
      if (!this.ready()) return false;
      this.nextBlock = Math.min(end, this.segmentEnd);
      if (this.nextBlock === this.segmentEnd) this.closeSegment();
    }
    return true;
  }

  /** Puts the piece's bytes as far as they are not yet put and lie within the size. */
  private putPiece(bytes: Uint8Array, start: number, fileOffset: number, length: number): boolean {
    const end = Math.min(fileOffset + length, this.size);
    if (end <= fileOffset) return true;
    if (!this.putHoles(Math.floor(fileOffset / BLOCK_BYTES))) return false;
    const endBlock = Math.ceil(end / BLOCK_BYTES);
    const { spool } = this;
    while (this.nextBlock < endBlock) {
      if (!this.ready()) return false;
      const blocks = Math.min(endBlock, this.segmentEnd) - this.nextBlock;
      const from = this.nextBlock * BLOCK_BYTES;
      const wanted = Math.min(end - from, blocks * BLOCK_BYTES);
      const at = spool.takeBlocks(blocks);
      const source = start + (from - fileOffset);
      spool.buffer.set(bytes.subarray(source, source + wanted), at);
      if (wanted < blocks * BLOCK_BYTES)
        spool.buffer.fill(0, at + wanted, at + blocks * BLOCK_BYTES);
      const map = this.headerAt + MAP_AT + this.nextBlock - this.segmentStart;
      spool.buffer.fill(1, map, map + blocks);
      if (this.content === null) this.contentBytes += wanted;
      this.headerData += blocks;
      this.nextBlock += blocks;
      if (this.nextBlock === this.segmentEnd) this.closeSegment();
    }
    return true;
  }

  private beginAttributes(batch: ContentBatch, piece: number): void {
    const length = batch.attributesLength[piece] as number;
    this.blobsDone = 0;
    this.blobs = NO_BLOBS;
    if (length === 0) return;
    const start = batch.attributesStart[piece] as number;
    const { blobs, leftOut } = encodeAttributeBlobs(
      batch.bytes.subarray(start, start + length),
      this.contentOf !== null,
    );
    this.blobs = blobs;
    const row = batch.row[piece] as number;
    for (const attribute of leftOut) {
      if (this.attributesLeftOut++ < LEFT_OUT_LISTED_MAX) this.leftOut.push({ ...attribute, row });
    }
  }

  private putAttributes(): boolean {
    const { spool, template } = this;
    for (
      const blobs = this.blobs as readonly Uint8Array[];
      this.blobsDone < blobs.length;
      this.blobsDone++
    ) {
      if (spool.room < SEGMENT_BLOCKS_MAX) return false;
      const blob = blobs[this.blobsDone] as Uint8Array;
      const count = Math.ceil(blob.byteLength / BLOCK_BYTES);
      template.setSize(blob.byteLength);
      const at = spool.takeHeader(template.inode, count);
      template.put(
        spool.buffer,
        spool.view,
        at,
        RECORD.inode,
        count,
        FLAG.attributes,
        EXTENSION_ATTRIBUTES,
      );
      spool.buffer.fill(1, at + MAP_AT, at + MAP_AT + count);
      template.seal(spool.view, at, spool.addressOf(at));
      const data = spool.takeBlocks(count);
      spool.buffer.set(blob, data);
      spool.buffer.fill(0, data + blob.byteLength, data + count * BLOCK_BYTES);
    }
    return true;
  }
}
