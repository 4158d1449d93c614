// The line that closes a CI run: it must never say that all is well when no test ran or a file did not load.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";

const SCRIPT = path.resolve(import.meta.dirname, "../../.ci/count-tests.cjs");

function count(
  content: object | undefined,
  passed: number,
  failed: number,
): { line: string; code: number | null } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reel-count-"));
  onTestFinished(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, "report.json");
  if (content !== undefined) fs.writeFileSync(file, JSON.stringify(content));
  const done = spawnSync(process.execPath, [SCRIPT, file, String(passed), String(failed)], {
    encoding: "utf8",
  });
  return { line: done.stdout.trimEnd().split("\n").at(-1) ?? "", code: done.status };
}

function report(
  passed: number,
  failed: number,
  pending = 0,
  files: readonly object[] = [],
): object {
  return {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    numTodoTests: 0,
    testResults: files,
  };
}

test("counts tests and steps", () => {
  expect(count(report(40, 0), 8, 0)).toEqual({ line: "48 passed, 0 failed", code: 0 });
  expect(count(report(40, 2), 7, 1)).toEqual({ line: "47 passed, 3 failed", code: 1 });
  expect(count(report(40, 0, 3), 8, 0)).toEqual({
    line: "48 passed, 0 failed, 3 skipped",
    code: 0,
  });
  expect(count(report(40, 0), 7, 1)).toEqual({ line: "47 passed, 1 failed", code: 1 });
});

test("a file that did not load, no test and no report are failures", () => {
  const broken = { status: "failed", assertionResults: [] };
  expect(count(report(40, 0, 0, [broken]), 8, 0)).toEqual({ line: "48 passed, 1 failed", code: 1 });
  expect(count(report(0, 0), 8, 0)).toEqual({ line: "8 passed, 1 failed", code: 1 });
  expect(count(undefined, 8, 0)).toEqual({ line: "8 passed, 1 failed", code: 1 });
});
