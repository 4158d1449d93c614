// The form of every verb: a commander command that parses its arguments to a typed request, and a function
// that carries the request out. The function gives the exit code; nothing means 0.
import { Command, InvalidArgumentError } from "commander";
import { EXIT } from "../core/errors.ts";
import type { Invocation } from "./invocation.ts";
import { addGlobalOptions } from "./settings.ts";

export type Run<Request> = (
  request: Request,
  invocation: Invocation,
) => Promise<number | undefined>;

/** What the tree of commands gives each verb: how to start, and where to leave the exit code. */
export interface Host {
  invocation(command: Command): Invocation;
  finish(exitCode: number): void;
}

export interface VerbText {
  readonly summary: string;
  /** More than the summary says; may have paragraphs. */
  readonly about?: string;
  /** Each a command line, and what it is for. At least one. */
  readonly examples: readonly (readonly [command: string, purpose: string])[];
}

const EXIT_CODES: readonly (readonly [number, string])[] = [
  [EXIT.done, "done"],
  [EXIT.failed, "failed"],
  [EXIT.usage, "the command line was not understood, or asks for what cannot be"],
  [EXIT.incomplete, "done, but some files were skipped; they are listed"],
  [EXIT.operator, "an operator is needed: a tape is to be mounted"],
  [EXIT.noCatalog, "there is no catalog here"],
  [EXIT.locked, "another process holds the catalog or the tape"],
  [EXIT.corrupt, "something that was read is damaged"],
  [EXIT.interrupted, "interrupted"],
];

export function exitCodeTable(): string {
  return EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join(
    "\n",
  );
}

/** A command with its examples and the exit codes in its help; `act` adds the global options. */
export function verb(name: string, text: VerbText): Command {
  const command = new Command(name)
    .summary(text.summary)
    .description(unfolded(text.about ?? text.summary));
  const examples = text.examples.map(([line, purpose]) => `  ${line}\n      ${purpose}`).join("\n");
  command.addHelpText("after", `\nExamples:\n${examples}\n\nExit codes:\n${exitCodeTable()}`);
  return command;
}

/** Lines of a paragraph are joined: the terminal's width breaks them. */
function unfolded(text: string): string {
  return text.replaceAll(/([^\n])\n(?!\n)/g, "$1 ");
}

/** Connects a verb's parsing with its run. `Options` is the shape that its options come to. */
export function act<Options extends object, Request>(
  host: Host,
  command: Command,
  parse: (args: readonly (string | readonly string[] | undefined)[], options: Options) => Request,
  run: Run<Request>,
): Command {
  addGlobalOptions(command);
  return command.action(async () => {
    const invocation = host.invocation(command);
    const args = command.processedArgs as readonly (string | readonly string[] | undefined)[];
    const request = parse(args, command.opts<Options>());
    host.finish((await run(request, invocation)) ?? EXIT.done);
  });
}

/** For options that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** For options that are whole numbers from 0 on. */
export function wholeNumber(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError("A whole number is expected.");
  return Number(value);
}

export function textArgument(value: string | readonly string[] | undefined): string | null {
  return typeof value === "string" ? value : null;
}

export function listArgument(value: string | readonly string[] | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}
