// reel chain: the dumps that a full restore by tape would read, and their tapes.
import type { Command } from "commander";
import type { ChainRequest } from "../../job/requests.ts";
import type { Invocation } from "../invocation.ts";
import { act, type Host, verb, type Run } from "../verb.ts";

interface ChainOptions {
  readonly rev?: string;
}

export function chainCommand(host: Host, run: Run<ChainRequest> = runChain): Command {
  const command = verb("chain", {
    summary: "show a dump's level chain and its tapes",
    about: `Shows the dumps from the level 0 up to a revision, with the tapes they lie on: what 'restore -r' of any Unix reads,
in this order. 'reel plan' shows what Reel itself reads, which is less.`,
    examples: [["reel chain -r tip", "which tapes the newest dump needs"]],
  }).option("-r, --rev <rev>", "of this revision; default '.', the newest open head");
  return act<ChainOptions, ChainRequest>(
    host,
    command,
    (_, options) => ({ rev: options.rev ?? "." }),
    run,
  );
}

async function runChain(request: ChainRequest, invocation: Invocation): Promise<undefined> {
  const job = await import("../../job/chain-job.ts");
  const { chainObject, renderChain } = await import("../render/chain.ts");
  const { jsonLine } = await import("../render/json.ts");
  const report = await job.runChain(request, invocation.context());
  const { settings } = invocation;
  invocation.print(
    settings.json ? `${jsonLine(chainObject(report))}\n` : renderChain(report, settings.paint),
  );
  return undefined;
}
