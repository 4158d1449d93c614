// reel verify: whether the catalog is whole.
import type { Command } from "commander";
import { EXIT } from "../../core/errors.ts";
import type { VerifyRequest } from "../../job/requests.ts";
import type { Invocation } from "../invocation.ts";
import { act, type Host, verb, type Run } from "../verb.ts";

interface VerifyOptions {
  readonly index?: boolean;
}

export function verifyCommand(host: Host, run: Run<VerifyRequest> = runVerify): Command {
  const command = verb("verify", {
    summary: "check the catalog",
    about: `Reads the whole catalog: checksums of the store, every text against its nodeid, every dump against what it says of
itself. Tapes are not read: 'reel tape verify' does that. The exit code is 12 if anything is wrong.`,
    examples: [["reel verify", "everything"]],
  }).option("--index", "only the index: quick, but does not read the texts");
  return act<VerifyOptions, VerifyRequest>(
    host,
    command,
    (_, options) => ({ texts: options.index !== true }),
    run,
  );
}

async function runVerify(request: VerifyRequest, invocation: Invocation): Promise<number> {
  const job = await import("../../job/verify-job.ts");
  const report = await invocation.withProgress({}, (context) => job.runVerify(request, context));
  const { renderVerify, verifyObject } = await import("../render/verify-report.ts");
  invocation.print(
    invocation.settings.json ? verifyObject(report) : renderVerify(report, invocation.settings),
  );
  return report.problems.length > 0 ? EXIT.corrupt : EXIT.done;
}
