// reel restore: files back from tape.
import type { Command } from "commander";
import { EXIT, ReelError } from "../../core/errors.ts";
import type { RestoreRequest } from "../../job/requests.ts";
import type { Invocation } from "../invocation.ts";
import { textToBytes } from "../render/text.ts";
import { act, collect, type Host, listArgument, verb, type Run } from "../verb.ts";
import { printPlan } from "./plan.ts";

interface RestoreOptions {
  readonly rev?: string;
  readonly to?: string;
  readonly file?: readonly string[];
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

export function restoreCommand(host: Host, run: Run<RestoreRequest> = runRestore): Command {
  const command = verb("restore", {
    summary: "bring files back from tape",
    about: `Brings a dump path, or the PATHs given, back into DIR as they were at a revision: contents and holes, types, modes,
owners, times, links, extended attributes and ACLs. Each tape is mounted once and each wanted byte read once;
'reel plan' shows it beforehand. DIR must be empty or new, unless --force is given: then what is there already
and equal is kept, and what is in the way is replaced.`,
    examples: [
      ["reel restore -r tip --to /restore", "everything, as of the newest changeset"],
      ["reel restore -r 4 --to /tmp/r home/ann/thesis.tex", "one file"],
      [
        "reel restore -r 4 --to /restore -f VOL001=/mnt/usb/vol001.tap",
        "with a tape that is not in the library",
      ],
    ],
  })
    .argument("[path...]", "only these paths and what is below them")
    .option("-r, --rev <rev>", "as it was at this revision; default '.', the newest open head")
    .option("--to <dir>", "where to")
    .option(
      "-f, --file <tape>",
      "a tape: LABEL=PATH, or a path; may be given several times",
      collect,
    )
    .option("-n, --dry-run", "only show the plan")
    .option("--force", "replace what is in the way, keep what is there already");
  return act<RestoreOptions, RestoreRequest>(
    host,
    command,
    (args, options) => parse(listArgument(args[0]), options),
    run,
  );
}

function parse(paths: readonly string[], options: RestoreOptions): RestoreRequest {
  const dryRun = options.dryRun === true;
  if (options.to === undefined && !dryRun) {
    throw new ReelError(
      "usage",
      { found: "no target given" },
      { remedy: "give --to DIR, an empty or a new directory" },
    );
  }
  return {
    rev: options.rev ?? ".",
    paths: paths.map(textToBytes),
    to: options.to ?? ".",
    tapes: options.file ?? [],
    dryRun,
    force: options.force === true,
  };
}

async function runRestore(request: RestoreRequest, invocation: Invocation): Promise<number> {
  if (request.dryRun) {
    const { runPlan } = await import("../../job/plan-job.ts");
    return await printPlan(await runPlan(request, invocation.context()), invocation);
  }
  const job = await import("../../job/restore-job.ts");
  const report = await invocation.withProgress({}, (context) => job.runRestore(request, context));
  const { renderRestore, restoreObject } = await import("../render/restore-report.ts");
  invocation.print(
    invocation.settings.json ? restoreObject(report) : renderRestore(report, invocation.settings),
  );
  return report.problems.length > 0 ? EXIT.incomplete : EXIT.done;
}
