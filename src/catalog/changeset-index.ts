// Codec of the changeset index: one entry of 64 bytes for each changeset. docs/format/catalog.md.
// Integers are big-endian:
//    0  6  offset of the head           20  4  files in the list        36 20  node
//    6  4  length of the head           24  4  length of the full text  56  4  CRC-32 of the head
//   10  6  offset of the list segments  28  4  parent 1                 60  4  CRC-32 of bytes 0–59
//   16  4  their length; all ones: the  32  4  parent 2
//          list is that of the manifest
import { crc32 } from "node:zlib";
import { ReelError } from "../core/errors.ts";
import { type NodeId, nodeAt, putNode } from "../core/ids.ts";

export const CHANGESET_ENTRY_BYTES = 64;
/** Instead of a length: every file of the manifest is listed (a changeset without parents). */
export const LIST_IS_MANIFEST = 0xffff_ffff;

export interface ChangesetEntry {
  readonly headOffset: number;
  readonly headLength: number;
  readonly listOffset: number;
  readonly listLength: number;
  readonly files: number;
  readonly fullLength: number;
  readonly p1: number;
  readonly p2: number;
  readonly node: NodeId;
  readonly headCrc: number;
}

export function encodeChangesetEntry(entry: ChangesetEntry): Uint8Array {
  const bytes = Buffer.alloc(CHANGESET_ENTRY_BYTES);
  bytes.writeUIntBE(entry.headOffset, 0, 6);
  bytes.writeUInt32BE(entry.headLength, 6);
  bytes.writeUIntBE(entry.listOffset, 10, 6);
  bytes.writeUInt32BE(entry.listLength, 16);
  bytes.writeUInt32BE(entry.files, 20);
  bytes.writeUInt32BE(entry.fullLength, 24);
  bytes.writeInt32BE(entry.p1, 28);
  bytes.writeInt32BE(entry.p2, 32);
  putNode(bytes, 36, entry.node);
  bytes.writeUInt32BE(entry.headCrc, 56);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
}

/** Decodes the entry of changeset `rev`. Throws `format.damaged`, `format.truncated`. */
export function decodeChangesetEntry(bytes: Uint8Array, at: number, rev: number): ChangesetEntry {
  if (bytes.byteLength - at < CHANGESET_ENTRY_BYTES) {
    throw new ReelError("format.truncated", {
      what: "the changeset index",
      wanted: at + CHANGESET_ENTRY_BYTES,
      found: bytes.byteLength,
    });
  }
  const b = Buffer.from(bytes.buffer, bytes.byteOffset + at, CHANGESET_ENTRY_BYTES);
  const entry: ChangesetEntry = {
    headOffset: b.readUIntBE(0, 6),
    headLength: b.readUInt32BE(6),
    listOffset: b.readUIntBE(10, 6),
    listLength: b.readUInt32BE(16),
    files: b.readUInt32BE(20),
    fullLength: b.readUInt32BE(24),
    p1: b.readInt32BE(28),
    p2: b.readInt32BE(32),
    node: nodeAt(b, 36),
    headCrc: b.readUInt32BE(56),
  };
  const right = crc32(b.subarray(0, 60)) === b.readUInt32BE(60);
  if (!right || entry.p1 >= rev || entry.p2 >= rev || entry.p1 < -1 || entry.p2 < -1) {
    throw new ReelError("format.damaged", {
      what: `the index entry of changeset ${rev}`,
      found: right ? "a parent after its child" : "a wrong checksum",
    });
  }
  return entry;
}
