// Everything that the command line touches of the process: streams, environment, working folder, user,
// signals. Tests give another one.
import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { isatty } from "node:tty";
import { type Clock, systemClock } from "../core/clock.ts";
import { DescriptorOutput, type Output, PagerOutput } from "./output.ts";

export interface Io {
  readonly out: Output;
  /** Talk: errors, notices, progress. UTF-8. */
  readonly err: (text: string) => void;
  readonly outputIsTerminal: boolean;
  readonly errorIsTerminal: boolean;
  /** Columns of the terminal, else 80. */
  readonly width: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly host: string;
  readonly login: string;
  readonly clock: Clock;
  /** Descriptors that "-" stands for. */
  readonly inputDescriptor: number;
  readonly outputDescriptor: number;
  /** The text of a file; "-" is standard input. */
  readonly readText: (path: string) => string;
  /** From the first call on, an interrupt aborts the signal; a second one ends the program. */
  readonly interruption: () => AbortSignal;
  /** Sends what follows through a pager; only for a terminal. */
  readonly page: (command: string) => void;
  readonly close: () => Promise<void>;
}

const WIDTH_WITHOUT_TERMINAL = 80;

/** The process's own; `process` is touched here and in main.ts only. */
export function processIo(): Io {
  const outputIsTerminal = isatty(1);
  const direct = new DescriptorOutput(1, outputIsTerminal);
  const errors = new DescriptorOutput(2, true);
  let pager: PagerOutput | null = null;
  let interruption: AbortController | null = null;
  return {
    get out() {
      return pager ?? direct;
    },
    err: (text) => {
      direct.flush();
      try {
        errors.write(Buffer.from(text, "utf8").toString("latin1"));
      } catch {
        // Nobody listens; what was to be said is lost, the exit code is not.
      }
    },
    outputIsTerminal,
    errorIsTerminal: isatty(2),
    get width() {
      return outputIsTerminal
        ? (process.stdout.columns ?? WIDTH_WITHOUT_TERMINAL)
        : WIDTH_WITHOUT_TERMINAL;
    },
    env: process.env,
    get cwd() {
      return process.cwd();
    },
    get host() {
      return hostname();
    },
    get login() {
      return loginName();
    },
    clock: systemClock,
    inputDescriptor: 0,
    outputDescriptor: 1,
    readText: (path) => readFileSync(path === "-" ? 0 : path, "utf8"),
    interruption: () => {
      interruption ??= listen();
      return interruption.signal;
    },
    page: (command) => {
      pager ??= new PagerOutput(command, { LESS: "FRX", ...process.env });
    },
    close: async () => {
      direct.flush();
      await pager?.close();
    },
  };
}

function listen(): AbortController {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => controller.abort());
  return controller;
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without a name, as in containers.
    return `uid${process.getuid?.() ?? ""}`;
  }
}
