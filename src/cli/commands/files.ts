// reel files: the tree of a dump path as it was at a dump.
import type { Command } from "commander";
import type { FilesRequest } from "../../job/requests.ts";
import type { Invocation } from "../invocation.ts";
import { textToBytes } from "../render/text.ts";
import { act, type Host, textArgument, verb, type Run } from "../verb.ts";

export interface FilesCommandLine extends FilesRequest {
  readonly long: boolean;
  readonly nul: boolean;
}

interface FilesOptions {
  readonly rev?: string;
  readonly long?: boolean;
  readonly print0?: boolean;
}

export function filesCommand(host: Host, run: Run<FilesCommandLine> = runFiles): Command {
  const command = verb("files", {
    summary: "list the files as they were",
    about: `Lists all paths of a dump path as they were at a revision, not only what that dump wrote. Without -r, at '.', the
newest open head. With PATH, that file, or that directory and what is below it.`,
    examples: [
      [
        "reel files -r 4 -l home/ann",
        "a directory as it was at changeset 4, with modes, owners and times",
      ],
      [
        "reel files -r 'date(\"<2026-03-01\") and branch(/home)' -0 | xargs -0 -n1 echo",
        "names of any bytes, for other programs",
      ],
    ],
  })
    .argument("[path]", "a path in the dump, without its leading slash")
    .option("-r, --rev <rev>", "at this revision")
    .option("-l, --long", "as ls -l")
    .option("-0, --print0", "end each name with NUL");
  return act<FilesOptions, FilesCommandLine>(
    host,
    command,
    (args, options) => {
      const path = textArgument(args[0]);
      return {
        rev: options.rev ?? ".",
        path: path === null ? null : textToBytes(path),
        long: options.long === true,
        nul: options.print0 === true,
      };
    },
    run,
  );
}

async function runFiles(request: FilesCommandLine, invocation: Invocation): Promise<undefined> {
  const job = await import("../../job/files-job.ts");
  const { entryObject, longLine, shownPath } = await import("../render/entry.ts");
  const { printArray } = await import("../array-printer.ts");
  const { io, settings } = invocation;
  invocation.page();
  const entries = job.runFiles(request, invocation.context());
  if (settings.json) {
    await printArray(entries, invocation, entryObject);
    return undefined;
  }
  const verbose = settings.verbosity === "verbose" || settings.verbosity === "debug";
  for await (const entry of entries) {
    if (request.nul) invocation.print(`${entry.path}\0`);
    else if (request.long || verbose) invocation.print(longLine(entry, io.clock.zone(entry.mtime)));
    else invocation.print(`${shownPath(entry.path)}\n`);
    await io.out.settle();
  }
  return undefined;
}
