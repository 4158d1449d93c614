// Phase II: the volume header, the map of inodes in use, the map of inodes on this tape.
import { startPhase } from "../core/progress.ts";
import type { InodeMap } from "./format/inode-map.ts";
import { BLOCKS_PER_HEADER_MAX, MAP_AT, RECORD } from "./format/record.ts";
import type { HeaderTemplate } from "./header-template.ts";
import type { InodeMaps } from "./inode-maps.ts";
import type { DumpPlan } from "./request.ts";
import type { Spool } from "./spool.ts";

export async function writeMaps(
  plan: DumpPlan,
  maps: InodeMaps,
  template: HeaderTemplate,
  out: Spool,
): Promise<void> {
  if (plan.progress) startPhase(plan.progress, "II: inode maps", "blocks", 2 * maps.used.blocks);
  out.begin(template);
  await writeMap(RECORD.clri, maps.used, template, out);
  await writeMap(RECORD.bits, maps.dumped, template, out);
}

/** One header for the whole map, as dump has it: real restore takes c_count over 512 for maps. */
async function writeMap(
  type: number,
  map: InodeMap,
  template: HeaderTemplate,
  out: Spool,
): Promise<void> {
  template.setSize(map.bytes.byteLength);
  const at = out.takeHeader(0, map.blocks);
  template.put(out.buffer, out.view, at, type, map.blocks);
  out.buffer.fill(1, at + MAP_AT, at + MAP_AT + Math.min(map.blocks, BLOCKS_PER_HEADER_MAX));
  template.seal(out.view, at, out.addressOf(at));
  await out.putData(map.bytes);
}
