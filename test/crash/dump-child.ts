// The child of the tests that kill dumps or run them side by side: one dump, said on standard output when it
// begins and when it is committed. Run from a bundle: node dump-child.js CATALOG SOURCE LEVEL [TAPE]
import fs from "node:fs";
import { systemClock } from "../../src/core/clock.ts";
import { ReelError } from "../../src/core/errors.ts";
import { newProgress } from "../../src/core/progress.ts";
import { runDump } from "../../src/job/dump-job.ts";

const [, , directory = "", source = "", level = "0", tape = null] = process.argv;

function say(line: string): void {
  fs.writeSync(1, `${line}\n`);
}

say("begun");
try {
  const report = await runDump(
    {
      source,
      level: Number(level),
      tape,
      blockingFactor: null,
      message: null,
      date: null,
      exclude: [],
      name: null,
      force: false,
      crossMounts: false,
    },
    {
      directory,
      cwd: directory,
      clock: systemClock,
      host: "test",
      user: "op@test",
      progress: newProgress(),
      signal: new AbortController().signal,
      notice: (line) => say(`notice ${line}`),
      input: 0,
      output: 1,
    },
  );
  say(`committed ${report.image.node}`);
} catch (error) {
  say(`failed ${error instanceof ReelError ? error.code : ""} ${String(error)}`);
  process.exitCode = 1;
}
