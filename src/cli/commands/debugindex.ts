// reel debugindex: the revisions of one history as they are stored.
import type { Command } from "commander";
import type { DebugIndexRequest } from "../../job/debug-requests.ts";
import type { Invocation } from "../invocation.ts";
import { act, type Host, textArgument, verb, type Run } from "../verb.ts";

export const HISTORY_ARGUMENT = "changelog, manifest, manifest:DIR, or a path in the dump";

export function debugindexCommand(
  host: Host,
  run: Run<DebugIndexRequest> = runDebugIndex,
): Command {
  const command = verb("debugindex", {
    summary: "show the revisions of one history",
    about:
      "Shows the index of one history: number, linked changeset, node and parents of each revision, and with -v its sizes and place.",
    examples: [
      ["reel debugindex etc/passwd", "of a file"],
      ["reel debugindex manifest:etc -v", "of a directory, with sizes"],
    ],
  }).argument("<path>", HISTORY_ARGUMENT);
  return act<object, DebugIndexRequest>(
    host,
    command,
    (args) => ({ path: textArgument(args[0]) ?? "" }),
    run,
  );
}

async function runDebugIndex(
  request: DebugIndexRequest,
  invocation: Invocation,
): Promise<undefined> {
  const job = await import("../../job/debug-job.ts");
  const rows = await job.runDebugIndex(request, invocation.context());
  const { settings } = invocation;
  if (settings.json) {
    const { printArray } = await import("../array-printer.ts");
    await printArray(rows, invocation, (row) => ({ schema: 1, ...row }));
    return undefined;
  }
  const { renderIndex } = await import("../render/debug-index.ts");
  invocation.print(renderIndex(rows, settings.verbosity));
  return undefined;
}
