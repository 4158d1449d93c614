// reel restore: the plan, then its execution.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { showBytes } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { extract } from "../restore/extract.ts";
import type { RestorePlan } from "../restore/plan.ts";
import { Target } from "../restore/target.ts";
import { BLOCK_BYTES } from "../dump/format/record.ts";
import type { Drive } from "../tape/drive.ts";
import { openTape } from "../tape/open-tape.ts";
import { knownTapes } from "./chain-job.ts";
import type { KnownTapes } from "./known-tapes.ts";
import { emptyPath, openRepository } from "./repository.ts";
import type { JobContext, RestoreReport, RestoreRequest } from "./requests.ts";
import { planOf } from "./restore-input.ts";
import { findDump } from "./revision.ts";
import { changesetName } from "./views.ts";

export async function runRestore(
  request: RestoreRequest,
  context: JobContext,
): Promise<RestoreReport> {
  const started = performance.now();
  if (request.to === "") throw emptyPath("target");
  const repository = openRepository(context);
  try {
    const view = repository.view();
    const top = findDump(view, request.rev, context);
    const { plan } = planOf(repository, view, top, request.paths);
    const known = knownTapes(repository);
    checkTapes(plan, known, request);
    const to = resolve(context.cwd, request.to);
    const target = await Target.open(to, { overwrite: request.force });
    try {
      const open = (label: string): Promise<Drive> => mount(label, plan, known, request);
      const options = {
        resume: request.force,
        missingTape: "fail",
        progress: context.progress,
        signal: context.signal,
      } as const;
      const done = await extract(plan, open, target, options);
      return {
        changeset: changesetName(view, top.dump.rev),
        target: to,
        files: done.files + done.kept,
        directories: done.directories,
        others: done.others + done.links,
        contentBytes: done.contentBytes,
        tapesRead: done.tapes,
        problems: done.problems.map(({ path, what }) => ({ path, what })),
        seconds: (performance.now() - started) / 1000,
      };
    } finally {
      target.close();
    }
  } finally {
    repository.close();
  }
}

/** All tapes or none: an operator is told of every one that is missing before anything is written. */
function checkTapes(plan: RestorePlan, known: KnownTapes, request: RestoreRequest): void {
  const missing: string[] = [];
  for (const { label } of plan.mounts) {
    const path = pathOf(label, plan, known, request);
    if (path === null) missing.push(label);
    else if (path !== "-" && !existsSync(path)) missing.push(`${label} (there is no ${path})`);
  }
  if (missing.length > 0) throw new ReelError("restore.tapes-missing", { labels: missing });
}

/** Where a tape is: named by the operator (LABEL=PATH, or a path alone for the one tape of the plan), else known. */
function pathOf(
  label: string,
  plan: RestorePlan,
  known: KnownTapes,
  request: RestoreRequest,
): string | null {
  for (const given of request.tapes) {
    const equals = given.indexOf("=");
    if (equals > 0 && given.slice(0, equals) === label) return given.slice(equals + 1);
  }
  const plain = request.tapes.filter((given) => given.indexOf("=") <= 0);
  if (plain.length > 0) {
    const at = plan.mounts.findIndex((m) => m.label === label);
    const chosen =
      plan.mounts.length === plain.length ? plain[at] : plain.find((path) => path.includes(label));
    if (chosen !== undefined) return chosen;
  }
  return known.pathOf(label);
}

async function mount(
  label: string,
  plan: RestorePlan,
  known: KnownTapes,
  request: RestoreRequest,
): Promise<Drive> {
  const path = pathOf(label, plan, known, request);
  if (path === null) throw new ReelError("restore.tapes-missing", { labels: [label] });
  const image = plan.images.find((i) => i.extents.some((extent) => extent.label === label));
  const tape = await openTape(path, {
    write: false,
    recordBytes: (image?.blockingFactor ?? 1) * BLOCK_BYTES,
  });
  if (tape.kind === "virtual" && tape.label !== label && tape.label !== path) {
    await tape.close();
    throw new ReelError("tape.wrong-label", {
      path: showBytes(path),
      found: tape.label,
      wanted: label,
    });
  }
  return tape.drive;
}
