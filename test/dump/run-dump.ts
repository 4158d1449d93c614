// Runs the engine to a drive and keeps copies of its batches.
import { dump } from "../../src/dump/engine.ts";
import type { DumpOutcome, DumpPlan, StreamLabel } from "../../src/dump/request.ts";
import { Spool } from "../../src/dump/spool.ts";
import type { NextTape } from "../../src/dump/tape-change.ts";
import type { Drive } from "../../src/tape/drive.ts";
import { openPlainDrive } from "../../src/tape/plain-drive.ts";
import type { VolumeSource } from "../../src/volume/source.ts";

export function testLabel(over: Partial<StreamLabel> = {}): StreamLabel {
  const label = {
    date: 1_700_000_000,
    baseDate: 0,
    level: 0,
    label: "reel",
    filesystem: "/v",
    device: "memory",
    host: "h",
    blockingFactor: 64,
    ...over,
  };
  const words = {
    imageId: "1".repeat(40),
    baseImageId: "0".repeat(40),
    volumeUuid: "a".repeat(32),
    date: label.date,
    baseDate: label.baseDate,
  };
  return { words, ...label };
}

export interface Written {
  readonly row: number;
  readonly inode: number;
  readonly status: number;
  readonly block: number;
  readonly digest: string;
  readonly target: string;
  readonly attributes: Uint8Array;
  readonly errno: string | undefined;
}

export interface DumpRun {
  readonly outcome: DumpOutcome;
  readonly entries: readonly Written[];
}

export async function runDump(
  source: VolumeSource,
  plan: DumpPlan,
  drive: Drive,
  nextTape?: NextTape,
): Promise<DumpRun> {
  const spool = new Spool(
    { drive, label: drive.name },
    { blockingFactor: plan.label.blockingFactor, ...(nextTape ? { nextTape } : {}) },
  );
  const entries: Written[] = [];
  const batches = dump(source, plan, spool);
  for (;;) {
    const step = await batches.next();
    if (step.done) {
      await spool.drive.mark();
      await spool.drive.sync();
      return { outcome: step.value, entries };
    }
    const batch = step.value;
    for (let i = 0; i < batch.count; i++) {
      const row = batch.row[i] as number;
      const targetAt = batch.targetStart[i] as number;
      const attributesAt = batch.attributesStart[i] as number;
      entries.push({
        row,
        inode: plan.inode[row] as number,
        status: batch.status[i] as number,
        block: batch.block[i] as number,
        digest: Buffer.from(batch.digest.subarray(i * 32, i * 32 + 32)).toString("hex"),
        target: Buffer.from(
          batch.bytes.subarray(targetAt, targetAt + (batch.targetLength[i] as number)),
        ).toString("latin1"),
        attributes: batch.bytes.slice(
          attributesAt,
          attributesAt + (batch.attributesLength[i] as number),
        ),
        errno: batch.errnos.get(i),
      });
    }
  }
}

/** Dumps to a plain file; gives the run. */
export async function dumpToFile(
  source: VolumeSource,
  plan: DumpPlan,
  path: string,
): Promise<DumpRun> {
  const drive = openPlainDrive(path, {
    write: true,
    recordBytes: plan.label.blockingFactor * 1024,
  });
  try {
    return await runDump(source, plan, drive);
  } finally {
    await drive.close();
  }
}
