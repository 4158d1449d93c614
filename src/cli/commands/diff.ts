// reel diff: what differs between two dumps.
import type { Command } from "commander";
import { ReelError } from "../../core/errors.ts";
import type { DiffRequest } from "../../job/requests.ts";
import type { Invocation } from "../invocation.ts";
import { textToBytes } from "../render/text.ts";
import { act, collect, type Host, textArgument, verb, type Run } from "../verb.ts";

interface DiffOptions {
  readonly rev?: readonly string[];
}

export function diffCommand(host: Host, run: Run<DiffRequest> = runDiff): Command {
  const command = verb("diff", {
    summary: "show what differs between two dumps",
    about: `Lists paths that were added (A), modified (M), removed (R) or renamed (V) from the first revision to the second,
and of a modified one which attributes differ; with -v, from what to what. With one -r, against its parent.`,
    examples: [
      ["reel diff -r 0 -r 4", "everything that changed"],
      [
        "reel diff -v -r 'level(0)' -r tip etc/passwd",
        "how one file's owner, mode, times and ACL changed",
      ],
    ],
  })
    .argument("[path]", "only this path and what is below it")
    .option("-r, --rev <rev>", "from, and given again, to", collect);
  return act<DiffOptions, DiffRequest>(
    host,
    command,
    (args, options) => parse(textArgument(args[0]), options.rev ?? []),
    run,
  );
}

function parse(path: string | null, revs: readonly string[]): DiffRequest {
  if (revs.length > 2) {
    throw new ReelError(
      "usage",
      { found: `diff takes two revisions, not ${revs.length}` },
      { remedy: "give -r FROM -r TO" },
    );
  }
  const [first = ".", second] = revs;
  const [from, to] = second === undefined ? [`(${first})^`, first] : [first, second];
  return { from, to, path: path === null ? null : textToBytes(path) };
}

async function runDiff(request: DiffRequest, invocation: Invocation): Promise<undefined> {
  const job = await import("../../job/diff-job.ts");
  const { diffObject, renderDiff } = await import("../render/diff.ts");
  const { printArray } = await import("../array-printer.ts");
  const { io, settings } = invocation;
  invocation.page();
  const entries = job.runDiff(request, invocation.context());
  if (settings.json) {
    await printArray(entries, invocation, diffObject);
    return undefined;
  }
  for await (const entry of entries) {
    invocation.print(
      renderDiff(entry, settings.verbosity, settings.paint, (time) => io.clock.zone(time)),
    );
    await io.out.settle();
  }
  return undefined;
}
