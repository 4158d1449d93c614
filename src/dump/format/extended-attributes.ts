// Extended attributes as Linux dump puts them on tape: blobs of at most 4096 bytes in a record after the
// inode's data. Two forms, told apart by the first word: "in-inode" (4-byte header, value offsets counted
// from behind it), which Reel writes, and "block" (32-byte header, offsets from the blob's start).
// An entry: name length (1), prefix index (1), value offset (2), value block (4, 0), value size (4),
// hash (4, 0), name without its prefix, zeros to 4; a zero word ends the list.
import { decodeAttributes, encodeAttributes, type Attribute } from "../../core/attributes.ts";
import { bufferOver, type ByteString } from "../../core/bytes.ts";
import { ReelError } from "../../core/errors.ts";
import { aclForTape, aclFromTape } from "./posix-acl.ts";
import { viewOver } from "./record.ts";

/** A longer blob makes real restore lose the file after it. */
export const ATTRIBUTE_BLOB_BYTES_MAX = 4096;

const MAGIC_IN_INODE = 0xea02_0001;
const MAGIC_BLOCK = 0xea02_0000;
const ENTRY_BYTES = 16;
const HEADER_BYTES = 4;
const LIST_END_BYTES = 4;

const ACCESS_ACL = "system.posix_acl_access";
const DEFAULT_ACL = "system.posix_acl_default";
/** Prefixes that real restore knows; an unknown index makes it drop the rest of the blob. */
const PREFIXES: readonly (readonly [index: number, prefix: string, whole: boolean])[] = [
  [1, "user.", false],
  [2, ACCESS_ACL, true],
  [3, DEFAULT_ACL, true],
  [4, "trusted.", false],
  [5, "lustre.", false],
  [6, "security.", false],
];

export type LeftOutReason = "unknown-prefix" | "too-long" | "no-room" | "not-an-acl";

/** What the tape cannot carry; a catalog has it all the same. */
export interface LeftOutAttribute {
  readonly name: ByteString;
  readonly reason: LeftOutReason;
}

export interface AttributeBlobs {
  /** In the order they go on tape. */
  readonly blobs: readonly Uint8Array[];
  readonly leftOut: readonly LeftOutAttribute[];
}

interface TapeAttribute {
  readonly full: ByteString;
  readonly index: number;
  readonly name: ByteString;
  readonly value: Uint8Array;
  readonly bytes: number;
}

/**
 * Blobs for the attributes of one inode (bytes of core/attributes.ts). `single` is for directories, of
 * which real restore believes the last record only: all goes in one blob, ACLs first, and what does not
 * fit is left out.
 */
export function encodeAttributeBlobs(attributes: Uint8Array, single: boolean): AttributeBlobs {
  const leftOut: LeftOutAttribute[] = [];
  const ready: TapeAttribute[] = [];
  for (const attribute of decodeAttributes(attributes)) {
    const onTape = toTape(attribute);
    if (typeof onTape === "string") leftOut.push({ name: attribute.name, reason: onTape });
    else ready.push(onTape);
  }
  ready.sort((a, b) => Number(isAcl(b)) - Number(isAcl(a)));
  const blobs: Uint8Array[] = [];
  let group: TapeAttribute[] = [];
  let bytes = HEADER_BYTES + LIST_END_BYTES;
  for (const attribute of ready) {
    if (bytes + attribute.bytes > ATTRIBUTE_BLOB_BYTES_MAX) {
      if (single) {
        leftOut.push({ name: attribute.full, reason: "no-room" });
        continue;
      }
      blobs.push(encodeBlob(group, bytes));
      group = [];
      bytes = HEADER_BYTES + LIST_END_BYTES;
    }
    group.push(attribute);
    bytes += attribute.bytes;
  }
  if (group.length > 0) blobs.push(encodeBlob(group, bytes));
  return { blobs, leftOut };
}

