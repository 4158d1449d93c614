// reel init: an empty catalog.
import type { Command } from "commander";
import type { InitRequest } from "../../job/requests.ts";
import type { Invocation } from "../invocation.ts";
import { act, type Host, textArgument, verb, type Run } from "../verb.ts";

export function initCommand(host: Host, run: Run<InitRequest> = runInit): Command {
  const command = verb("init", {
    summary: "make a catalog",
    about:
      "Makes an empty catalog in DIR, or here. It lies in DIR/.reel; the tapes of the default library lie in it too.",
    examples: [["reel init /var/backup/catalog", "a catalog in a new directory"]],
  }).argument("[dir]", "where");
  return act<object, InitRequest>(
    host,
    command,
    (args) => ({ directory: textArgument(args[0]) ?? "." }),
    run,
  );
}

async function runInit(request: InitRequest, invocation: Invocation): Promise<undefined> {
  const job = await import("../../job/init-job.ts");
  // `reel -R DIR init` means what `reel init DIR` does.
  const directory =
    request.directory === "." ? (invocation.settings.directory ?? ".") : request.directory;
  const report = await job.runInit({ directory }, invocation.context());
  if (invocation.settings.json) {
    const { jsonLine } = await import("../render/json.ts");
    invocation.print(`${jsonLine({ schema: 1, ...report })}\n`);
  }
  return undefined;
}
