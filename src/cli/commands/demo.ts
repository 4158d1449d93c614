// reel demo: a small volume through five dumps and two restores, with the commands as a user would type them.
import type { Command } from "commander";
import { utf8ToByteString } from "../../core/bytes.ts";
import { EXIT } from "../../core/errors.ts";
import type { DemoRequest } from "../../job/requests.ts";
import type { Invocation } from "../invocation.ts";
import { act, type Host, textArgument, verb, type Run } from "../verb.ts";

export function demoCommand(host: Host, run: Run<DemoRequest> = runDemo): Command {
  const command = verb("demo", {
    summary: "show it all on a small volume",
    about: `Makes a small volume in DIR, or in a new temporary directory; dumps it at levels 0, 2, 3, 1, 4 with changes between;
draws the chains; and restores two of the dumps and compares. Every command is one that you could type.`,
    examples: [["reel demo /tmp/reel-demo", "in a directory to look at afterwards"]],
  }).argument("[dir]", "an empty or a new directory");
  return act<object, DemoRequest>(
    host,
    command,
    (args) => ({ directory: textArgument(args[0]) }),
    run,
  );
}

async function runDemo(request: DemoRequest, invocation: Invocation): Promise<number> {
  const job = await import("../../job/demo-job.ts");
  const { program } = await import("../program.ts");
  const { quoteForShell } = await import("../render/shell.ts");
  const { io, settings } = invocation;
  for await (const step of job.runDemo(request, invocation.context({ interruptible: true }))) {
    if (step.kind === "note") {
      invocation.print(`${utf8ToByteString(step.text)}\n`);
      continue;
    }
    const line = `\n$ reel ${step.argv.map(quoteForShell).join(" ")}`;
    invocation.print(`${settings.paint("ui.heading", utf8ToByteString(line))}\n`);
    // The same streams, which stay open.
    const exit = await program(step.argv, {
      ...io,
      out: io.out,
      close: async () => io.out.flush(),
    });
    if (exit !== EXIT.done) return exit;
    invocation.print("\n");
  }
  return EXIT.done;
}
