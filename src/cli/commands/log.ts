// reel log and reel glog: the history of a catalog, of some of it, or of one path.
import type { Command } from "commander";
import type { Rev } from "../../core/ids.ts";
import type { HistoryStep } from "../../job/requests.ts";
import type { WalkRequest } from "../../job/walk-job.ts";
import type { Invocation } from "../invocation.ts";
import { textToBytes } from "../render/text.ts";
import { act, collect, type Host, textArgument, verb, wholeNumber, type Run } from "../verb.ts";

export interface LogRequest {
  readonly walk: WalkRequest;
  /** -T */
  readonly template: string | null;
  readonly path: string | null;
}

interface LogOptions {
  readonly graph?: boolean;
  readonly rev?: readonly string[];
  readonly limit?: number;
  readonly template?: string;
  readonly branch?: readonly string[];
  readonly user?: readonly string[];
  readonly keyword?: readonly string[];
  readonly date?: string;
}

const ABOUT = `Shows changesets, newest first: what was dumped, when, by whom.

With PATH, the changesets in which that file or directory changed, across renames and across full dumps; the
path is the one in the dump, without its leading slash. -r takes a revision or a revset ('reel help revisions'),
-T a style or a template ('reel help templates').`;

function addLogOptions(command: Command): Command {
  return command
    .argument("[path]", "only where this path changed")
    .option("-r, --rev <revset>", "these revisions", collect)
    .option("-l, --limit <n>", "at most so many", wholeNumber)
    .option("-T, --template <template>", "a style or a template")
    .option("-b, --branch <name>", "only this dump path", collect)
    .option("-u, --user <text>", "only by users whose name holds this", collect)
    .option("-k, --keyword <text>", "only where user, description or a path holds this", collect)
    .option("-d, --date <span>", "only of these dates");
}

function parse(args: readonly unknown[], options: LogOptions, graph: boolean): LogRequest {
  return {
    walk: {
      revsets: options.rev ?? [],
      branches: options.branch ?? [],
      users: options.user ?? [],
      keywords: options.keyword ?? [],
      date: options.date ?? null,
      only: null,
      limit: options.limit ?? null,
      graph,
    },
    template: options.template ?? null,
    path: textArgument(args[0] as string | undefined),
  };
}

export function logCommand(host: Host, run: Run<LogRequest> = runLog): Command {
  const command = addLogOptions(
    verb("log", {
      summary: "show the history",
      about: ABOUT,
      examples: [
        ["reel log -l 5", "the last five changesets"],
        ["reel log -r 'level(0) and date(\"2026-03\")'", "the full dumps of a month"],
        [
          "reel log etc/passwd -T '{rev} {date|isodate} {user}\\n'",
          "when a file changed, and by whose dump",
        ],
      ],
    }),
  ).option("-G, --graph", "draw the increment chains beside it");
  return act<LogOptions, LogRequest>(
    host,
    command,
    (args, options) => parse(args, options, options.graph === true),
    run,
  );
}

export function glogCommand(host: Host, run: Run<LogRequest> = runLog): Command {
  const command = addLogOptions(
    verb("glog", {
      summary: "show the history with the increment chains drawn",
      about: `${ABOUT}\n\nThe same as 'reel log -G'. Each line leads from a dump down to its base.`,
      examples: [
        ["reel glog", "all of it"],
        [
          "reel glog -r '::tip' -T '{rev} level {level}\\n'",
          "the chain of the newest dump, a line each",
        ],
      ],
    }),
  );
  return act<LogOptions, LogRequest>(
    host,
    command,
    (args, options) => parse(args, options, true),
    run,
  );
}

async function runLog(request: LogRequest, invocation: Invocation): Promise<undefined> {
  const { ChangesetPrinter } = await import("../changeset-printer.ts");
  const { openCatalog } = await import("../../job/catalog-job.ts");
  const printer = new ChangesetPrinter(
    await openCatalog(invocation.context()),
    invocation,
    request.template,
  );
  try {
    invocation.page();
    const steps = request.path === null ? null : await stepsOf(request.path, invocation);
    const only = steps === null ? null : new Set(steps.keys());
    await printer.print(
      printer.history.walk({ ...request.walk, only }),
      request.walk.graph,
      steps ?? undefined,
    );
  } finally {
    printer.close();
  }
  return undefined;
}

async function stepsOf(
  path: string,
  invocation: Invocation,
): Promise<ReadonlyMap<Rev, HistoryStep>> {
  const { runHistory } = await import("../../job/history-job.ts");
  const report = await runHistory({ path: textToBytes(path), rev: null }, invocation.context());
  return new Map(report.steps.map((step) => [step.rev, step]));
}
