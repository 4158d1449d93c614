// The order of a dump, and nothing else. Phases of ONTAP's dump: I maps the inodes, II writes the maps,
// III the directories and (IIIa) their attributes, IV the files, V closes.
import { Float64Column, Int32Column } from "../core/columns.ts";
import { startPhase } from "../core/progress.ts";
import type { VolumeSource } from "../volume/source.ts";
import { EntryQueue } from "./entry-batch.ts";
import { HeaderTemplate } from "./header-template.ts";
import { mapInodes } from "./inode-maps.ts";
import { LEFT_OUT_LISTED_MAX } from "./inode-stream.ts";
import { writeMaps } from "./phase2-maps.ts";
import { dumpDirectories } from "./phase3-directories.ts";
import { dumpFiles } from "./phase4-files.ts";
import { writeEnd, writeOffsetMap } from "./phase5-end.ts";
import type { DumpOutcome, DumpPlan, EntryBatch } from "./request.ts";
import type { Spool } from "./spool.ts";

/**
 * Writes one image where the tape of `out` stands, up to a whole record and without the filemark behind
 * it. Each inode of the plan comes back in a batch once it is on tape.
 */
export async function* dump(
  source: VolumeSource,
  plan: DumpPlan,
  out: Spool,
): AsyncGenerator<EntryBatch, DumpOutcome> {
  if (plan.progress) startPhase(plan.progress, "I: inode map", "inodes");
  const maps = mapInodes(plan);
  const template = new HeaderTemplate(plan.label);
  const entries = new EntryQueue();
  const offsets = new OffsetColumns(plan.inode);

  await writeMaps(plan, maps, template, out);
  const directories = yield* offsets.noting(
    dumpDirectories(source, plan, maps, template, entries, out),
  );
  const files = yield* offsets.noting(dumpFiles(source, plan, maps, template, entries, out));
  await writeEnd(plan, template, out);
  yield* offsets.noting(entries.onTape(out.written));
  await writeOffsetMap(plan, offsets.inodes, offsets.blocks, out);

  return {
    blocks: out.address,
    extents: out.extents(),
    directories: directories.inodes,
    files: files.inodes,
    contentBytes: files.contentBytes,
    attributesLeftOut: directories.attributesLeftOut + files.attributesLeftOut,
    leftOut: [...directories.leftOut, ...files.leftOut].slice(0, LEFT_OUT_LISTED_MAX),
  };
}

/** Inode → block, gathered from the batches on their way out. */
class OffsetColumns {
  private readonly inodeOf: Uint32Array;
  private readonly inode: Int32Column = new Int32Column(1024);
  private readonly block: Float64Column = new Float64Column(1024);

  constructor(inodeOf: Uint32Array) {
    this.inodeOf = inodeOf;
  }

  get inodes(): Uint32Array {
    return Uint32Array.from(this.inode.finish());
  }

  get blocks(): Float64Array {
    return this.block.finish();
  }

  async *noting<R>(
    batches: AsyncGenerator<EntryBatch, R> | Generator<EntryBatch, R>,
  ): AsyncGenerator<EntryBatch, R> {
    for (;;) {
      const step = await batches.next();
      if (step.done) return step.value;
      const { count, row, block } = step.value;
      for (let i = 0; i < count; i++) {
        if ((block[i] as number) < 0) continue;
        this.inode.push(this.inodeOf[row[i] as number] as number);
        this.block.push(block[i] as number);
      }
      yield step.value;
    }
  }
}
