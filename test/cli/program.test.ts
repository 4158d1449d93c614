// The frame: help, usage errors, exit codes, global options.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runReel } from "./memory-io.ts";

const VERBS = [
  "init",
  "demo",
  "help",
  "dump",
  "log",
  "glog",
  "heads",
  "tip",
  "branches",
  "tags",
  "id",
  "parents",
  "files",
  "cat",
  "diff",
  "chain",
  "plan",
  "restore",
  "tape",
  "tape list",
  "tape show",
  "tape cat",
  "tape verify",
  "verify",
  "recover",
  "debugindex",
  "debugdata",
  "debuglayout",
];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reel-cli-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("help", () => {
  test.each(VERBS)("%s --help has an example and the exit codes", async (verb) => {
    const { exit, out, err } = await runReel([...verb.split(" "), "--help"]);
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(out).toMatch(/^Usage: reel /);
    expect(out).toContain(`\nExamples:\n  reel ${verb.startsWith("tape") ? "tape" : verb}`);
    expect(out).toMatch(/\nExit codes:\n {4}0 {2}done\n {4}1 {2}failed\n {4}2 {2}/);
    expect(out).toContain("-R, --catalog <dir>");
  });

  test.each(VERBS)("help %s is the same", async (verb) => {
    const words = verb.split(" ");
    expect((await runReel(["help", ...words])).out).toBe((await runReel([...words, "--help"])).out);
  });

  test("without a verb, all verbs are listed", async () => {
    const { exit, out } = await runReel([]);
    expect(exit).toBe(0);
    for (const verb of VERBS.filter((v) => !v.includes(" ")))
      expect(out).toMatch(new RegExp(`^  ${verb} `, "m"));
  });

  test.each(["revisions", "templates", "dates", "paths", "environment"])(
    "topic %s",
    async (topic) => {
      const { exit, out } = await runReel(["help", topic]);
      expect(exit).toBe(0);
      expect(out.split("\n").every((line) => line.length <= 110)).toBe(true);
      expect((await runReel(["help"])).out).toContain(topic);
    },
  );

  test("every keyword, filter and function is in 'help templates'", async () => {
    const { out } = await runReel(["help", "templates"]);
    for (const name of ["p1node", "rfc3339date", "separate", "level"]) expect(out).toContain(name);
  });
});

describe("usage errors exit with 2 and say what to do", () => {
  test.each([
    [["logg"], "reel: unknown command 'logg' (Did you mean log?)\n(see 'reel help')\n"],
    [
      ["log", "--limt", "3"],
      "reel: unknown option '--limt' (Did you mean --limit?)\n(see 'reel help log')\n",
    ],
    [["cat"], "reel: missing required argument 'path'\n(see 'reel help cat')\n"],
    [["tape"], "reel: 'reel tape' needs a verb\n(see 'reel tape --help')\n"],
    [
      ["log", "-l", "many"],
      "reel: option '-l, --limit <n>' argument 'many' is invalid. A whole number is expected.\n(see 'reel help log')\n",
    ],
    [
      ["dump", "/x"],
      "reel: no level given\n(give -l 0 for everything, or a higher level for what changed since)\n",
    ],
    [
      ["dump", "-l", "32", "/x"],
      "reel: level 32 is not from 0 to 31\n(give -l with a number from 0 to 31)\n",
    ],
    [
      ["restore", "-r", "1"],
      "reel: no target given\n(give --to DIR, an empty or a new directory)\n",
    ],
    [
      ["diff", "-r", "1", "-r", "2", "-r", "3"],
      "reel: diff takes two revisions, not 3\n(give -r FROM -r TO)\n",
    ],
    [
      ["log", "--color", "red"],
      "reel: --color is always, never or auto, not 'red'\n(see 'reel help')\n",
    ],
    [["help", "nothing"], "reel: no verb or topic 'nothing'\n(see 'reel help' for all of them)\n"],
  ])("%j", async (argv, err) => {
    expect(await runReel(argv)).toEqual({ exit: 2, out: "", err });
  });
});

describe("on an empty catalog", () => {
  const at = (...argv: string[]) => runReel(argv, { cwd: join(folder, "empty") });
  beforeAll(async () => {
    await runReel(["init", "empty"], { cwd: folder });
  });

  test("init is silent", async () => {
    expect(await runReel(["init", "other"], { cwd: folder })).toEqual({
      exit: 0,
      out: "",
      err: "",
    });
  });

  test.each(["log", "glog", "heads", "tip", "branches", "tags", "verify"])(
    "%s works",
    async (verb) => {
      const { exit, err } = await at(verb);
      expect({ exit, err }).toEqual({ exit: 0, err: "" });
    },
  );

  test.each(["files", "cat x", "chain", "plan", "id", "parents", "diff"])(
    "%s is an error with a remedy",
    async (verb) => {
      const { exit, out, err } = await at(...verb.split(" "));
      expect(exit).toBeGreaterThan(0);
      expect(out).toBe("");
      expect(err).toMatch(/^reel: .*\n\(.*\)\n$/s);
    },
  );

  test("JSON lists are empty arrays", async () => {
    for (const verb of ["log", "heads", "branches", "tags"])
      expect(JSON.parse((await at(verb, "--json")).out)).toEqual([]);
  });

  test("-R before and after the verb, and REEL_CATALOG", async () => {
    const place = join(folder, "empty");
    expect((await runReel(["-R", place, "log"])).exit).toBe(0);
    expect((await runReel(["log", "-R", place])).exit).toBe(0);
    expect((await runReel(["log"], { env: { REEL_CATALOG: place } })).exit).toBe(0);
  });

  test("a wrong expression is shown with the place in it", async () => {
    const { exit, err } = await at("log", "-r", "heads(all() and");
    expect(exit).toBe(2);
    expect(err).toBe(
      "reel: bad revset: it ends where a revision is expected\n  heads(all() and\n                 ^\n(see 'reel help revisions')\n",
    );
  });
});

test("no catalog exits with 10", async () => {
  expect((await runReel(["log"], { cwd: folder })).exit).toBe(10);
  expect((await runReel(["-R", join(folder, "nowhere"), "log"])).exit).toBe(10);
});

test("errors as JSON", async () => {
  const { exit, err } = await runReel(["log", "--json"], { cwd: folder });
  const failure = JSON.parse(err) as Record<string, unknown>;
  expect(exit).toBe(10);
  expect(Object.keys(failure)).toEqual(["code", "message", "data", "remedy"]);
  expect(failure["code"]).toMatch(/^catalog\.not-found/);
});

test("the version is that of the package", async () => {
  const manifest = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  expect((await runReel(["--version"])).out).toBe(`reel ${version}\n`);
});
