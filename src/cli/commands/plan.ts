// reel plan: what a restore would read.
import type { Command } from "commander";
import { EXIT } from "../../core/errors.ts";
import type { PlanRequest, RestorePlanView } from "../../job/requests.ts";
import type { Invocation } from "../invocation.ts";
import { textToBytes } from "../render/text.ts";
import { act, type Host, listArgument, verb, type Run } from "../verb.ts";

interface PlanOptions {
  readonly rev?: string;
}

export function planCommand(host: Host, run: Run<PlanRequest> = runPlan): Command {
  const command = verb("plan", {
    summary: "show which tapes a restore reads, and how much",
    about: `Shows what 'reel restore' would do: the tapes in the order to mount them, where each is, and what is read of each.
No tape is touched. The exit code is 4 if a tape has to be fetched first, 3 if something cannot be restored.`,
    examples: [
      ["reel plan -r tip", "the whole dump path"],
      ["reel plan -r 'date(\"<2026-03-01\")' home/ann", "one directory, as it was at a date"],
    ],
  })
    .argument("[path...]", "only these paths and what is below them")
    .option("-r, --rev <rev>", "as it was at this revision; default '.', the newest open head");
  return act<PlanOptions, PlanRequest>(
    host,
    command,
    (args, options) => ({
      rev: options.rev ?? ".",
      paths: listArgument(args[0]).map(textToBytes),
    }),
    run,
  );
}

async function runPlan(request: PlanRequest, invocation: Invocation): Promise<number> {
  const job = await import("../../job/plan-job.ts");
  return await printPlan(await job.runPlan(request, invocation.context()), invocation);
}

export async function printPlan(plan: RestorePlanView, invocation: Invocation): Promise<number> {
  const { planObject, renderPlan } = await import("../render/plan.ts");
  const { jsonLine } = await import("../render/json.ts");
  const { settings } = invocation;
  invocation.print(settings.json ? `${jsonLine(planObject(plan))}\n` : renderPlan(plan, settings));
  if (plan.missing.length > 0) return EXIT.incomplete;
  return plan.tapes.every((tape) => tape.standing.available || tape.standing.copies.length > 0)
    ? EXIT.done
    : EXIT.operator;
}
