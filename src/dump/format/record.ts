// The header of a tape block, 1 KiB, in each form that dumps have had: read in both byte orders, written
// in the 4.4BSD form (magic 60012) that Linux, Solaris and NetApp share. docs/format/dump-stream.md.
//
//    0 4 c_type       24 4 c_magic      160   4 c_count    692  4 c_level     888 4 c_flags
//    4 4 c_date       28 4 c_checksum   164 512 c_addr     696 64 c_filesys   892 4 c_firstrec
//    8 4 c_ddate      32 128 c_dinode   676  16 c_label    760 64 c_dev       896 4 c_ntrec
//   12 4 c_volume     16 4 c_tapea      20 4 c_inumber     824 64 c_host      900 4 c_extattributes
//                                                                             904 120 c_spare
import { bufferOver, type ByteString } from "../../core/bytes.ts";

/** One tape block: a header, or 1 KiB of data. */
export const BLOCK_BYTES = 1024;
/** Entries of c_addr: data blocks that one header can speak for. */
export const BLOCKS_PER_HEADER_MAX = 512;
export const SPARE_AT = 904;
export const MAP_AT = 164;

export const RECORD = { tape: 1, inode: 2, bits: 3, addr: 4, end: 5, clri: 6 } as const;

export const MAGIC = {
  /** 4.2BSD until today. */
  nfs: 60012,
  /** Before 4.2BSD: 16-bit inode numbers. */
  old: 60011,
  /** Solaris, dumps over 2 TiB. */
  multiTerabyte: 60013,
  /** FreeBSD 5 and later: 64-bit times. */
  ufs2: 0x19540119,
} as const;

export const FLAG = {
  newHeader: 0x1,
  /** Directories in the 4.4BSD form; must be set. */
  newInodeFormat: 0x2,
  compressed: 0x80,
  metadataOnly: 0x100,
  /** This TS_INODE carries extended attributes of the inode before it. */
  attributes: 0x8000,
} as const;

/** c_extattributes of an attribute record. */
export const EXTENSION_ATTRIBUTES = 3;

/** The sum of a header's 256 words, modulo 2^32. */
export const CHECKSUM = 84446;

/** A scratch object: `decodeRecord` fills it, so that reading a tape makes no garbage. */
export interface RecordHeader {
  littleEndian: boolean;
  /** A value of MAGIC. */
  magic: number;
  /** A value of RECORD, or an unknown one. */
  type: number;
  /** Seconds since 1970, unsigned. */
  date: number;
  baseDate: number;
  /** Number of the tape within the dump, from 1. */
  volume: number;
  /** Block address: tape blocks before this one in the whole dump, modulo 2^32. */
  address: number;
  inode: number;
  /** Valid bytes of c_addr, or blocks of a map: believe it up to BLOCKS_PER_HEADER_MAX only. */
  count: number;
  /** Where c_addr begins within the block; its length is `mapBytes`. */
  mapAt: number;
  mapBytes: number;
  level: number;
  flags: number;
  firstBlock: number;
  /** 0 when the writer did not say. */
  blockingFactor: number;
  extension: number;
  /** Type and permissions. */
  mode: number;
  nlink: number;
  /** Bytes; over 2^53 it is not exact, and the stream is not to be believed. */
  size: number;
  uid: number;
  gid: number;
  atime: number;
  atimeNs: number;
  mtime: number;
  mtimeNs: number;
  ctime: number;
  ctimeNs: number;
  rdevMajor: number;
  rdevMinor: number;
  inodeFlags: number;
  inodeBlocks: number;
  generation: number;
}

export interface VolumeNames {
  readonly label: ByteString;
  readonly filesystem: ByteString;
  readonly device: ByteString;
  readonly host: ByteString;
}

export type RecordCheck = "ok" | "not-a-header" | "bad-checksum";

export function newRecordHeader(): RecordHeader {
  return {
    littleEndian: true,
    magic: MAGIC.nfs,
    type: 0,
    date: 0,
    baseDate: 0,
    volume: 1,
    address: 0,
    inode: 0,
    count: 0,
    mapAt: MAP_AT,
    mapBytes: BLOCKS_PER_HEADER_MAX,
    level: 0,
    flags: 0,
    firstBlock: 0,
    blockingFactor: 0,
    extension: 0,
    mode: 0,
    nlink: 0,
    size: 0,
    uid: 0,
    gid: 0,
    atime: 0,
    atimeNs: 0,
    mtime: 0,
    mtimeNs: 0,
    ctime: 0,
    ctimeNs: 0,
    rdevMajor: 0,
    rdevMinor: 0,
    inodeFlags: 0,
    inodeBlocks: 0,
    generation: 0,
  };
}

