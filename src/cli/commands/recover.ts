// reel recover: what a crashed writer left.
import type { Command } from "commander";
import type { RecoverRequest } from "../../job/requests.ts";
import type { Invocation } from "../invocation.ts";
import { act, type Host, verb, type Run } from "../verb.ts";

export function recoverCommand(host: Host, run: Run<RecoverRequest> = runRecover): Command {
  const command = verb("recover", {
    summary: "clear up after a crash and say what was done",
    about: `Cuts off what a writer that died had not committed. Every writer does that by itself before it begins, and readers
never see it; this verb does it now, and tells.`,
    examples: [["reel recover", "after a power cut, to be sure"]],
  });
  return act<object, RecoverRequest>(host, command, () => ({}), run);
}

async function runRecover(request: RecoverRequest, invocation: Invocation): Promise<undefined> {
  const job = await import("../../job/recover-job.ts");
  const report = await job.runRecover(request, invocation.context());
  if (invocation.settings.json) {
    const { jsonLine } = await import("../render/json.ts");
    invocation.print(`${jsonLine({ schema: 1, ...report })}\n`);
    return undefined;
  }
  for (const line of report.done) invocation.print(`${line}\n`);
  if (report.done.length === 0) invocation.print("nothing to do\n");
  invocation.print(
    `${report.changesets} ${report.changesets === 1 ? "changeset" : "changesets"}\n`,
  );
  return undefined;
}
