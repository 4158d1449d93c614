// reel cat: what the catalog knows of one path.
import type { Command } from "commander";
import type { CatRequest } from "../../job/requests.ts";
import type { Invocation } from "../invocation.ts";
import { textToBytes } from "../render/text.ts";
import { act, type Host, textArgument, verb, type Run } from "../verb.ts";

interface CatOptions {
  readonly rev?: string;
}

export function catCommand(host: Host, run: Run<CatRequest> = runCat): Command {
  const command = verb("cat", {
    summary: "show the record of one file",
    about: `Shows all that the catalog holds of PATH at a revision: type, mode, owner, times to the nanosecond, size, SHA-256
of its content, attributes and ACL, since when it is so, and on which tapes a copy lies. Its content is on tape:
'reel restore' brings it back.`,
    examples: [
      ["reel cat -r 4 etc/passwd", "as it was at changeset 4"],
      ["reel cat -r 4 etc/passwd --json | jq -r .sha256", "its digest, for a script"],
    ],
  })
    .argument("<path>", "a path in the dump, without its leading slash")
    .option("-r, --rev <rev>", "at this revision; default '.', the newest open head");
  return act<CatOptions, CatRequest>(
    host,
    command,
    (args, options) => ({
      rev: options.rev ?? ".",
      path: textToBytes(textArgument(args[0]) ?? ""),
    }),
    run,
  );
}

async function runCat(request: CatRequest, invocation: Invocation): Promise<undefined> {
  const job = await import("../../job/cat-job.ts");
  const { recordObject, renderRecord } = await import("../render/record.ts");
  const { jsonLine } = await import("../render/json.ts");
  const report = await job.runCat(request, invocation.context());
  const { settings, io } = invocation;
  invocation.print(
    settings.json
      ? `${jsonLine(recordObject(report))}\n`
      : renderRecord(report, (time) => io.clock.zone(time)),
  );
  return undefined;
}
