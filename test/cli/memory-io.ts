// An Io that keeps what is printed, with a fixed clock, host and user.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Io } from "../../src/cli/io.ts";
import { program } from "../../src/cli/program.ts";

export interface Printed {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export interface Setting {
  readonly cwd?: string;
  readonly terminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds since 1970. */
  readonly now?: number;
  readonly width?: number;
}

/** 2026-11-23 10:00 UTC */
export const NOON = 1_795_428_000;

/** Runs one command line in this process; output is decoded as UTF-8. */
export async function runReel(argv: readonly string[], setting: Setting = {}): Promise<Printed> {
  const out: string[] = [];
  const err: string[] = [];
  const cwd = setting.cwd ?? "/";
  const now = setting.now ?? NOON;
  const io: Io = {
    out: { write: (text) => out.push(text), settle: async () => {}, flush: () => {} },
    err: (text) => err.push(text),
    outputIsTerminal: setting.terminal === true,
    errorIsTerminal: false,
    width: setting.width ?? 80,
    env: { REEL_USER: "ann", ...setting.env },
    cwd,
    host: "vault",
    login: "ann",
    clock: { now: () => BigInt(now) * 1_000_000_000n, zone: () => 0 },
    inputDescriptor: 0,
    outputDescriptor: 1,
    readText: (path) => readFileSync(resolve(cwd, path), "utf8"),
    interruption: () => new AbortController().signal,
    page: () => {},
    close: async () => {},
  };
  const exit = await program(argv, io);
  return { exit, out: Buffer.from(out.join(""), "latin1").toString("utf8"), err: err.join("") };
}
