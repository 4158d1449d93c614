// What went wrong, for a person or a script, and the exit code that says it.
import { CommanderError } from "commander";
import { errnoOf, EXIT, ReelError } from "../core/errors.ts";
import { BrokenPipe } from "./output.ts";

export interface Failure {
  readonly exit: number;
  readonly code: string;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly remedy: string;
}

/** Null for what is no failure: help was shown, or the reader of the output went away. */
export function failureOf(error: unknown, verbName: string): Failure | null {
  if (error instanceof BrokenPipe) return null;
  if (error instanceof ReelError) {
    const { code, message, data, remedy, exit } = error;
    return { code, message, data, remedy, exit };
  }
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return null;
    if (error.code === "commander.help") return missingVerb(verbName);
    const message = error.message.replace(/^error: /, "").replaceAll("\n", " ");
    const remedy = verbName === "" ? "see 'reel help'" : `see 'reel help ${verbName}'`;
    return { code: "usage", message, data: {}, remedy, exit: EXIT.usage };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && "syscall" in error) {
    const { code, remedy, exit } = new ReelError("system", { found: message });
    return { code, message, data: { errno: errnoOf(error) }, remedy, exit };
  }
  const internal = new ReelError("internal", { found: message });
  return { code: internal.code, message, data: {}, remedy: internal.remedy, exit: internal.exit };
}

function missingVerb(verbName: string): Failure {
  const path = verbName === "" ? "reel" : `reel ${verbName}`;
  const remedy = `see '${path} --help'`;
  return { code: "usage", message: `'${path}' needs a verb`, data: {}, remedy, exit: EXIT.usage };
}

/** "reel: message", for a wrong expression the place in it, and the remedy. */
export function renderFailure(failure: Failure): string {
  const { text, at } = failure.data;
  let out = `reel: ${failure.message}\n`;
  if (typeof text === "string" && typeof at === "number" && /^[^\n\t]*$/.test(text)) {
    out += `  ${text}\n  ${" ".repeat(at)}^\n`;
  }
  return failure.remedy === "" ? out : `${out}(${failure.remedy})\n`;
}

export function failureJson(failure: Failure): string {
  const { code, message, data, remedy } = failure;
  return `${JSON.stringify({ code, message, data, remedy })}\n`;
}
