// Records of what was written: walked attributes joined with the digest, target and extended attributes
// that the reader found. One text an inode, shared by all its names.
import { putRecord } from "../../catalog/record.ts";
import { bufferOver, ByteWriter, EMPTY } from "../../core/bytes.ts";
import { type InodeType, TYPE } from "../../core/inode.ts";
import type { EntryBatch } from "../../dump/request.ts";
import { CONTENT, type Walk } from "../../volume/source.ts";

export class RecordBuilder {
  private readonly walk: Walk;
  private readonly inode: Uint32Array;
  private readonly out: ByteWriter;
  /** By row of the walk: where its record begins, -1 without one; only an inode's first row has it. */
  readonly start: Int32Array;
  readonly length: Int32Array;
  /** ContentStatus by row. */
  readonly status: Uint8Array;
  readonly errnos = new Map<number, string>();
  /** Dump inodes that are on this image, with the block of each. */
  readonly inodes: number[] = [];
  readonly blocks: number[] = [];

  constructor(walk: Walk, inode: Uint32Array) {
    this.walk = walk;
    this.inode = inode;
    this.out = new ByteWriter(1 << 20);
    this.start = new Int32Array(walk.count).fill(-1);
    this.length = new Int32Array(walk.count);
    this.status = new Uint8Array(walk.count);
  }

  add(batch: EntryBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const row = batch.row[i] as number;
      const status = batch.status[i] as number;
      this.status[row] = status;
      const errno = batch.errnos.get(i);
      if (errno !== undefined) this.errnos.set(row, errno);
      const block = batch.block[i] as number;
      const isDirectory = this.walk.type[row] === TYPE.directory;
      if (block < 0 || (status >= CONTENT.vanished && !isDirectory)) continue;
      this.inodes.push(this.inode[row] as number);
      this.blocks.push(block);
      const start = this.out.length;
      this.start[row] = start;
      this.put(batch, i, row);
      this.length[row] = this.out.length - start;
    }
  }

  private put(batch: EntryBatch, i: number, row: number): void {
    const { walk } = this;
    const type = walk.type[row] as InodeType;
    const slice = (starts: Uint32Array, lengths: Uint32Array): Uint8Array => {
      const start = starts[i] as number;
      const length = lengths[i] as number;
      return length === 0 ? EMPTY : batch.bytes.subarray(start, start + length);
    };
    putRecord(this.out, {
      type,
      dumpInode: this.inode[row] as number,
      sourceInodeHigh: walk.inodeHigh[row] as number,
      sourceInodeLow: walk.inodeLow[row] as number,
      birth: walk.birth[row] as number,
      birthNs: walk.birthNs[row] as number,
      mode: walk.mode[row] as number,
      nlink: walk.nlink[row] as number,
      uid: walk.uid[row] as number,
      gid: walk.gid[row] as number,
      size: type === TYPE.directory ? 0 : (walk.size[row] as number),
      mtime: walk.mtime[row] as number,
      mtimeNs: walk.mtimeNs[row] as number,
      ctime: walk.ctime[row] as number,
      ctimeNs: walk.ctimeNs[row] as number,
      rdevMajor: walk.rdevMajor[row] as number,
      rdevMinor: walk.rdevMinor[row] as number,
      target:
        type === TYPE.symlink
          ? bufferOver(slice(batch.targetStart, batch.targetLength)).toString("latin1")
          : null,
      digest: type === TYPE.file ? batch.digest.subarray(i * 32, i * 32 + 32) : null,
      attributes: slice(batch.attributesStart, batch.attributesLength),
    });
  }

  /** The records' bytes; valid until the next batch. */
  bytes(): Uint8Array {
    return this.out.finish();
  }
}
