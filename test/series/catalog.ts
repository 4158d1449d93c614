// A catalog for tests, driven through the jobs.
import { closeSync, openSync } from "node:fs";
import { newProgress } from "../../src/core/progress.ts";
import { systemClock, type Clock } from "../../src/core/clock.ts";
import { type OpenVolume, runDump } from "../../src/job/dump-job.ts";
import { runInit } from "../../src/job/init-job.ts";
import type {
  DumpReport,
  DumpRequest,
  JobContext,
  RestoreReport,
  RestoreRequest,
  VerifyReport,
} from "../../src/job/requests.ts";
import { runRestore } from "../../src/job/restore-job.ts";
import { runTapeCat } from "../../src/job/tape-job.ts";
import { runVerify } from "../../src/job/verify-job.ts";

/** The clock, so many nanoseconds ahead. */
export function clockAhead(ns: bigint): Clock {
  return { now: () => systemClock.now() + ns, zone: () => 0 };
}

export class TestCatalog {
  readonly directory: string;
  readonly notices: string[] = [];
  /** May be moved between dumps. */
  clock: Clock;

  constructor(directory: string, clock: Clock = systemClock) {
    this.directory = directory;
    this.clock = clock;
  }

  context(changes: Partial<JobContext> = {}): JobContext {
    return {
      directory: this.directory,
      cwd: this.directory,
      clock: this.clock,
      host: "test",
      user: "op@test",
      progress: newProgress(),
      signal: new AbortController().signal,
      notice: (line) => this.notices.push(line),
      input: 0,
      output: 1,
      ...changes,
    };
  }

  async init(): Promise<this> {
    await runInit({ directory: this.directory }, this.context());
    return this;
  }

  dump(
    source: string,
    level: number,
    changes: Partial<DumpRequest> = {},
    open?: OpenVolume,
  ): Promise<DumpReport> {
    const request: DumpRequest = {
      source,
      level,
      tape: null,
      blockingFactor: null,
      message: null,
      date: null,
      exclude: [],
      name: null,
      force: false,
      crossMounts: false,
      ...changes,
    };
    return runDump(request, this.context(), open);
  }

  restore(
    rev: number | string,
    to: string,
    paths: readonly string[] = [],
    changes: Partial<RestoreRequest> = {},
  ): Promise<RestoreReport> {
    return runRestore(
      { rev: String(rev), paths, to, dryRun: false, tapes: [], force: false, ...changes },
      this.context(),
    );
  }

  /** The image of a report as a plain stream in a file. */
  async stream(report: DumpReport, number: number, file: string): Promise<void> {
    const output = openSync(file, "w");
    try {
      await runTapeCat(
        { tape: report.tapes[0]?.label as string, number },
        this.context({ output }),
      );
    } finally {
      closeSync(output);
    }
  }

  verify(): Promise<VerifyReport> {
    return runVerify({ texts: true }, this.context());
  }
}
