// Phase IV: everything that is no directory, in rising inode order.
import { startPhase } from "../core/progress.ts";
import type { VolumeSource } from "../volume/source.ts";
import type { EntryQueue } from "./entry-batch.ts";
import type { HeaderTemplate } from "./header-template.ts";
import type { InodeMaps } from "./inode-maps.ts";
import { InodeStream } from "./inode-stream.ts";
import type { DumpPlan, EntryBatch } from "./request.ts";
import type { Spool } from "./spool.ts";

export async function* dumpFiles(
  source: VolumeSource,
  plan: DumpPlan,
  maps: InodeMaps,
  template: HeaderTemplate,
  entries: EntryQueue,
  out: Spool,
): AsyncGenerator<EntryBatch, InodeStream> {
  if (plan.progress) startPhase(plan.progress, "IV: files", "files", maps.files.length);
  const stream = new InodeStream(plan, out, template, entries, null);
  yield* writeContents(source, plan, maps.files, stream, entries, out);
  return stream;
}

/** Reads the rows from the source and writes them through `stream`; gives out what is on tape. */
export async function* writeContents(
  source: VolumeSource,
  plan: DumpPlan,
  rows: Int32Array,
  stream: InodeStream,
  entries: EntryQueue,
  out: Spool,
): AsyncGenerator<EntryBatch, void> {
  out.onShift = (address) => {
    stream.shift(address);
    entries.shift(address);
  };
  if (rows.length === 0) return;
  for await (const batch of source.read(plan.walk, rows, plan.progress)) {
    try {
      stream.begin();
      while (!stream.consume(batch)) {
        await out.flush();
        yield* entries.onTape(out.written);
      }
    } finally {
      batch.release();
    }
    entries.seal();
    yield* entries.onTape(out.written);
  }
}
