// reel debugdata: the stored text of one revision.
import type { Command } from "commander";
import { byteString } from "../../core/bytes.ts";
import type { DebugDataRequest } from "../../job/debug-requests.ts";
import type { Invocation } from "../invocation.ts";
import { act, type Host, textArgument, verb, type Run } from "../verb.ts";
import { HISTORY_ARGUMENT } from "./debugindex.ts";

export function debugdataCommand(host: Host, run: Run<DebugDataRequest> = runDebugData): Command {
  const command = verb("debugdata", {
    summary: "print the stored text of one revision",
    about:
      "Prints the text that a nodeid is the hash of, byte for byte: of a changeset, of a manifest, or of a file's record.",
    examples: [["reel debugdata changelog 0", "the first changeset as Mercurial hashes it"]],
  })
    .argument("<path>", HISTORY_ARGUMENT)
    .argument("<rev>", "number or beginning of the node within that history");
  return act<object, DebugDataRequest>(
    host,
    command,
    (args) => ({ path: textArgument(args[0]) ?? "", rev: textArgument(args[1]) ?? "" }),
    run,
  );
}

async function runDebugData(request: DebugDataRequest, invocation: Invocation): Promise<undefined> {
  const job = await import("../../job/debug-job.ts");
  invocation.print(byteString(await job.runDebugData(request, invocation.context())));
  return undefined;
}
