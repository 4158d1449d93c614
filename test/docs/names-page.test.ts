// The tables of docs/format/names.md are vectors: for the code, and where they name branches, for hg.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  escapeBranch,
  escapeName,
  isReserved,
  unescapeBranch,
  unescapeName,
} from "../../src/catalog/names.ts";
import { page } from "./page-hex.ts";

/** Rows of the table below a heading, each cell's code as bytes. */
function table(heading: string): [string, string][] {
  const text = page("names.md");
  const section = text.slice(text.indexOf(heading));
  const [rows = ""] = /\|---\|---\|\n((?:\|.*\|\n)+)/.exec(section)?.slice(1) ?? [];
  return [...rows.matchAll(/^\| `(.*)` \| `(.*)` \|$/gm)].map(([, a = "", b = ""]) => [
    plain(a),
    plain(b),
  ]);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", "\\": "\\" };

function plain(text: string): string {
  return text.replaceAll(/\\(x([0-9a-f]{2})|.)/g, (_, word: string, digits: string | undefined) =>
    digits === undefined
      ? (ESCAPES[word] as string)
      : String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

const files = table("## 1. Files");
const branches = table("## 3. Branches");

test("the tables are there", () => {
  expect([files.length, branches.length]).toEqual([15, 7]);
});

test.each(files)("the name %j is written %j", (name, written) => {
  expect(escapeName(name)).toBe(written);
  expect(unescapeName(written)).toBe(name);
  expect(isReserved(written)).toBe(false);
});

test("the reserved names", () => {
  const text = page("names.md");
  const rows = [...text.slice(text.indexOf("## 2.")).matchAll(/^\| `(%\w+)` \|/gm)].map(
    ([, name = ""]) => name,
  );
  expect(rows).toEqual(["%dir", "%image", "%offsets"]);
  for (const name of rows) {
    expect(isReserved(name)).toBe(true);
    expect(escapeName(name)).not.toBe(name);
  }
});

describe("branches", () => {
  test.each(branches)("the dump path %j is the branch %j", (name, branch) => {
    expect(escapeBranch(name)).toBe(branch);
    expect(unescapeBranch(branch)).toBe(name);
  });

  test("hg takes them all, and gives the same bytes back", () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "reel-branches-"));
    onTestFinished(() => fs.rmSync(directory, { recursive: true }));
    const env = { ...process.env, HGPLAIN: "1", HGRCPATH: "", HGENCODING: "UTF-8" };
    const hg = (...args: string[]): string =>
      execFileSync("hg", args, { cwd: directory, env, encoding: "latin1" });
    hg("init");
    for (const [, branch] of branches) {
      hg("branch", Buffer.from(branch, "latin1").toString("utf8"));
      expect(hg("branch")).toBe(`${branch}\n`);
    }
  });
});
