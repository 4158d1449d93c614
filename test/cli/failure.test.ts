// What the system refuses is named as such, and never as a fault of Reel's.
import fs from "node:fs";
import { expect, test } from "vitest";
import { failureOf, renderFailure } from "../../src/cli/failure.ts";

function thrownBy(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return null;
}

test("an error of the system that no job expected", () => {
  const failure = failureOf(
    thrownBy(() => fs.writeFileSync("/nowhere/at/all", "")),
    "dump",
  );
  expect(failure).toMatchObject({ code: "system", exit: 1, data: { errno: "ENOENT" } });
  expect(failure && renderFailure(failure)).toBe(
    "reel: ENOENT: no such file or directory, open '/nowhere/at/all'\n(check the disk and the permissions, and run the command again)\n",
  );
});

test("a fault of Reel's own asks for a report", () => {
  expect(failureOf(new TypeError("x is not a function"), "log")).toMatchObject({
    code: "internal",
    remedy: "this is an error in reel: please report it",
  });
});
