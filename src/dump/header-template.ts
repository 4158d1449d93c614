// The header of the stream being written, kept as one block in memory of which only what changes is
// written anew; the sum of its words is kept along, so that a header costs a copy of 1 KiB and a few words.
import { TYPE } from "../core/inode.ts";
import { encodeImageWords, encodeInodeWordsStart } from "./format/words.ts";
import {
  BLOCK_BYTES,
  BLOCKS_PER_HEADER_MAX,
  CHECKSUM,
  encodeDevice,
  encodeRecord,
  FLAG,
  MAP_AT,
  newRecordHeader,
  RECORD,
  SPARE_AT,
  sumOfWords,
  viewOver,
  type RecordHeader,
  type VolumeNames,
} from "./format/record.ts";
import type { StreamLabel } from "./request.ts";
import type { Walk } from "../volume/source.ts";

const NO_ADDRESSES = new Uint8Array(0);
/** File type bits of st_mode by InodeType. */
const FORMAT_SHIFT = 12;

/** The position of a tape within the dump, as its headers say it. */
export interface TapePlace {
  /** c_volume, from 1. */
  readonly volume: number;
  /** c_firstrec. */
  readonly firstBlock: number;
}

export class HeaderTemplate {
  private readonly label: StreamLabel;
  private readonly names: VolumeNames;
  private readonly block: Buffer = Buffer.alloc(BLOCK_BYTES);
  private readonly view: DataView;
  private sum = 0;

  constructor(label: StreamLabel) {
    this.label = label;
    this.names = {
      label: label.label,
      filesystem: label.filesystem,
      device: label.device,
      host: label.host,
    };
    this.view = viewOver(this.block);
    encodeRecord(this.view, 0, this.common(), this.names, NO_ADDRESSES);
    this.sum = CHECKSUM;
    this.set32(28, 0);
  }

  private common(): RecordHeader {
    const { label } = this;
    return {
      ...newRecordHeader(),
      date: label.date,
      baseDate: label.baseDate,
      level: label.level,
      flags: FLAG.newInodeFormat,
      blockingFactor: label.blockingFactor,
    };
  }

  private set32(offset: number, value: number): void {
    const { view } = this;
    this.sum = (this.sum + (value | 0) - view.getInt32(offset, true)) | 0;
    view.setInt32(offset, value | 0, true);
  }

  private set64(offset: number, value: number): void {
    this.set32(offset, value);
    this.set32(offset + 4, Math.floor(value / 0x1_0000_0000));
  }

  /** The inode taken over last. */
  get inode(): number {
    return this.view.getUint32(20, true);
  }

  /** From here on headers say that they are on this tape. */
  moveTo(place: TapePlace): void {
    this.set32(12, place.volume);
    this.set32(892, place.firstBlock);
  }

  /** Takes over the inode of a row; `size` is that of the content on tape. */
  setInode(walk: Walk, row: number, inode: number, size: number): void {
    const type = walk.type[row] as number;
    const uid = walk.uid[row] as number;
    const gid = walk.gid[row] as number;
    const mode = ((type << FORMAT_SHIFT) | ((walk.mode[row] as number) & 0xfff)) & 0xffff;
    this.set32(20, inode);
    this.set32(32, mode | ((walk.nlink[row] as number) << 16));
    this.set32(36, (uid & 0xffff) | (gid << 16));
    this.set64(40, size);
    const atime = walk.atime[row] as number;
    const mtime = walk.mtime[row] as number;
    const ctime = walk.ctime[row] as number;
    const atimeNs = walk.atimeNs[row] as number;
    const mtimeNs = walk.mtimeNs[row] as number;
    const ctimeNs = walk.ctimeNs[row] as number;
    this.set32(48, atime);
    this.set32(52, atimeNs / 1000);
    this.set32(56, mtime);
    this.set32(60, mtimeNs / 1000);
    this.set32(64, ctime);
    this.set32(68, ctimeNs / 1000);
    const isDevice = type === TYPE.char || type === TYPE.block;
    this.set32(
      72,
      isDevice ? encodeDevice(walk.rdevMajor[row] as number, walk.rdevMinor[row] as number) : 0,
    );
    this.set32(136, walk.blocks512[row] as number);
    this.set32(144, uid);
    this.set32(148, gid);
    if (this.view.getUint32(SPARE_AT, true) === 0) {
      encodeInodeWordsStart(this.view, 0);
      this.sum = sumOfWords(this.view, 0, true) | 0;
    }
    this.set64(SPARE_AT + 8, atime);
    this.set64(SPARE_AT + 16, mtime);
    this.set64(SPARE_AT + 24, ctime);
    this.set32(SPARE_AT + 32, atimeNs);
    this.set32(SPARE_AT + 36, mtimeNs);
    this.set32(SPARE_AT + 40, ctimeNs);
  }

  /** Changes the size alone: attribute records repeat the rest of the inode. */
  setSize(size: number): void {
    this.set64(40, size);
  }

  /** Forgets the inode, for headers that speak of none. */
  clearInode(): void {
    this.block.fill(0, 20, 24);
    this.block.fill(0, 32, 160);
    this.block.fill(0, SPARE_AT);
    this.sum = sumOfWords(this.view, 0, true) | 0;
  }

  /**
   * Puts a header at `at`, c_addr still zero. The caller sets the bytes of c_addr for the blocks that
   * follow and then calls `seal`.
   */
  put(
    into: Buffer,
    view: DataView,
    at: number,
    type: number,
    count: number,
    flags = 0,
    extension = 0,
  ): void {
    into.set(this.block, at);
    view.setInt32(at, type, true);
    view.setInt32(at + 160, count, true);
    if (flags !== 0) view.setUint32(at + 888, FLAG.newInodeFormat | flags, true);
    if (extension !== 0) view.setUint32(at + 900, extension, true);
  }

  /** Address and checksum of a header that `put` began with the same type, count, flags and extension. */
  seal(view: DataView, at: number, address: number): void {
    view.setUint32(at + 16, address, true);
    const count = view.getInt32(at + 160, true);
    let sum = this.sum + view.getInt32(at, true) + address + count;
    const flags = view.getUint32(at + 888, true);
    if (flags !== FLAG.newInodeFormat)
      sum += flags - FLAG.newInodeFormat + view.getUint32(at + 900, true);
    const end = MAP_AT + Math.min(count, BLOCKS_PER_HEADER_MAX);
    for (let i = MAP_AT; i < end; i += 4) sum = (sum + view.getInt32(at + i, true)) | 0;
    view.setInt32(at + 28, (CHECKSUM - sum) | 0, true);
  }

  /**
   * Puts a whole TS_TAPE with Reel's words. `inode` and `count`: the interrupted inode and its data blocks
   * to come, 0 on the first tape.
   */
  putVolume(
    view: DataView,
    at: number,
    address: number,
    place: TapePlace,
    inode: number,
    count: number,
  ): void {
    const header = this.common();
    header.type = RECORD.tape;
    header.flags |= FLAG.newHeader;
    header.address = address;
    header.volume = place.volume;
    header.firstBlock = place.firstBlock;
    header.inode = inode;
    header.count = count;
    encodeRecord(view, at, header, this.names, NO_ADDRESSES);
    encodeImageWords(view, at, this.label.words);
    view.setUint32(at + 28, 0, true);
    view.setUint32(at + 28, CHECKSUM - sumOfWords(view, at, true), true);
  }
}
