// Phase V: TS_END to the end of the record, then the offset map, which real restore does not look at.
import { startPhase } from "../core/progress.ts";
import { RECORD } from "./format/record.ts";
import { encodeOffsetMap } from "./format/offset-map.ts";
import { encodeOffsetSection } from "./format/offset-section.ts";
import type { HeaderTemplate } from "./header-template.ts";
import type { DumpPlan } from "./request.ts";
import { SEGMENT_BLOCKS_MAX, type Spool } from "./spool.ts";

/** At least one TS_END, even where a record is full already. All before them is on tape afterwards. */
export async function writeEnd(
  plan: DumpPlan,
  template: HeaderTemplate,
  out: Spool,
): Promise<void> {
  if (plan.progress) startPhase(plan.progress, "V: end", "blocks");
  if (out.room < SEGMENT_BLOCKS_MAX) await out.flush();
  template.clearInode();
  const ends = out.blockingFactor - (out.address % out.blockingFactor);
  for (let i = 0; i < ends; i++) putEnd(template, out);
  await out.flush();
  // A volume header that came in with a change of tapes has made the last record short of being whole.
  while (out.written < out.address) {
    putEnd(template, out);
    await out.flush();
  }
}

function putEnd(template: HeaderTemplate, out: Spool): void {
  const at = out.takeHeader(0, 0);
  template.put(out.buffer, out.view, at, RECORD.end, 0);
  template.seal(out.view, at, out.addressOf(at));
}

/** Where each inode lies, as the batches said; the encoded map, whole records long. */
export async function writeOffsetMap(
  plan: DumpPlan,
  inodes: Uint32Array,
  blocks: Float64Array,
  out: Spool,
): Promise<void> {
  const map = encodeOffsetMap(inodes, blocks);
  const section = encodeOffsetSection(
    map,
    plan.label.words.imageId,
    out.address,
    out.blockingFactor,
  );
  await out.putData(section);
  await out.flush();
  if (out.written < out.address) await padRecord(out);
}

/** After a change of tapes within the section. */
async function padRecord(out: Spool): Promise<void> {
  const zeros = new Uint8Array(1024);
  while (out.written < out.address) {
    await out.putData(zeros);
    await out.flush();
  }
}
