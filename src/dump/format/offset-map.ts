// The offset map: inode → tape block of its TS_INODE within the image. One byte 1 (version), varint count,
// then a column of inodes and a column of blocks, in the order of the blocks: for inodes the zigzag
// varint of the difference to the one before (the first to 0), for blocks the varint of the difference
// minus 1 (the first as it is). A dump writes directories and then the rest in rising inode order, so that
// most inodes take one byte and most blocks one or two. One map has one encoding.
import { ByteReader, ByteWriter } from "../../core/bytes.ts";
import { ReelError } from "../../core/errors.ts";

const VERSION = 1;

/** Ascending by inode, without repeats. */
export interface OffsetMap {
  readonly inodes: Uint32Array;
  readonly blocks: Float64Array;
}

/** The pairs may come in any order. No inode and no block stands twice. */
export function encodeOffsetMap(inodes: Uint32Array, blocks: Float64Array): Uint8Array {
  const order = orderOf(blocks);
  const out = new ByteWriter(16 + inodes.length * 3);
  out.u8(VERSION);
  out.varint(inodes.length);
  let previous = 0;
  for (let i = 0; i < inodes.length; i++) {
    const inode = inodes[order === null ? i : (order[i] as number)] as number;
    out.svarint(inode - previous);
    previous = inode;
  }
  previous = -1;
  for (let i = 0; i < blocks.length; i++) {
    const block = blocks[order === null ? i : (order[i] as number)] as number;
    out.varint(block - previous - 1);
    previous = block;
  }
  return out.finish();
}

/** Throws `format.damaged` or `format.truncated`; refuses what `encodeOffsetMap` would write otherwise. */
export function decodeOffsetMap(bytes: Uint8Array): OffsetMap {
  const input = new ByteReader(bytes, "offset map");
  const version = input.u8();
  if (version !== VERSION) throw damaged(`version ${version}`);
  const count = input.varint();
  if (count * 2 > input.remaining) throw damaged(`${count} entries in ${input.remaining} bytes`);
  const inodes = new Uint32Array(count);
  const blocks = new Float64Array(count);
  let inode = 0;
  for (let i = 0; i < count; i++) {
    inode += shortest(input, true);
    if (!(inode >= 0 && inode <= 0xffff_ffff)) throw damaged(`inode ${inode}`);
    inodes[i] = inode;
  }
  let block = -1;
  for (let i = 0; i < count; i++) {
    block += shortest(input, false) + 1;
    if (block > Number.MAX_SAFE_INTEGER) throw damaged(`block ${block}`);
    blocks[i] = block;
  }
  if (input.remaining > 0) throw damaged(`${input.remaining} bytes after its end`);
  return sortedByInode(inodes, blocks);
}

/** Tape block of an inode's TS_INODE within the image; -1 when the map does not have it. */
export function blockOfInode(map: OffsetMap, inode: number): number {
  let low = 0;
  let high = map.inodes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((map.inodes[middle] as number) < inode) low = middle + 1;
    else high = middle;
  }
  return map.inodes[low] === inode ? (map.blocks[low] as number) : -1;
}

/** A varint whose last byte is 0 has a shorter form. */
function shortest(input: ByteReader, signed: boolean): number {
  const from = input.at;
  const value = signed ? input.svarint() : input.varint();
  if (input.at - from > 1 && input.bytes[input.at - 1] === 0)
    throw damaged("an integer longer than it need be");
  return value;
}

/** Places of the values in ascending order; null when they are in order already. */
function orderOf(values: ArrayLike<number>): Uint32Array | null {
  let rising = true;
  for (let i = 1; i < values.length && rising; i++)
    rising = (values[i - 1] as number) < (values[i] as number);
  if (rising) return null;
  const order = new Uint32Array(values.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  return order.sort((a, b) => (values[a] as number) - (values[b] as number));
}

function sortedByInode(inodes: Uint32Array, blocks: Float64Array): OffsetMap {
  const order = orderOf(inodes);
  if (order === null) return { inodes, blocks };
  const sorted = {
    inodes: new Uint32Array(inodes.length),
    blocks: new Float64Array(blocks.length),
  };
  for (let i = 0; i < order.length; i++) {
    sorted.inodes[i] = inodes[order[i] as number] as number;
    sorted.blocks[i] = blocks[order[i] as number] as number;
    if (i > 0 && sorted.inodes[i] === sorted.inodes[i - 1])
      throw damaged(`inode ${sorted.inodes[i]} twice`);
  }
  return sorted;
}

function damaged(found: string): ReelError {
  return new ReelError("format.damaged", { what: "offset map", found });
}
