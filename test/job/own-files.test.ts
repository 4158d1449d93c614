// A dump writes into its catalog and onto its tape; neither may be read back by it, nor lost to it.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runFiles } from "../../src/job/files-job.ts";
import { ownPatterns } from "../../src/job/dump/own-files.ts";
import { TestCatalog } from "../series/catalog.ts";

let scratch: string;
beforeEach(() => {
  scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "reel-own-")));
});
afterEach(() => fs.rmSync(scratch, { recursive: true, force: true }));

const at = (name: string): string => path.join(scratch, name);

async function names(catalog: TestCatalog): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of runFiles({ rev: "tip", path: null }, catalog.context()))
    found.push(entry.path);
  return found;
}

describe("the catalog inside the dumped tree", () => {
  test("is left out and named, at every level, and the tape does not grow by itself", async () => {
    fs.mkdirSync(at("v [1]/cat*"), { recursive: true });
    fs.writeFileSync(at("v [1]/file"), "x");
    const catalog = await new TestCatalog(at("v [1]/cat*")).init();
    const first = await catalog.dump(at("v [1]"), 0);
    const second = await catalog.dump(at("v [1]"), 0);
    const third = await catalog.dump(at("v [1]"), 1);
    expect([second.blocks, third.blocks].every((blocks) => blocks <= first.blocks)).toBe(true);
    expect(await names(catalog)).toEqual(["", "cat*", "file"]);
    expect(catalog.notices.filter((line) => line.includes("left out"))).toHaveLength(3);
    await catalog.restore("tip", at("restored"));
    expect(fs.readdirSync(at("restored/cat*"))).toEqual([]);
  });

  test("and so is the tape that the dump writes to; another tape in the tree is a file like any", async () => {
    fs.mkdirSync(at("v"));
    const catalog = await new TestCatalog(at("c")).init();
    await catalog.dump(at("v"), 0, { tape: at("v/one.tap") });
    await catalog.dump(at("v"), 0, { tape: at("v/one.tap") });
    expect(await names(catalog)).toEqual([""]);
    await catalog.dump(at("v"), 0, { tape: at("v/two.tap") });
    expect(await names(catalog)).toEqual(["", "one.tap"]);
  });

  test("patterns of paths with bytes that are not UTF-8 stand for these bytes", () => {
    expect(ownPatterns(scratch, ["/elsewhere/x", at("a?/new.tap")])).toEqual([]);
    fs.mkdirSync(at("a?"));
    expect(ownPatterns(scratch, [at("a?/new.tap")])).toEqual(["/a\\?/new.tap"]);
    expect(ownPatterns("/", [at("a?")])).toEqual([`${scratch}/a\\?`]);
  });
});

describe("what a dump does not write over", () => {
  test("a file that only its name makes a tape", async () => {
    fs.mkdirSync(at("v"));
    const catalog = await new TestCatalog(at("c")).init();
    for (const bytes of [
      Buffer.from("a spreadsheet, by another program's .tap"),
      Buffer.alloc(100_000, 0xa7),
    ]) {
      fs.writeFileSync(at("mine.tap"), bytes);
      await expect(catalog.dump(at("v"), 0, { tape: at("mine.tap") })).rejects.toMatchObject({
        code: "tape.not-a-tape",
      });
      expect(fs.readFileSync(at("mine.tap")).equals(bytes)).toBe(true);
    }
    expect(fs.readdirSync(scratch).sort()).toEqual(["c", "mine.tap", "v"]);
  });

  test("a plain file with an image that it builds on", async () => {
    fs.mkdirSync(at("v"));
    const catalog = await new TestCatalog(at("c")).init();
    await catalog.dump(at("v"), 0, { tape: at("home.0") });
    await catalog.dump(at("v"), 1, { tape: at("home.1") });
    for (const tape of ["home.0", "home.1"]) {
      const before = fs.readFileSync(at(tape));
      await expect(catalog.dump(at("v"), 2, { tape: at(tape) })).rejects.toMatchObject({
        code: "tape.holds-base",
      });
      expect(fs.readFileSync(at(tape)).equals(before)).toBe(true);
    }
    // As with dump(8), the next week's takes the place of this week's.
    await catalog.dump(at("v"), 1, { tape: at("home.1") });
    await catalog.dump(at("v"), 0, { tape: at("home.0") });
    expect((await catalog.verify()).problems).toEqual([]);
  });
});