/** A DataView over the same memory; make one for each buffer and keep it. */
export function viewOver(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Sum of the block's 256 words, modulo 2^32, unsigned. */
export function sumOfWords(view: DataView, at: number, littleEndian: boolean): number {
  let sum = 0;
  for (let i = at; i < at + BLOCK_BYTES; i += 4) sum = (sum + view.getInt32(i, littleEndian)) | 0;
  return sum >>> 0;
}

function isMagic(word: number): boolean {
  return (
    word === MAGIC.nfs || word === MAGIC.ufs2 || word === MAGIC.old || word === MAGIC.multiTerabyte
  );
}

/** Whether a header may begin at `at`: looks at the magic only, in both byte orders. */
export function looksLikeHeader(view: DataView, at: number): boolean {
  if (at < 0 || at + BLOCK_BYTES > view.byteLength) return false;
  return isMagic(view.getUint32(at + 24, true)) || isMagic(view.getUint32(at + 24, false));
}

/**
 * Reads the block at `at` as a header. "bad-checksum" fills `into` too, so that a caller may look at the
 * magic; "not-a-header" (also for fewer than 1024 bytes) leaves it as it was.
 */
export function decodeRecord(view: DataView, at: number, into: RecordHeader): RecordCheck {
  if (at < 0 || at + BLOCK_BYTES > view.byteLength) return "not-a-header";
  let little = true;
  let magic = view.getUint32(at + 24, true);
  if (!isMagic(magic)) {
    little = false;
    magic = view.getUint32(at + 24, false);
    if (!isMagic(magic)) return "not-a-header";
  }
  into.littleEndian = little;
  into.magic = magic;
  into.type = view.getInt32(at, little);
  into.date = view.getUint32(at + 4, little);
  into.baseDate = view.getUint32(at + 8, little);
  into.volume = view.getInt32(at + 12, little);
  into.address = view.getUint32(at + 16, little);
  into.inode = view.getUint32(at + 20, little);
  into.mode = view.getUint16(at + 32, little);
  into.nlink = view.getUint16(at + 34, little);
  if (magic === MAGIC.old) {
    decodeOldInode(view, at, little, into);
  } else {
    decodeInode(view, at, little, into);
    if (magic === MAGIC.ufs2) decodeUfs2(view, at, little, into);
  }
  return sumOfWords(view, at, little) === CHECKSUM ? "ok" : "bad-checksum";
}

function u64(view: DataView, at: number, little: boolean): number {
  return (
    view.getUint32(at + (little ? 4 : 0), little) * 0x1_0000_0000 +
    view.getUint32(at + (little ? 0 : 4), little)
  );
}

function i64(view: DataView, at: number, little: boolean): number {
  return (
    view.getInt32(at + (little ? 4 : 0), little) * 0x1_0000_0000 +
    view.getUint32(at + (little ? 0 : 4), little)
  );
}

/** Microseconds of the tape as nanoseconds; 0 for what is no part of a second. */
function microsAsNs(view: DataView, at: number, little: boolean): number {
  const micros = view.getUint32(at, little);
  return micros < 1_000_000 ? micros * 1000 : 0;
}

function decodeInode(view: DataView, at: number, little: boolean, into: RecordHeader): void {
  into.size = u64(view, at + 40, little);
  into.atime = view.getUint32(at + 48, little);
  into.atimeNs = microsAsNs(view, at + 52, little);
  into.mtime = view.getUint32(at + 56, little);
  into.mtimeNs = microsAsNs(view, at + 60, little);
  into.ctime = view.getUint32(at + 64, little);
  into.ctimeNs = microsAsNs(view, at + 68, little);
  const device = view.getUint32(at + 72, little);
  decodeDevice(device === 0 ? view.getUint32(at + 76, little) : device, into);
  into.inodeFlags = view.getUint32(at + 132, little);
  into.inodeBlocks = view.getUint32(at + 136, little);
  into.generation = view.getUint32(at + 140, little);
  into.uid = view.getUint32(at + 144, little);
  into.gid = view.getUint32(at + 148, little);
  into.count = view.getInt32(at + 160, little);
  into.mapAt = MAP_AT;
  into.mapBytes = BLOCKS_PER_HEADER_MAX;
  into.level = view.getInt32(at + 692, little);
  into.flags = view.getUint32(at + 888, little);
  into.firstBlock = view.getUint32(at + 892, little);
  into.blockingFactor = view.getInt32(at + 896, little);
  into.extension = view.getInt32(at + 900, little);
}

function decodeUfs2(view: DataView, at: number, little: boolean, into: RecordHeader): void {
  into.atime = i64(view, at + 88, little);
  into.atimeNs = view.getUint32(at + 52, little);
  into.mtime = i64(view, at + 96, little);
  into.mtimeNs = view.getUint32(at + 60, little);
  into.ctime = 0;
  into.ctimeNs = 0;
  decodeDevice(view.getUint32(at + 72, little), into);
  into.date = u64(view, at + 896, little);
  into.baseDate = u64(view, at + 904, little);
  into.address = u64(view, at + 912, little);
  into.firstBlock = u64(view, at + 920, little);
  into.blockingFactor = 0;
  into.extension = 0;
}

function decodeOldInode(view: DataView, at: number, little: boolean, into: RecordHeader): void {
  into.inode = view.getUint16(at + 20, little);
  into.uid = view.getUint16(at + 36, little);
  into.gid = view.getUint16(at + 38, little);
  into.size = view.getUint32(at + 40, little);
  decodeDevice(view.getUint32(at + 44, little), into);
  into.atime = view.getUint32(at + 84, little);
  into.mtime = view.getUint32(at + 88, little);
  into.ctime = view.getUint32(at + 92, little);
  into.atimeNs = into.mtimeNs = into.ctimeNs = 0;
  into.inodeFlags = into.inodeBlocks = into.generation = 0;
  into.count = view.getInt32(at + 96, little);
  into.mapAt = 100;
  into.mapBytes = 256;
  into.level = into.flags = into.firstBlock = into.blockingFactor = into.extension = 0;
}

/** Linux's 32-bit device number, of which the old 16-bit form is a part. */
function decodeDevice(device: number, into: RecordHeader): void {
  into.rdevMajor = (device >>> 8) & 0xfff;
  into.rdevMinor = (device & 0xff) | ((device >>> 12) & 0xfff00);
}

export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}

