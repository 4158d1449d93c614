// Slips at the keyboard and systems that say no: each refusal names what was found and a remedy, and nothing
// hangs, is half done or is taken for a fault of Reel's.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runHistory } from "../../src/job/history-job.ts";
import { runInit } from "../../src/job/init-job.ts";
import { runTapeCat, runTapeVerify } from "../../src/job/tape-job.ts";
import { makePath } from "../../src/restore/make-path.ts";
import { lockTape } from "../../src/tape/tape-lock.ts";
import { TestCatalog } from "../series/catalog.ts";

let scratch: string;
let catalog: TestCatalog;
beforeEach(async () => {
  scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "reel-refusals-")));
  fs.mkdirSync(at("v"));
  fs.writeFileSync(at("v/file"), Buffer.alloc(300_000, 7));
  catalog = await new TestCatalog(at("c")).init();
});
afterEach(() => fs.rmSync(scratch, { recursive: true, force: true }));

const at = (name: string): string => path.join(scratch, name);
const init = (directory: string) => runInit({ directory }, catalog.context());

test("a directory where none can be made", async () => {
  await expect(init("/proc/reel")).rejects.toMatchObject({ code: "catalog.cannot-make" });
  await expect(init(at("v/file/c"))).rejects.toMatchObject({ code: "catalog.cannot-make" });
  await catalog.dump(at("v"), 0);
  for (const to of ["/proc/reel", "/proc/reel/below", at("v/file"), at("v/file/below")]) {
    await expect(catalog.restore(0, to)).rejects.toMatchObject({
      code: "restore.target-not-directory",
    });
  }
});

test("paths are made as deep as they are named, by bytes too", () => {
  makePath(at("a/b/c"));
  makePath(at("a/b/c"));
  makePath(Buffer.from(at("a/\xff/\xfe"), "latin1"));
  expect(fs.readdirSync(at("a"), "latin1").sort()).toEqual(["b", "\xff"]);
});

test("an empty path is not the working directory", async () => {
  await catalog.dump(at("v"), 0);
  await expect(catalog.dump("", 0)).rejects.toMatchObject({ code: "usage" });
  await expect(catalog.restore(0, "")).rejects.toMatchObject({ code: "usage" });
  await expect(init("")).rejects.toMatchObject({ code: "usage" });
  await expect(
    runHistory({ path: "x", rev: null }, catalog.context({ directory: "" })),
  ).rejects.toMatchObject({ code: "usage" });
});

test("a lock that cannot be made", async () => {
  expect(() => lockTape(at("nowhere/x.tap"))).toThrow(expect.objectContaining({ code: "tape.io" }));
  await expect(catalog.dump(at("v"), 0, { tape: at("nowhere/x.tap") })).rejects.toMatchObject({
    code: "tape.io",
  });
  fs.rmSync(at("c/.reel/locks"), { recursive: true });
  fs.writeFileSync(at("c/.reel/locks"), "");
  await expect(catalog.dump(at("v"), 0)).rejects.toMatchObject({
    code: "store.write-failed",
    data: { found: "EEXIST" },
  });
});

test("a tape that is named and not there is missing before anything is written", async () => {
  await catalog.dump(at("v"), 0);
  for (const tapes of [["REEL01=/nowhere/x.tap"], ["/nowhere/x.tap"]]) {
    await expect(catalog.restore(0, at("to"), [], { tapes })).rejects.toMatchObject({
      code: "restore.tapes-missing",
      data: { labels: ["REEL01 (there is no /nowhere/x.tap)"] },
    });
  }
  expect(fs.existsSync(at("to"))).toBe(false);
});

test("a reader of an image that has seen enough is no failure", async () => {
  await catalog.dump(at("v"), 0);
  const fifo = at("fifo");
  const { execFileSync } = await import("node:child_process");
  execFileSync("mkfifo", [fifo]);
  const reader = fs.openSync(fifo, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const output = fs.openSync(fifo, "w");
  fs.closeSync(reader);
  try {
    await runTapeCat({ tape: "REEL01", number: 1 }, catalog.context({ output }));
  } finally {
    fs.closeSync(output);
  }
});

test("an interrupt stops what reads a tape", async () => {
  await catalog.dump(at("v"), 0);
  for (const act of [runTapeVerify, runTapeCat]) {
    const output = fs.openSync("/dev/null", "w");
    const interruption = new AbortController();
    setImmediate(() => interruption.abort());
    const { signal } = interruption;
    await expect(
      act({ tape: "REEL01", number: 1 }, catalog.context({ signal, output })),
    ).rejects.toMatchObject({ code: "interrupted" });
    fs.closeSync(output);
  }
});

test("dates are named as -d takes them", async () => {
  const date = { time: 1_767_225_600, zone: 0 };
  await catalog.dump(at("v"), 0, { date });
  await expect(catalog.dump(at("v"), 0, { date })).rejects.toMatchObject({
    data: { found: "2026-01-01 00:00:00 +0000" },
  });
  await expect(catalog.dump(at("v"), 1, { date })).rejects.toMatchObject({
    remedy: "give -d with 2026-01-01 00:00:02 +0000 or later, or leave it out",
  });
});

test("a path that no changeset has is said to be so", async () => {
  const history = (rev: string | null) => runHistory({ path: "nosuch", rev }, catalog.context());
  await expect(history(null)).rejects.toMatchObject({
    message: "no nosuch in any changeset up to null",
  });
  const { changeset } = { changeset: (await catalog.dump(at("v"), 0)).image.node.slice(0, 12) };
  await expect(history(null)).rejects.toMatchObject({
    message: `no nosuch in any changeset up to ${changeset}`,
  });
});
