// POSIX ACLs in their two binary forms: as the getxattr call gives them (version 2, eight bytes an entry)
// and as ext file systems and dump tapes store them (version 1, four bytes, eight with an id).
import { EMPTY } from "../../core/bytes.ts";
import { viewOver } from "./record.ts";

const CALL_VERSION = 2;
const TAPE_VERSION = 1;
const NAMED_USER = 2;
const NAMED_GROUP = 8;
const NO_ID = 0xffff_ffff;

function isTag(tag: number): boolean {
  return (
    tag === 1 ||
    tag === NAMED_USER ||
    tag === 4 ||
    tag === NAMED_GROUP ||
    tag === 0x10 ||
    tag === 0x20
  );
}

/** Null for what is not an ACL. */
export function aclForTape(value: Uint8Array): Uint8Array | null {
  if (value.byteLength < 4 || (value.byteLength - 4) % 8 !== 0) return null;
  const from = viewOver(value);
  if (from.getUint32(0, true) !== CALL_VERSION) return null;
  const out = new Uint8Array(value.byteLength);
  const to = viewOver(out);
  to.setUint32(0, TAPE_VERSION, true);
  let length = 4;
  for (let at = 4; at < value.byteLength; at += 8) {
    const tag = from.getUint16(at, true);
    if (!isTag(tag)) return null;
    to.setUint16(length, tag, true);
    to.setUint16(length + 2, from.getUint16(at + 2, true), true);
    length += 4;
    if (tag === NAMED_USER || tag === NAMED_GROUP) {
      to.setUint32(length, from.getUint32(at + 4, true), true);
      length += 4;
    }
  }
  return out.subarray(0, length);
}

/** The value for setxattr; null for what is not an ACL. No entries (a removed ACL) are no bytes. */
export function aclFromTape(value: Uint8Array): Uint8Array | null {
  if (value.byteLength === 0) return EMPTY;
  if (value.byteLength < 4) return null;
  const from = viewOver(value);
  if (from.getUint32(0, true) !== TAPE_VERSION) return null;
  const out = new Uint8Array(4 + (value.byteLength - 4) * 2);
  const to = viewOver(out);
  to.setUint32(0, CALL_VERSION, true);
  let length = 4;
  for (let at = 4; at < value.byteLength; ) {
    if (at + 4 > value.byteLength) return null;
    const tag = from.getUint16(at, true);
    if (!isTag(tag)) return null;
    const named = tag === NAMED_USER || tag === NAMED_GROUP;
    if (named && at + 8 > value.byteLength) return null;
    to.setUint16(length, tag, true);
    to.setUint16(length + 2, from.getUint16(at + 2, true), true);
    to.setUint32(length + 4, named ? from.getUint32(at + 4, true) : NO_ID, true);
    length += 8;
    at += named ? 8 : 4;
  }
  return out.subarray(0, length);
}
