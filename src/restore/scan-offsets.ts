// Looks for the offset map behind the last TS_END of an image.
import { ReelError } from "../core/errors.ts";
import { decodeOffsetMap, type OffsetMap } from "../dump/format/offset-map.ts";
import { checkedOffsetMap, decodeOffsetDescriptor } from "../dump/format/offset-section.ts";
import { BLOCK_BYTES } from "../dump/format/record.ts";
import type { BlockState, BlockStream } from "./block-stream.ts";
import { Collector } from "./collector.ts";

/** An offset map of 2^28 inodes at 3 bytes. */
const OFFSET_MAP_BYTES_MAX = 768 * 1024 * 1024;

export interface FoundOffsets {
  readonly offsets: OffsetMap | null;
  /** Address behind the last block of the tape file. */
  readonly end: number;
  /** Where the descriptor was, and what is wrong with what follows it. */
  readonly at: number;
  readonly damage: string | null;
}

/** The scan's own place: `changeTape` goes on behind the header of the next tape, and gives that address. */
export interface OffsetSource {
  readonly stream: () => BlockStream;
  readonly load: (block: number) => Promise<BlockState>;
  readonly changeTape: (block: number) => Promise<number | null>;
}

/** Reads to the end of the tape file: nothing else follows TS_END in it. `expected`: Reel wrote the image. */
export async function findOffsets(
  source: OffsetSource,
  from: number,
  expected: boolean,
): Promise<FoundOffsets> {
  const { stream, load } = source;
  let block = from;
  let changes = 0;
  /** The state of `block`, or of the block it goes on with on the next tape. */
  async function follow(): Promise<BlockState> {
    const state = await load(block);
    if (state !== "end") return state;
    const next = await source.changeTape(block);
    if (next === null) return "end";
    block = next;
    changes++;
    return load(block);
  }

  let state = await load(block);
  let followed = false;
  for (;;) {
    if (state === "end") {
      if (!expected || followed) return { offsets: null, end: block, at: from, damage: null };
      followed = true;
      state = await follow();
      continue;
    }
    const descriptor =
      state === "ready" ? decodeOffsetDescriptor(stream().bytes, stream().at(block)) : null;
    if (descriptor === null) {
      block++;
      state = await load(block);
      continue;
    }
    const at = block;
    changes = 0;
    const collector = new Collector(OFFSET_MAP_BYTES_MAX);
    for (let i = 0; i < descriptor.mapBlocks; i++) {
      block++;
      state = await follow();
      if (state !== "ready") break;
      collector.data(i * BLOCK_BYTES, stream().bytes, stream().at(block), BLOCK_BYTES);
    }
    let offsets: OffsetMap | null = null;
    let damage: string | null = null;
    try {
      offsets = decodeOffsetMap(checkedOffsetMap(descriptor, collector.bytes));
    } catch (error) {
      if (!(error instanceof ReelError)) throw error;
      damage = error.message;
    }
    // The descriptor stands again as the last block, and zeros may fill its record on another tape.
    while (state !== "end") {
      block++;
      state = block <= at + descriptor.span + changes ? await follow() : await load(block);
    }
    return { offsets, end: block, at, damage };
  }
}
