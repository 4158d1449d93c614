// reel dump: a volume onto tape and into the catalog.
import type { Command } from "commander";
import { parseDate } from "../../core/dates.ts";
import { EXIT, ReelError } from "../../core/errors.ts";
import type { DumpRequest } from "../../job/requests.ts";
import type { Invocation } from "../invocation.ts";
import { act, collect, type Host, textArgument, verb, wholeNumber, type Run } from "../verb.ts";

/** The date is still text: what "yesterday" is, the clock of the run says. */
export interface DumpCommandLine extends Omit<DumpRequest, "date"> {
  readonly date: string | null;
  readonly user: string | null;
}

interface DumpOptions {
  readonly level?: number;
  readonly file?: string;
  readonly blockingFactor?: number;
  readonly message?: string;
  readonly user?: string;
  readonly date?: string;
  readonly exclude?: readonly string[];
  readonly as?: string;
  readonly force?: boolean;
  readonly crossMounts?: boolean;
}

export function dumpCommand(host: Host, run: Run<DumpCommandLine> = runDump): Command {
  const command = verb("dump", {
    summary: "dump a directory onto tape and into the catalog",
    about: `Dumps SOURCE and what is below it at a level from 0 to 31. Level 0 takes everything; a higher level takes what
changed since the latest dump of a lower level, its base. The image goes to TAPE as a plain dump stream, and a
changeset that describes it goes into the catalog.

TAPE is the path of a virtual tape (.tap, holds many images) or of a plain file (holds one), '-' for standard
output, or a label: a new one makes a tape in the library. Without -f the
library's tape written last takes it.`,
    examples: [
      ["reel dump -l 0 /home", "everything, onto a tape of the default library"],
      [
        "reel dump -l 3 -f VOL003 -m 'before the move' /home",
        "what changed since the last lower level, onto tape VOL003",
      ],
      [
        "reel dump -l 1 -f - /home | ssh vault 'cat > home.1'",
        "to standard output; the catalog has it all the same",
      ],
    ],
  })
    .argument("<source>", "the directory")
    .option("-l, --level <n>", "0 to 31", wholeNumber)
    .option("-f, --file <tape>", "the tape")
    .option("-b, --blocking-factor <n>", "KiB in a tape record, 4 to 256", wholeNumber)
    .option("-m, --message <text>", "goes below the first line of the description")
    .option("-u, --user <name>", "who does it; default REEL_USER, else login@host")
    .option("-d, --date <date>", "the date on the label; default now")
    .option(
      "--exclude <pattern>",
      "leave out what matches (*, ?, [..]); may be given several times",
      collect,
    )
    .option("--as <name>", "a name for the dump path when the usual one is taken")
    .option("--force", "go on though the directory is not the one that the base was made of")
    .option("-x, --cross-mounts", "enter file systems mounted below SOURCE");
  return act<DumpOptions, DumpCommandLine>(
    host,
    command,
    (args, options) => parse(textArgument(args[0]), options),
    run,
  );
}

function parse(source: string | null, options: DumpOptions): DumpCommandLine {
  if (options.level === undefined) {
    throw new ReelError(
      "usage",
      { found: "no level given" },
      { remedy: "give -l 0 for everything, or a higher level for what changed since" },
    );
  }
  return {
    source: source ?? ".",
    level: options.level,
    tape: options.file ?? null,
    blockingFactor: options.blockingFactor ?? null,
    message: options.message ?? null,
    user: options.user ?? null,
    date: options.date ?? null,
    exclude: options.exclude ?? [],
    name: options.as ?? null,
    force: options.force === true,
    crossMounts: options.crossMounts === true,
  };
}

async function runDump(line: DumpCommandLine, invocation: Invocation): Promise<number> {
  const { date, user, ...request } = line;
  if (request.level > 31) throw new ReelError("dump.unknown-level", { found: request.level });
  const { dateContext } = await import("../../job/walk-job.ts");
  const stamp = date === null ? null : parseDate(date, dateContext(invocation.io.clock));
  const job = await import("../../job/dump-job.ts");
  const report = await invocation.withProgress({ user }, (context) =>
    job.runDump({ ...request, date: stamp }, context),
  );
  const { dumpObject, renderDump } = await import("../render/dump-report.ts");
  const text = invocation.settings.json
    ? dumpObject(report)
    : renderDump(report, invocation.settings);
  // With the image on standard output, the report is talk.
  if (request.tape === "-") invocation.io.err(Buffer.from(text, "latin1").toString("utf8"));
  else invocation.print(text);
  return report.skipped.some((skipped) => skipped.why !== "changed") ? EXIT.incomplete : EXIT.done;
}