function nameAt(view: DataView, at: number, length: number): ByteString {
  const bytes = bufferOver(new Uint8Array(view.buffer, view.byteOffset + at, length));
  const end = bytes.indexOf(0);
  return bytes.toString("latin1", 0, end < 0 ? length : end);
}

/** c_label, c_filesys, c_dev and c_host of the block at `at`, which `decodeRecord` took for a header. */
export function decodeNames(view: DataView, at: number, header: RecordHeader): VolumeNames {
  if (header.magic === MAGIC.old) return { label: "", filesystem: "", device: "", host: "" };
  return {
    label: nameAt(view, at + 676, 16),
    filesystem: nameAt(view, at + 696, 64),
    device: nameAt(view, at + 760, 64),
    host: nameAt(view, at + 824, 64),
  };
}

/** Data blocks that follow the header at `at`: for maps c_count, for inodes the nonzero bytes of c_addr. */
export function dataBlocksOf(view: DataView, at: number, header: RecordHeader): number {
  if (header.type === RECORD.bits || header.type === RECORD.clri) return Math.max(0, header.count);
  if (header.type !== RECORD.inode && header.type !== RECORD.addr) return 0;
  const count = Math.min(Math.max(0, header.count), header.mapBytes);
  let blocks = 0;
  for (let i = at + header.mapAt, end = i + count; i < end; i++)
    if (view.getUint8(i) !== 0) blocks++;
  return blocks;
}

/**
 * Writes a header in the 4.4BSD form at `at`, checksum included. `addresses` is c_addr from its start (the
 * rest of it is zero); times are cut to 32 bits and microseconds, names to their fields. c_spare is left
 * as `spare` gives it, 120 bytes or fewer.
 */
export function encodeRecord(
  view: DataView,
  at: number,
  header: RecordHeader,
  names: VolumeNames,
  addresses: Uint8Array,
  spare: Uint8Array = new Uint8Array(0),
): void {
  const little = header.littleEndian;
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, BLOCK_BYTES).fill(0);
  const put32 = (offset: number, value: number) => view.setUint32(at + offset, value, little);
  put32(0, header.type);
  put32(4, header.date);
  put32(8, header.baseDate);
  put32(12, header.volume);
  put32(16, header.address);
  put32(20, header.inode);
  put32(24, MAGIC.nfs);
  view.setUint16(at + 32, header.mode, little);
  view.setUint16(at + 34, header.nlink, little);
  view.setUint16(at + 36, header.uid, little);
  view.setUint16(at + 38, header.gid, little);
  put32(little ? 40 : 44, header.size);
  put32(little ? 44 : 40, Math.floor(header.size / 0x1_0000_0000));
  put32(48, header.atime);
  put32(52, Math.floor(header.atimeNs / 1000));
  put32(56, header.mtime);
  put32(60, Math.floor(header.mtimeNs / 1000));
  put32(64, header.ctime);
  put32(68, Math.floor(header.ctimeNs / 1000));
  put32(72, encodeDevice(header.rdevMajor, header.rdevMinor));
  put32(132, header.inodeFlags);
  put32(136, header.inodeBlocks);
  put32(140, header.generation);
  put32(144, header.uid);
  put32(148, header.gid);
  put32(160, header.count);
  bytes.set(addresses.subarray(0, BLOCKS_PER_HEADER_MAX), MAP_AT);
  put32(692, header.level);
  putName(bytes, 676, 16, names.label);
  putName(bytes, 696, 64, names.filesystem);
  putName(bytes, 760, 64, names.device);
  putName(bytes, 824, 64, names.host);
  put32(888, header.flags);
  put32(892, header.firstBlock);
  put32(896, header.blockingFactor);
  put32(900, header.extension);
  bytes.set(spare.subarray(0, BLOCK_BYTES - SPARE_AT), SPARE_AT);
  put32(28, CHECKSUM - sumOfWords(view, at, little));
}

/** Cut to leave a NUL at the end of the field. */
function putName(bytes: Uint8Array, at: number, length: number, name: ByteString): void {
  bufferOver(bytes).write(name.slice(0, length - 1), at, "latin1");
}
