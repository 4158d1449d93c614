// The offset map on tape, after the last TS_END, where real restore does not look: a descriptor block,
// the map in whole blocks, zeros, and the descriptor again as the last block of the last record, so that
// a reader finds it from either end. Little endian.
//    0  8 "REELOMAP"        16  8 bytes of the map           64 20 image id
//    8  2 version, 1        24  4 blocks from the first      84 12 zero
//   10  2 zero                    descriptor to the last     96 32 SHA-256 of bytes 0 to 95
//   12  4 blocks of the map 28  4 zero                      128    zero
//                           32 32 SHA-256 of the map
import { bufferOver, byteString } from "../../core/bytes.ts";
import { ReelError } from "../../core/errors.ts";
import { sha256 } from "../../core/hash.ts";
import { BLOCK_BYTES, viewOver } from "./record.ts";

const MAGIC_TEXT = "REELOMAP";
const VERSION = 1;
const CHECKED_BYTES = 96;

export interface OffsetDescriptor {
  readonly mapBytes: number;
  readonly mapBlocks: number;
  /** Blocks from the first descriptor to the last; a tape's own volume header between them not counted. */
  readonly span: number;
  readonly imageId: string;
  readonly digest: Uint8Array;
}

/**
 * The whole section: its blocks and `address`, the block address it begins at, end with a record of
 * `blockingFactor` blocks.
 */
export function encodeOffsetSection(
  map: Uint8Array,
  imageId: string,
  address: number,
  blockingFactor: number,
): Uint8Array {
  const mapBlocks = Math.ceil(map.byteLength / BLOCK_BYTES);
  const wanted = mapBlocks + 2;
  const blocks = Math.ceil((address + wanted) / blockingFactor) * blockingFactor - address;
  const out = Buffer.alloc(blocks * BLOCK_BYTES);
  const view = viewOver(out);
  out.write(MAGIC_TEXT, 0, "latin1");
  view.setUint16(8, VERSION, true);
  view.setUint32(12, mapBlocks, true);
  view.setUint32(16, map.byteLength % 0x1_0000_0000, true);
  view.setUint32(20, Math.floor(map.byteLength / 0x1_0000_0000), true);
  view.setUint32(24, blocks - 1, true);
  out.set(sha256(map), 32);
  out.write(imageId, 64, 20, "hex");
  out.set(sha256(out.subarray(0, CHECKED_BYTES)), CHECKED_BYTES);
  out.set(map, BLOCK_BYTES);
  out.copyWithin((blocks - 1) * BLOCK_BYTES, 0, BLOCK_BYTES);
  return out;
}

/** Null when the block at `at` is no descriptor, or a damaged one. */
export function decodeOffsetDescriptor(bytes: Uint8Array, at = 0): OffsetDescriptor | null {
  if (at < 0 || at + BLOCK_BYTES > bytes.byteLength) return null;
  const block = bytes.subarray(at, at + BLOCK_BYTES);
  if (byteString(block.subarray(0, 8)) !== MAGIC_TEXT) return null;
  const view = viewOver(block);
  if (view.getUint16(8, true) !== VERSION) return null;
  const check = sha256(block.subarray(0, CHECKED_BYTES));
  if (bufferOver(check).compare(block, CHECKED_BYTES, CHECKED_BYTES + 32) !== 0) return null;
  const mapBlocks = view.getUint32(12, true);
  const mapBytes = view.getUint32(20, true) * 0x1_0000_0000 + view.getUint32(16, true);
  if (mapBytes > mapBlocks * BLOCK_BYTES) return null;
  return {
    mapBytes,
    mapBlocks,
    span: view.getUint32(24, true),
    imageId: bufferOver(block).toString("hex", 64, 84),
    digest: Uint8Array.from(block.subarray(32, 64)),
  };
}

/** Cuts the map out of the blocks after the descriptor; throws `format.damaged` when its digest differs. */
export function checkedOffsetMap(descriptor: OffsetDescriptor, blocks: Uint8Array): Uint8Array {
  const map = blocks.subarray(0, descriptor.mapBytes);
  if (
    map.byteLength < descriptor.mapBytes ||
    bufferOver(sha256(map)).compare(descriptor.digest) !== 0
  ) {
    throw new ReelError("format.damaged", {
      what: "offset map on tape",
      found: "its SHA-256 differs",
    });
  }
  return map;
}
