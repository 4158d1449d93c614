// The record of an inode: what a file revision holds. A canonical MessagePack array; the same state of an
// inode gives the same bytes on every machine. docs/format/records.md.
import { ByteWriter, bufferOver, type ByteString } from "../core/bytes.ts";
import { type Attribute, decodeAttributes, encodeAttributes } from "../core/attributes.ts";
import { ReelError } from "../core/errors.ts";
import { type InodeType, TYPE } from "../core/inode.ts";
import { CanonicalReader, putArray, putBin, putInt, putNil, putUint64 } from "./canonical.ts";

export const RECORD_VERSION = 1;
export const RECORD_ELEMENTS = 17;
export const DIGEST_BYTES = 32;

export interface InodeRecord {
  readonly type: InodeType;
  /** Number on tape; 2 is the root. */
  readonly dumpInode: number;
  readonly sourceInodeHigh: number;
  readonly sourceInodeLow: number;
  /** Birth time in seconds and nanoseconds, or a generation with 0 nanoseconds; both 0 is unknown. */
  readonly birth: number;
  readonly birthNs: number;
  /** 12 permission bits. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; 0 for a directory. */
  readonly size: number;
  readonly mtime: number;
  readonly mtimeNs: number;
  readonly ctime: number;
  readonly ctimeNs: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly target: ByteString | null;
  /** SHA-256 of a file's content. */
  readonly digest: Uint8Array | null;
  /** As core/attributes.ts has them. */
  readonly attributes: Uint8Array;
}

/** Appends the record's bytes. */
export function putRecord(out: ByteWriter, r: InodeRecord): void {
  putArray(out, RECORD_ELEMENTS);
  putInt(out, RECORD_VERSION);
  putInt(out, r.type);
  putInt(out, r.dumpInode);
  putUint64(out, r.sourceInodeHigh, r.sourceInodeLow);
  if (r.birth === 0 && r.birthNs === 0) putNil(out);
  else {
    putArray(out, 2);
    putInt(out, r.birth);
    putInt(out, r.birthNs);
  }
  putInt(out, r.mode);
  putInt(out, r.nlink);
  putInt(out, r.uid);
  putInt(out, r.gid);
  putInt(out, r.size);
  putInt(out, r.mtime);
  putInt(out, r.mtimeNs);
  putInt(out, r.ctime);
  putInt(out, r.ctimeNs);
  if (r.rdevMajor === 0 && r.rdevMinor === 0) putNil(out);
  else {
    putArray(out, 2);
    putInt(out, r.rdevMajor);
    putInt(out, r.rdevMinor);
  }
  if (r.target !== null) putBin(out, Buffer.from(r.target, "latin1"));
  else if (r.digest !== null) putBin(out, r.digest);
  else putNil(out);
  putAttributes(out, r.attributes);
}

function putAttributes(out: ByteWriter, bytes: Uint8Array): void {
  if (bytes.byteLength === 0) {
    putNil(out);
    return;
  }
  const attributes = decodeAttributes(bytes);
  putArray(out, attributes.length * 2);
  for (const { name, value } of attributes) {
    putBin(out, Buffer.from(name, "latin1"));
    putBin(out, value);
  }
}

/** Whether the bytes begin as a record does; what a plain Mercurial committed seldom does. */
export function isRecord(bytes: Uint8Array): boolean {
  return bytes[0] === 0xdc && bytes[1] === 0 && bytes[2] === RECORD_ELEMENTS;
}

/** Decodes a record. Throws `format.damaged`, `format.newer-record` for a version that is not known. */
export function decodeRecord(bytes: Uint8Array): InodeRecord {
  const input = new CanonicalReader(bytes, "an inode record");
  const elements = input.array();
  const version = input.int();
  if (version !== RECORD_VERSION) {
    throw new ReelError("format.newer-record", { found: version, known: RECORD_VERSION });
  }
  if (elements !== RECORD_ELEMENTS) {
    throw new ReelError("format.damaged", {
      what: "an inode record",
      found: `${elements} elements`,
    });
  }
  const type = input.uint(TYPE_MAX) as InodeType;
  if (!TYPES.has(type)) throw input.damaged(`the type ${type}`);
  const dumpInode = input.uint(U32_MAX);
  input.uint64();
  const sourceInodeHigh = input.high;
  const sourceInodeLow = input.low;
  const [birth, birthNs] = readBirth(input);
  const mode = input.uint(U16_MAX);
  const nlink = input.uint(U32_MAX);
  const uid = input.uint(U32_MAX);
  const gid = input.uint(U32_MAX);
  const size = input.uint(Number.MAX_SAFE_INTEGER);
  const mtime = input.int();
  const mtimeNs = input.uint(U32_MAX);
  const ctime = input.int();
  const ctimeNs = input.uint(U32_MAX);
  const [rdevMajor, rdevMinor] = readDevice(input);
  const content = input.nil() ? null : input.bin();
  const attributes = readAttributes(input);
  input.end();
  if (content !== null && type !== TYPE.file && type !== TYPE.symlink)
    throw input.damaged(`content of type ${type}`);
  const digest = type === TYPE.file ? content : null;
  if (digest !== null && digest.byteLength !== DIGEST_BYTES)
    throw input.damaged(`a digest of ${digest.byteLength} bytes`);
  const target =
    type === TYPE.symlink && content !== null ? bufferOver(content).toString("latin1") : null;
  return {
    type,
    dumpInode,
    sourceInodeHigh,
    sourceInodeLow,
    birth,
    birthNs,
    mode,
    nlink,
    uid,
    gid,
    size,
    mtime,
    mtimeNs,
    ctime,
    ctimeNs,
    rdevMajor,
    rdevMinor,
    target,
    digest,
    attributes,
  };
}

const TYPES: ReadonlySet<number> = new Set(Object.values(TYPE));
const TYPE_MAX = 15;
const U16_MAX = 0xffff;
const U32_MAX = 0xffff_ffff;
const UNKNOWN: readonly [number, number] = [0, 0];

// Nil stands for two zeros, and nothing else does: one record has one encoding.

function readBirth(input: CanonicalReader): readonly [number, number] {
  if (input.nil()) return UNKNOWN;
  input.arrayOf(2);
  const birth = input.int();
  const birthNs = input.uint(U32_MAX);
  if (birth === 0 && birthNs === 0) throw input.damaged("a birth time of 0");
  return [birth, birthNs];
}

function readDevice(input: CanonicalReader): readonly [number, number] {
  if (input.nil()) return UNKNOWN;
  input.arrayOf(2);
  const major = input.uint(U32_MAX);
  const minor = input.uint(U32_MAX);
  if (major === 0 && minor === 0) throw input.damaged("the device 0, 0");
  return [major, minor];
}

function readAttributes(input: CanonicalReader): Uint8Array {
  if (input.nil()) return new Uint8Array(0);
  const count = input.array();
  if (count === 0 || count % 2 !== 0)
    throw input.damaged(`${count} names and values of attributes`);
  const attributes: Attribute[] = [];
  let previous = "";
  for (let n = count; n > 0; n -= 2) {
    const name = input.byteString();
    if (name <= previous || name.length > U16_MAX)
      throw input.damaged("names of attributes that are not ascending");
    attributes.push({ name, value: input.bin() });
    previous = name;
  }
  return encodeAttributes(attributes);
}

export function encodeRecord(record: InodeRecord): Uint8Array {
  const out = new ByteWriter(192);
  putRecord(out, record);
  return out.finish();
}
