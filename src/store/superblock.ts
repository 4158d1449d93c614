// The superblock: what never changes in a store. One lies in the file `superblock`, a copy at the head of
// every other store file; any good one opens the store. docs/format/store.md, section 2. Big-endian:
//   0  8  "ReelStor"        12 20  catalog id             33  …  words: length (1), ASCII
//   8  2  format version    32  1  number of words        …   …  zeros up to 508
//  10  2  512, its length                                508  4  CRC-32 of bytes 0–507
import { crc32 } from "node:zlib";
import { ByteReader, ByteWriter } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { HEADER_BYTES } from "./layout.ts";

export const STORE_FORMAT_VERSION = 1;
/** The requirement word that every store of this version carries. */
export const GROUPS_REQUIREMENT = "groups";
const MAGIC = Buffer.from("ReelStor", "latin1");
const CRC_AT = HEADER_BYTES - 4;
const CATALOG_ID_BYTES = 20;
/** As many as fit: 508 - 33 bytes for words of at most 1 + 32 bytes each. */
const WORD_BYTES_MAX = 32;

export interface Superblock {
  /** 40 hex digits. */
  readonly catalogId: string;
  readonly requirements: readonly string[];
}

/** 512 bytes. Throws `store.bad-requirement` for a word that cannot be written down. */
export function encodeSuperblock(superblock: Superblock): Uint8Array {
  const out = new ByteWriter(HEADER_BYTES);
  out.put(MAGIC);
  out.u16be(STORE_FORMAT_VERSION);
  out.u16be(HEADER_BYTES);
  out.hex(superblock.catalogId);
  out.u8(superblock.requirements.length);
  for (const word of superblock.requirements) {
    if (
      !/^[a-z0-9.=-]+$/.test(word) ||
      word.length > WORD_BYTES_MAX ||
      out.length + 1 + word.length > CRC_AT
    ) {
      throw new ReelError("store.bad-requirement", { found: word });
    }
    out.u8(word.length);
    out.byteString(word);
  }
  out.zeros(CRC_AT - out.length);
  out.u32be(crc32(out.finish()));
  return out.finish();
}

/**
 * The superblock in the first 512 bytes, or undefined if they are no good one (too short, another magic,
 * wrong checksum): then another copy serves. Throws `store.newer-format` for a good one of a later version.
 */
export function decodeSuperblock(bytes: Uint8Array): Superblock | undefined {
  if (bytes.byteLength < HEADER_BYTES) return undefined;
  const input = new ByteReader(bytes, "superblock", 0, HEADER_BYTES);
  if (!MAGIC.equals(input.slice(MAGIC.byteLength))) return undefined;
  if (crc32(bytes.subarray(0, CRC_AT)) !== input.view.getUint32(CRC_AT)) return undefined;
  const version = input.u16be();
  if (version > STORE_FORMAT_VERSION) {
    throw new ReelError("store.newer-format", { found: version, expected: STORE_FORMAT_VERSION });
  }
  if (version < 1 || input.u16be() !== HEADER_BYTES) return undefined;
  const catalogId = Buffer.from(input.slice(CATALOG_ID_BYTES)).toString("hex");
  const requirements: string[] = [];
  for (let left = input.u8(); left > 0; left--) {
    const length = input.u8();
    if (length > CRC_AT - input.at) return undefined;
    requirements.push(input.byteString(length));
  }
  return { catalogId, requirements };
}

/** Throws `store.unknown-requirement` naming the first word that is not understood. */
export function checkRequirements(superblock: Superblock, understood: readonly string[]): void {
  for (const word of superblock.requirements) {
    if (!understood.includes(word))
      throw new ReelError("store.unknown-requirement", { found: word });
  }
}