function isAcl(attribute: TapeAttribute): boolean {
  return attribute.index === 2 || attribute.index === 3;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

function toTape({ name, value }: Attribute): TapeAttribute | LeftOutReason {
  for (const [index, prefix, whole] of PREFIXES) {
    if (whole ? name !== prefix : !name.startsWith(prefix)) continue;
    const rest = name.slice(prefix.length);
    const onTape = whole ? aclForTape(value) : value;
    if (onTape === null) return "not-an-acl";
    const bytes = ENTRY_BYTES + padded(rest.length) + padded(onTape.byteLength);
    if (rest.length > 255 || bytes + HEADER_BYTES + LIST_END_BYTES > ATTRIBUTE_BLOB_BYTES_MAX)
      return "too-long";
    return { full: name, index, name: rest, value: onTape, bytes };
  }
  return "unknown-prefix";
}

function encodeBlob(attributes: readonly TapeAttribute[], bytes: number): Uint8Array {
  const out = Buffer.alloc(bytes);
  const view = viewOver(out);
  view.setUint32(0, MAGIC_IN_INODE, true);
  let at = HEADER_BYTES;
  let valueEnd = bytes;
  for (const { index, name, value } of attributes) {
    valueEnd -= padded(value.byteLength);
    out[at] = name.length;
    out[at + 1] = index;
    view.setUint16(at + 2, value.byteLength === 0 ? 0 : valueEnd - HEADER_BYTES, true);
    view.setUint32(at + 8, value.byteLength, true);
    out.write(name, at + ENTRY_BYTES, "latin1");
    out.set(value, valueEnd);
    at += ENTRY_BYTES + padded(name.length);
  }
  return out;
}

/**
 * The attributes of a blob that real dump or Reel wrote, as core/attributes.ts has them but in the blob's
 * order; indexes that no prefix is known for are passed over. Throws `format.damaged`.
 */
export function decodeAttributeBlob(blob: Uint8Array): Attribute[] {
  const view = viewOver(blob);
  const magic = blob.byteLength < 4 ? 0 : view.getUint32(0, true);
  if (magic !== MAGIC_IN_INODE && magic !== MAGIC_BLOCK) throw damaged("no attribute magic");
  const block = magic === MAGIC_BLOCK;
  const valuesFrom = block ? 0 : HEADER_BYTES;
  const attributes: Attribute[] = [];
  let at = block ? 32 : HEADER_BYTES;
  while (at + 4 <= blob.byteLength && view.getUint32(at, true) !== 0) {
    if (at + ENTRY_BYTES > blob.byteLength) throw damaged("an entry past its end");
    const nameBytes = view.getUint8(at);
    const index = view.getUint8(at + 1);
    const valueBytes = view.getUint32(at + 8, true);
    const valueAt = valuesFrom + view.getUint16(at + 2, true);
    if (at + ENTRY_BYTES + nameBytes > blob.byteLength) throw damaged("a name past its end");
    if (valueBytes > 0 && valueAt + valueBytes > blob.byteLength)
      throw damaged("a value past its end");
    const known = PREFIXES.find(([i]) => i === index);
    if (known && view.getUint32(at + 4, true) === 0) {
      const rest = bufferOver(blob).toString(
        "latin1",
        at + ENTRY_BYTES,
        at + ENTRY_BYTES + nameBytes,
      );
      const value =
        valueBytes === 0 ? new Uint8Array(0) : blob.subarray(valueAt, valueAt + valueBytes);
      const fromTape = known[2] ? aclFromTape(value) : value;
      if (fromTape === null) throw damaged("an ACL that is none");
      attributes.push({ name: known[1] + (known[2] ? "" : rest), value: fromTape });
    }
    at += ENTRY_BYTES + padded(nameBytes);
  }
  return attributes;
}

/** Joins the attributes of an inode's records, the later of one name winning, as restore applies them. */
export function joinAttributes(records: readonly (readonly Attribute[])[]): Uint8Array {
  const byName = new Map<ByteString, Attribute>();
  for (const record of records)
    for (const attribute of record) byName.set(attribute.name, attribute);
  return encodeAttributes([...byName.values()]);
}

function damaged(found: string): ReelError {
  return new ReelError("format.damaged", { what: "attribute record on tape", found });
}
