// How many tape blocks a dump will take, from its walk: before anything is read.
import { TYPE } from "../core/inode.ts";
import { BLOCK_BYTES, BLOCKS_PER_HEADER_MAX } from "./format/record.ts";
import type { InodeMaps } from "./inode-maps.ts";
import type { DumpPlan } from "./request.ts";

/** Bytes of a directory entry before its name, with the NUL and half of the padding. */
const ENTRY_BYTES_MEAN = 10.5;

/** Blocks, headers included, attributes not: within a few per cent. */
export function estimateBlocks(plan: DumpPlan, maps: InodeMaps): number {
  const { walk } = plan;
  let blocks = 1 + 2 * (1 + maps.used.blocks) + plan.label.blockingFactor;
  for (const row of maps.directories) {
    let bytes = 24;
    const first = walk.firstEntry[row] as number;
    for (let entry = first; entry < first + (walk.entryCount[row] as number); entry++) {
      bytes += ENTRY_BYTES_MEAN + (walk.name[entry] as string).length;
    }
    blocks += withHeaders(Math.ceil(bytes / BLOCK_BYTES));
  }
  for (const row of maps.files) {
    const size =
      walk.type[row] === TYPE.file || walk.type[row] === TYPE.symlink
        ? (walk.size[row] as number)
        : 0;
    const full = Math.ceil(size / BLOCK_BYTES);
    const isSparse = walk.type[row] === TYPE.file && (walk.blocks512[row] as number) * 512 < size;
    const data = isSparse ? Math.min(full, Math.ceil((walk.blocks512[row] as number) / 2)) : full;
    blocks += data + withHeaders(full) - full;
  }
  return blocks;
}

function withHeaders(blocks: number): number {
  return blocks + Math.max(1, Math.ceil(blocks / BLOCKS_PER_HEADER_MAX));
}
