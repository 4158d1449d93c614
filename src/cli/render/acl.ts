// Attributes of an inode for people: POSIX ACLs decoded, other values as text or hex.
import type { Attribute } from "../../core/attributes.ts";
import { byteString, type ByteString } from "../../core/bytes.ts";
import { bytesToText } from "./text.ts";

const ACL_NAMES: Readonly<Record<string, string>> = {
  "system.posix_acl_access": "acl",
  "system.posix_acl_default": "default acl",
};
const ACL_VERSION = 2;
const HEADER_BYTES = 4;
const ENTRY_BYTES = 8;

/** Tags of an entry, in the order that getfacl prints them: what they are called, and whether an id belongs to them. */
const TAGS: Readonly<Record<number, readonly [string, boolean]>> = {
  0x01: ["user", false],
  0x02: ["user", true],
  0x04: ["group", false],
  0x08: ["group", true],
  0x10: ["mask", false],
  0x20: ["other", false],
};

/** "user::rw- user:1000:r-- group::r-- mask::r-- other::---"; null if the bytes are no ACL. */
export function decodeAcl(value: Uint8Array): string | null {
  if (value.byteLength < HEADER_BYTES || (value.byteLength - HEADER_BYTES) % ENTRY_BYTES !== 0)
    return null;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (view.getUint32(0, true) !== ACL_VERSION) return null;
  const entries: string[] = [];
  for (let at = HEADER_BYTES; at < value.byteLength; at += ENTRY_BYTES) {
    const tag = TAGS[view.getUint16(at, true)];
    if (tag === undefined) return null;
    const [name, hasId] = tag;
    const bits = view.getUint16(at + 2, true);
    const id = hasId ? String(view.getUint32(at + 4, true)) : "";
    entries.push(
      `${name}:${id}:${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`,
    );
  }
  return entries.join(" ");
}

/** What an attribute is called and holds: an ACL by its short name, text in quotes, anything else in hex. */
export function showAttribute({ name, value }: Attribute): {
  readonly name: ByteString;
  readonly value: ByteString;
} {
  const aclName = ACL_NAMES[name];
  const acl = aclName === undefined ? null : decodeAcl(value);
  if (aclName !== undefined && acl !== null) return { name: aclName, value: acl };
  return { name, value: showValue(value) };
}

const HEX_BYTES_SHOWN = 64;

function showValue(value: Uint8Array): ByteString {
  const bytes = byteString(value);
  if (/^[\x20-\x7e\xa0-\xff]*$/.test(bytes) && !/[\ud800-\udfff]/.test(bytesToText(bytes)))
    return JSON.stringify(bytes);
  const hex = Buffer.from(value.subarray(0, HEX_BYTES_SHOWN)).toString("hex");
  return value.byteLength > HEX_BYTES_SHOWN
    ? `0x${hex}... (${value.byteLength} bytes)`
    : `0x${hex}`;
}
