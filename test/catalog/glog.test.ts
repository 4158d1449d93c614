// The repositories that Mercurial wrote, committed from their texts into catalogs on disk: `reel glog`
// prints what `hg log -G` printed, character for character.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createRepository } from "../../src/job/repository.ts";
import { importTexts, readFixture } from "./import-texts.ts";

const REEL = new URL("../../bin/reel.js", import.meta.url).pathname;

test.each([
  ["poem", "texts.json"],
  ["tree", "index.json"],
])("%s", async (name, texts) => {
  const directory = mkdtempSync(join(tmpdir(), "reel-glog-"));
  try {
    const repository = createRepository(directory, () => {});
    await importTexts(repository.store, readFixture(`fixtures/hg/${name}/${texts}`));
    repository.close();
    const reel = (...args: string[]): string =>
      execFileSync(process.execPath, [REEL, "-R", directory, ...args], {
        encoding: "utf8",
        env: { ...process.env, TZ: "UTC" },
      });
    expect(reel("glog")).toBe(readFileSync(`fixtures/hg/${name}/log-G.txt`, "utf8"));
    expect(reel("log", "-G")).toBe(readFileSync(`fixtures/hg/${name}/log-G.txt`, "utf8"));
    expect(reel("verify")).toContain("nothing wrong");
  } finally {
    rmSync(directory, { recursive: true });
  }
});
