// Parsing: what a command line asks of a job. The jobs themselves do not run.
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { debuglayoutCommand } from "../../src/cli/commands/debuglayout.ts";
import { diffCommand } from "../../src/cli/commands/diff.ts";
import { dumpCommand } from "../../src/cli/commands/dump.ts";
import { filesCommand } from "../../src/cli/commands/files.ts";
import { glogCommand, logCommand } from "../../src/cli/commands/log.ts";
import { planCommand } from "../../src/cli/commands/plan.ts";
import { restoreCommand } from "../../src/cli/commands/restore.ts";
import type { Invocation } from "../../src/cli/invocation.ts";
import type { Host, Run } from "../../src/cli/verb.ts";

/** Parses `words` with the command that `make` gives, and returns the request that its run gets. */
async function requested<Request>(
  make: (host: Host, run: Run<Request>) => Command,
  ...words: string[]
): Promise<Request> {
  const requests: Request[] = [];
  const host: Host = { invocation: () => ({}) as Invocation, finish: () => {} };
  const command = make(host, async (request) => {
    requests.push(request);
    return undefined;
  });
  await command.exitOverride().parseAsync(words, { from: "user" });
  const [request] = requests;
  if (request === undefined) throw new Error("nothing ran");
  return request;
}

describe("dump", () => {
  test("the least", async () => {
    expect(await requested(dumpCommand, "-l", "0", "/home")).toEqual({
      source: "/home",
      level: 0,
      tape: null,
      blockingFactor: null,
      message: null,
      user: null,
      date: null,
      exclude: [],
      name: null,
      force: false,
      crossMounts: false,
    });
  });

  test("all options, wherever the source stands", async () => {
    const words =
      "-l 3 /home -f VOL003 -b 32 -m text -u ann -d yesterday --exclude *.o --exclude tmp --as /h --force -x";
    expect(await requested(dumpCommand, ...words.split(" "))).toEqual({
      source: "/home",
      level: 3,
      tape: "VOL003",
      blockingFactor: 32,
      message: "text",
      user: "ann",
      date: "yesterday",
      exclude: ["*.o", "tmp"],
      name: "/h",
      force: true,
      crossMounts: true,
    });
  });

  test("standard output, and a date that looks like an option", async () => {
    const request = await requested(dumpCommand, "-l0", "-f-", "-d", "-5 0", ".");
    expect(request).toMatchObject({ tape: "-", date: "-5 0", level: 0 });
  });
});

describe("log", () => {
  test("glog is log -G", async () => {
    expect(await requested(glogCommand, "-r", "1", "etc")).toEqual(
      await requested(logCommand, "-G", "-r", "1", "etc"),
    );
  });

  test("conditions", async () => {
    const words = [
      "-r",
      "1:3",
      "-r",
      "-1",
      "-l",
      "5",
      "-b",
      "/a",
      "-b",
      "/b",
      "-u",
      "ann",
      "-k",
      "move",
      "-d",
      "-7",
      "-T",
      "{rev}",
    ];
    expect(await requested(logCommand, ...words)).toEqual({
      walk: {
        revsets: ["1:3", "-1"],
        branches: ["/a", "/b"],
        users: ["ann"],
        keywords: ["move"],
        date: "-7",
        only: null,
        limit: 5,
        graph: false,
      },
      template: "{rev}",
      path: null,
    });
  });
});

test("paths become bytes", async () => {
  const request = await requested(filesCommand, "-r", "4", "-l", "-0", "résumé");
  expect(request).toEqual({ rev: "4", path: "r\xc3\xa9sum\xc3\xa9", long: true, nul: true });
  expect(await requested(filesCommand)).toMatchObject({ rev: ".", path: null });
});

test("diff takes one revision against its parent, or two", async () => {
  expect(await requested(diffCommand, "-r", "3")).toEqual({ from: "(3)^", to: "3", path: null });
  expect(await requested(diffCommand, "-r", "3", "-r", "1", "etc")).toEqual({
    from: "3",
    to: "1",
    path: "etc",
  });
});

test("plan and restore take paths", async () => {
  expect(await requested(planCommand, "-r", "2", "a", "b")).toEqual({
    rev: "2",
    paths: ["a", "b"],
  });
  expect(
    await requested(restoreCommand, "-r", "2", "a", "--to", "/r", "-f", "A=/x", "-f", "/y"),
  ).toEqual({
    rev: "2",
    paths: ["a"],
    to: "/r",
    tapes: ["A=/x", "/y"],
    dryRun: false,
    force: false,
  });
});

test("debuglayout has the simulator's defaults", async () => {
  expect(await requested(debuglayoutCommand, "--simulate", "case")).toEqual({
    file: "case",
    groups: 10,
    inodes: 10,
    dataBlocks: 30,
    largeFile: 0,
    contiguous: 1,
    faraway: 1,
    spreadInodes: false,
    spreadData: false,
  });
  const words =
    "--simulate - --groups 8 --data-blocks 10 --large-file 5 --contiguous 2 --faraway 3 --spread-inodes --spread-data";
  expect(await requested(debuglayoutCommand, ...words.split(" "))).toMatchObject({
    file: "-",
    groups: 8,
    dataBlocks: 10,
    largeFile: 5,
    contiguous: 2,
    faraway: 3,
    spreadInodes: true,
    spreadData: true,
  });
});
