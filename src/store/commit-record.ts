// The codec of one commit record: the committed length and checksum of every store file, the group table
// and the catalog's root bytes. docs/format/store.md, section 3. Big-endian:
//   0  8  "ReelCmit"               40  4  number of groups G
//   8  4  length of the record     44  4  length of the root R
//  12  8  generation               48  4 × 12  extents of files 0–3: length (8), CRC-32 of those bytes (4)
//  20 20  catalog id               96  G × 32  histories (4), directories (4), extents of index and data
//  then R bytes of root and the CRC-32 of all before it; zeros up to a multiple of 512.
import { crc32 } from "node:zlib";
import { ByteReader, ByteWriter } from "../core/bytes.ts";
import { assert } from "../core/errors.ts";
import { FIRST_GROUP_FILE, GROUP_FILES, type GroupState, type StoreFile } from "./store.ts";

/** Records begin at multiples of a sector, so that writing one never touches the sectors of another. */
export const COMMIT_ALIGNMENT_BYTES = 512;
export const ROOT_BYTES_MAX = 65_535;
/** 64 KiB of root and 30,000 groups of 32 bytes: near 10^9 histories. */
export const COMMIT_RECORD_BYTES_MAX = 1 << 20;

const MAGIC = Buffer.from("ReelCmit", "latin1");
const FIXED_BYTES = 96;
const GROUP_BYTES = 32;
const CRC_BYTES = 4;
const CATALOG_ID_BYTES = 20;

/** What is committed of one file: its bytes behind the header, and the CRC-32 over all of them. */
export interface Extent {
  readonly length: number;
  readonly crc: number;
}

export const EMPTY_EXTENT: Extent = { length: 0, crc: 0 };

export interface CommitRecord {
  readonly catalogId: string;
  readonly generation: number;
  readonly groups: readonly GroupState[];
  /** By file number; FIRST_GROUP_FILE + groups × GROUP_FILES entries. */
  readonly extents: readonly Extent[];
  readonly root: Uint8Array;
}

export function extentOf(record: CommitRecord, file: StoreFile): Extent {
  return record.extents[file] ?? EMPTY_EXTENT;
}

export function alignedCommitBytes(length: number): number {
  return Math.ceil(length / COMMIT_ALIGNMENT_BYTES) * COMMIT_ALIGNMENT_BYTES;
}

function putU64(out: ByteWriter, n: number): void {
  out.u32be(Math.floor(n / 0x1_0000_0000));
  out.u32be(n >>> 0);
}

function u64(input: ByteReader): number {
  const high = input.u32be();
  return high * 0x1_0000_0000 + input.u32be();
}

function putExtent(out: ByteWriter, extent: Extent): void {
  putU64(out, extent.length);
  out.u32be(extent.crc);
}

/** Padded to COMMIT_ALIGNMENT_BYTES. */
export function encodeCommitRecord(record: CommitRecord): Uint8Array {
  const count = record.groups.length;
  assert(record.root.byteLength <= ROOT_BYTES_MAX, "root bytes of a commit under 64 KiB");
  assert(
    record.extents.length === FIRST_GROUP_FILE + count * GROUP_FILES,
    "an extent for each file of the groups",
  );
  const length = FIXED_BYTES + count * GROUP_BYTES + record.root.byteLength + CRC_BYTES;
  assert(length <= COMMIT_RECORD_BYTES_MAX, "commit record under 1 MiB");
  const out = new ByteWriter(alignedCommitBytes(length));
  out.put(MAGIC);
  out.u32be(length);
  putU64(out, record.generation);
  out.hex(record.catalogId);
  out.u32be(count);
  out.u32be(record.root.byteLength);
  for (let file = 0; file < FIRST_GROUP_FILE; file++) putExtent(out, extentOf(record, file));
  record.groups.forEach((group, number) => {
    out.u32be(group.histories);
    out.u32be(group.directories);
    for (let i = 0; i < GROUP_FILES; i++)
      putExtent(out, extentOf(record, FIRST_GROUP_FILE + number * GROUP_FILES + i));
  });
  out.put(record.root);
  out.u32be(crc32(out.finish()));
  out.zeros(alignedCommitBytes(length) - length);
  return out.finish();
}

/** Length of the record that claims to begin at `at`, without padding; 0 if none does. */
export function commitRecordLength(bytes: Uint8Array, at: number): number {
  if (at + FIXED_BYTES > bytes.byteLength) return 0;
  const input = new ByteReader(bytes, "commit record", at);
  if (!MAGIC.equals(input.slice(MAGIC.byteLength))) return 0;
  const length = input.u32be();
  return length >= FIXED_BYTES + CRC_BYTES && length <= COMMIT_RECORD_BYTES_MAX ? length : 0;
}

/** The record at `at`, or undefined if what lies there is none, torn, or another catalog's. */
export function decodeCommitRecord(
  bytes: Uint8Array,
  at: number,
  catalogId: string,
): CommitRecord | undefined {
  const length = commitRecordLength(bytes, at);
  if (length === 0 || at + length > bytes.byteLength) return undefined;
  const input = new ByteReader(bytes, "commit record", at, at + length);
  const crcAt = at + length - CRC_BYTES;
  if (crc32(bytes.subarray(at, crcAt)) !== input.view.getUint32(crcAt)) return undefined;
  input.take(MAGIC.byteLength + 4);
  const generation = u64(input);
  if (Buffer.from(input.slice(CATALOG_ID_BYTES)).toString("hex") !== catalogId) return undefined;
  const count = input.u32be();
  const rootBytes = input.u32be();
  if (
    rootBytes > ROOT_BYTES_MAX ||
    FIXED_BYTES + count * GROUP_BYTES + rootBytes + CRC_BYTES !== length
  )
    return undefined;
  const extents: Extent[] = [];
  const readExtent = () => extents.push({ length: u64(input), crc: input.u32be() });
  for (let file = 0; file < FIRST_GROUP_FILE; file++) readExtent();
  const groups: GroupState[] = [];
  for (let group = 0; group < count; group++) {
    groups.push({ histories: input.u32be(), directories: input.u32be() });
    for (let i = 0; i < GROUP_FILES; i++) readExtent();
  }
  return { catalogId, generation, groups, extents, root: Uint8Array.from(input.slice(rootBytes)) };
}
