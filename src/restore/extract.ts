// Carries out a plan: directories, what needs no tape, then tape after tape, links, and directories again.
// All decisions are in the plan; what turns out otherwise is listed in the report and the rest goes on.
import { setImmediate as immediate } from "node:timers/promises";
import type { ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { TYPE, type InodeType } from "../core/inode.ts";
import { startPhase } from "../core/progress.ts";
import type { Drive } from "../tape/drive.ts";
import { createFile, type Extraction, type ExtractOptions } from "./extraction.ts";
import {
  finishDirectories,
  finishNode,
  finishOpen,
  makeLinks,
  NO_ACCESS_TIME,
  note,
} from "./finish.ts";
import type { PlannedMount, RestorePlan } from "./plan.ts";
import { newTally, type RestoreReport } from "./report.ts";
import type { WantedEntry } from "./request.ts";
import { errnoName } from "./system-calls.ts";
import { restoreFromTape } from "./tape-pass.ts";
import { lastComponent, type Target } from "./target.ts";

/** Names made without a turn of the event loop, for signals: some 5 ms. */
const NAMES_PER_TURN = 512;

/** Gives the drive with that tape in it; `extract` spaces to the files itself, and closes it. */
export type OpenTape = (label: string) => Promise<Drive>;

/**
 * Restores into `target`, which the caller opens and closes. Throws `restore.wrong-image`,
 * `restore.write-failed`, `restore.interrupted` and what the drive throws; after any of them a run with
 * `resume` goes on.
 */
export async function extract(
  plan: RestorePlan,
  openTape: OpenTape,
  target: Target,
  options: ExtractOptions = {},
): Promise<RestoreReport> {
  const tally = newTally();
  const count = plan.entries.length;
  const extraction: Extraction = {
    plan,
    target,
    options,
    tally,
    made: new Uint8Array(count),
    kept: new Uint8Array(count),
    pending: new Map(),
  };
  for (const { path, what } of plan.problems) note(tally, "plan", path, what);
  try {
    makeDirectories(extraction);
    await makeUntaped(extraction);
    if (options.resume) await findKept(extraction);
    if (options.progress) startPhase(options.progress, "files", "files", plan.totals.filesFromTape);
    for (const mount of plan.mounts) await useTape(extraction, mount, openTape);
    abandonPending(extraction);
    makeLinks(plan, target, (entry) => extraction.made[entry] === 0, tally);
    finishDirectories(plan, target, tally);
  } finally {
    for (const { writer } of extraction.pending.values()) writer.close();
  }
  return tally;
}

function makeDirectories({ plan, target, tally }: Extraction): void {
  target.makeDirectories(plan.directories, (index, why) => {
    const path = plan.directories[index]?.path ?? "";
    note(tally, "create", path, `directory: ${why}`);
  });
}

async function makeUntaped(extraction: Extraction): Promise<void> {
  const { plan, options } = extraction;
  let names = 0;
  for (const index of plan.untaped) {
    if (++names % NAMES_PER_TURN === 0) {
      await immediate();
      if (options.signal?.aborted) throw new ReelError("restore.interrupted");
    }
    const entry = plan.entries[index] as WantedEntry;
    if (entry.type === TYPE.file) makeEmptyFile(extraction, index, entry);
    else makeNode(extraction, index, entry);
  }
}

function makeEmptyFile(extraction: Extraction, index: number, entry: WantedEntry): void {
  const writer = createFile(extraction, index, entry);
  if (writer === null) return;
  const { plan, target, tally } = extraction;
  const clean = target.mayInherit(plan.directoryOf[index] as number);
  finishOpen(target.calls, writer.fd, entry, NO_ACCESS_TIME, clean, tally);
  writer.close();
  extraction.tally.files++;
}

const NODE_TYPE_BITS: Readonly<Partial<Record<InodeType, number>>> = {
  [TYPE.fifo]: 0o010000,
  [TYPE.char]: 0o020000,
  [TYPE.block]: 0o060000,
  [TYPE.socket]: 0o140000,
};

function makeNode(
  { plan, target, tally, made }: Extraction,
  index: number,
  entry: WantedEntry,
): void {
  const { calls } = target;
  const name = lastComponent(entry.path);
  const directory = plan.directoryOf[index] as number;
  const result = target.make(directory, name, (at) =>
    entry.type === TYPE.symlink
      ? calls.makeSymlink(entry.target ?? "", at, name)
      : calls.makeNode(
          at,
          name,
          (NODE_TYPE_BITS[entry.type] ?? 0) | 0o600,
          entry.rdevMajor,
          entry.rdevMinor,
        ),
  );
  if (result < 0) {
    note(tally, "create", entry.path, errnoName(result));
    return;
  }
  finishNode(calls, target.directory(directory), name, entry, target.mayInherit(directory), tally);
  made[index] = 1;
  tally.others++;
}

/** The time is set last, when the content was right: a file that has it is whole. */
async function findKept({ plan, target, tally, made, kept, options }: Extraction): Promise<void> {
  let names = 0;
  for (const mount of plan.mounts) {
    for (const pass of mount.passes) {
      for (const run of pass.runs) {
        for (const index of run.reads) {
          if (++names % NAMES_PER_TURN === 0) {
            await immediate();
            if (options.signal?.aborted) throw new ReelError("restore.interrupted");
          }
          if (
            !stands(target, plan.directoryOf[index] as number, plan.entries[index] as WantedEntry)
          )
            continue;
          kept[index] = made[index] = 1;
          tally.kept++;
          if (options.progress) options.progress.done++;
        }
      }
    }
  }
}

function stands(target: Target, directory: number, entry: WantedEntry): boolean {
  const at = target.directory(directory);
  if (at < 0) return false;
  const status = target.calls.status(at, lastComponent(entry.path));
  return (
    typeof status !== "number" &&
    status.mode === (0o100000 | (entry.mode & 0o7777)) &&
    status.size === entry.size &&
    status.mtime === entry.mtime &&
    status.mtimeNs === entry.mtimeNs &&
    status.uid === entry.uid &&
    status.gid === entry.gid
  );
}

/** Mounts the tape if anything on it is still needed. */
async function useTape(
  extraction: Extraction,
  mount: PlannedMount,
  openTape: OpenTape,
): Promise<void> {
  const { plan, tally, options, kept, pending } = extraction;
  const wanted: number[] = [];
  let goesOn = false;
  for (const pass of mount.passes) {
    for (const run of pass.runs)
      for (const index of run.reads) if (kept[index] === 0) wanted.push(index);
    if (pending.get(pass.image)?.nextExtent === pass.extent) goesOn = true;
  }
  if (wanted.length === 0 && !goesOn) return;
  let drive: Drive;
  try {
    drive = await openTape(mount.label);
  } catch (error) {
    if (options.missingTape !== "skip" || !(error instanceof ReelError)) throw error;
    for (const index of wanted) note(tally, "tape", pathOf(plan, index), error.message);
    return;
  }
  tally.tapes.push(mount.label);
  try {
    await restoreFromTape(extraction, mount, drive);
  } finally {
    await drive.close();
  }
}

/** Files whose next tape was not read: what is there of them stays, and is listed. */
function abandonPending({ pending, tally }: Extraction): void {
  for (const [image, { writer, entry }] of pending) {
    note(tally, "damaged", entry.path, "its content goes on on a tape that was not read");
    writer.end();
    writer.close();
    pending.delete(image);
  }
}

function pathOf(plan: RestorePlan, index: number): ByteString {
  return (plan.entries[index] as WantedEntry).path;
}
