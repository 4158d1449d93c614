// Phases III and IIIa: the directories in rising inode order, each with all its entries of the walk and
// followed by its attributes.
import { startPhase } from "../core/progress.ts";
import type { VolumeSource } from "../volume/source.ts";
import type { EntryQueue } from "./entry-batch.ts";
import { DirectoryWriter } from "./format/directory.ts";
import type { HeaderTemplate } from "./header-template.ts";
import type { InodeMaps } from "./inode-maps.ts";
import { InodeStream } from "./inode-stream.ts";
import { writeContents } from "./phase4-files.ts";
import type { DumpPlan, EntryBatch } from "./request.ts";
import type { Spool } from "./spool.ts";

export async function* dumpDirectories(
  source: VolumeSource,
  plan: DumpPlan,
  maps: InodeMaps,
  template: HeaderTemplate,
  entries: EntryQueue,
  out: Spool,
): AsyncGenerator<EntryBatch, InodeStream> {
  if (plan.progress)
    startPhase(plan.progress, "III: directories", "directories", maps.directories.length);
  const writer = new DirectoryWriter();
  const stream = new InodeStream(plan, out, template, entries, (row) =>
    directoryBytes(plan, row, writer),
  );
  yield* writeContents(source, plan, maps.directories, stream, entries, out);
  return stream;
}

function directoryBytes(plan: DumpPlan, row: number, writer: DirectoryWriter): Uint8Array {
  const { walk, inode } = plan;
  const parent = row === 0 ? 0 : (walk.parent[row] as number);
  writer.begin(inode[row] as number, inode[parent] as number);
  const first = walk.firstEntry[row] as number;
  const end = first + (walk.entryCount[row] as number);
  for (let entry = first; entry < end; entry++) {
    writer.add(inode[entry] as number, walk.type[entry] as number, walk.name[entry] as string);
  }
  for (const kept of plan.keptNames?.get(row) ?? []) writer.add(kept.inode, kept.type, kept.name);
  return writer.finish();
}
