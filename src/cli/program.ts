// The tree of commands, made anew for each run, and the one place where failures become exit codes. It runs
// as well in a test, with another Io.
import { Command } from "commander";
import { EXIT } from "../core/errors.ts";
import { bundleCommand, unbundleCommand } from "./commands/bundle.ts";
import { catCommand } from "./commands/cat.ts";
import { chainCommand } from "./commands/chain.ts";
import { debugdataCommand } from "./commands/debugdata.ts";
import { debugindexCommand } from "./commands/debugindex.ts";
import { debuglayoutCommand } from "./commands/debuglayout.ts";
import { demoCommand } from "./commands/demo.ts";
import { diffCommand } from "./commands/diff.ts";
import { dumpCommand } from "./commands/dump.ts";
import { filesCommand } from "./commands/files.ts";
import { helpCommand } from "./commands/help.ts";
import { initCommand } from "./commands/init.ts";
import { glogCommand, logCommand } from "./commands/log.ts";
import {
  branchesCommand,
  headsCommand,
  idCommand,
  parentsCommand,
  tagsCommand,
  tipCommand,
} from "./commands/names.ts";
import { planCommand } from "./commands/plan.ts";
import { recoverCommand } from "./commands/recover.ts";
import { restoreCommand } from "./commands/restore.ts";
import { tapeCommand } from "./commands/tape.ts";
import { verifyCommand } from "./commands/verify.ts";
import { failureJson, failureOf, renderFailure } from "./failure.ts";
import { Invocation } from "./invocation.ts";
import type { Io } from "./io.ts";
import { addGlobalOptions, settingsOf } from "./settings.ts";
import { exitCodeTable, type Host } from "./verb.ts";
import { VERSION } from "./version.ts";

/** Verbs in the groups and the order of `reel help`. */
const GROUPS: readonly (readonly [string, readonly ((host: Host) => Command)[]])[] = [
  ["Starting:", [initCommand, demoCommand, helpCommand]],
  ["Dumping:", [dumpCommand]],
  [
    "Walking history:",
    [
      logCommand,
      glogCommand,
      headsCommand,
      tipCommand,
      branchesCommand,
      tagsCommand,
      idCommand,
      parentsCommand,
    ],
  ],
  ["Looking at files:", [filesCommand, catCommand, diffCommand]],
  ["Restoring:", [chainCommand, planCommand, restoreCommand]],
  ["Tapes:", [tapeCommand]],
  ["Exchange:", [bundleCommand, unbundleCommand]],
  [
    "Trust:",
    [verifyCommand, recoverCommand, debugindexCommand, debugdataCommand, debuglayoutCommand],
  ],
];

/** Runs one command line (without the program's name) and gives the exit code. Never throws. */
export async function program(argv: readonly string[], io: Io): Promise<number> {
  const run: { exit: number; verb: string } = { exit: EXIT.done, verb: "" };
  const host: Host = {
    invocation: (command) => new Invocation(io, settingsOf(command, io)),
    finish: (exit) => {
      run.exit = exit;
    },
  };
  try {
    const root = commandTree(host, io, (name) => {
      run.verb = name;
    });
    await root.parseAsync(argv.length === 0 ? ["--help"] : argv, { from: "user" });
    await io.close();
  } catch (error) {
    run.exit = await fail(error, argv, io, run.verb);
  }
  return run.exit;
}

async function fail(
  error: unknown,
  argv: readonly string[],
  io: Io,
  verbName: string,
): Promise<number> {
  const failure = failureOf(error, verbName);
  try {
    await io.close();
  } catch {
    // The reader went away: there is nobody to tell.
  }
  if (failure === null) return EXIT.done;
  io.err(argv.includes("--json") ? failureJson(failure) : renderFailure(failure));
  if (argv.includes("--debug") && error instanceof Error && error.stack !== undefined)
    io.err(`${error.stack}\n`);
  return failure.exit;
}

function commandTree(host: Host, io: Io, entering: (name: string) => void): Command {
  const root = new Command("reel")
    .description("Dumps volumes to tape and keeps the catalog as a version-controlled history.")
    .usage("[options] VERB ...")
    .version(`reel ${VERSION}`, "-V, --version", "print the version")
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText("after", `\nExit codes:\n${exitCodeTable()}`);
  addGlobalOptions(root);
  for (const [heading, verbs] of GROUPS) {
    root.commandsGroup(heading);
    for (const make of verbs) root.addCommand(make(host));
  }
  for (const command of withSubcommands(root)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => io.out.write(latin1(text)),
      // Failures are printed once, in `fail`.
      writeErr: () => {},
      getOutHelpWidth: () => io.width,
      getOutHasColors: () => false,
    });
  }
  root.hook("preSubcommand", (_, command) => entering(command.name()));
  return root;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
