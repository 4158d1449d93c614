// What a dump that looks at ctime alone would lose. The base is dumped with a clock an hour ahead: no ctime
// is at or after its scan start, so that every file in an increment here is there for another reason.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { readImage } from "../../src/job/image-chain.ts";
import { openRepository } from "../../src/job/repository.ts";
import type { DumpReport } from "../../src/job/requests.ts";
import { CONTENT } from "../../src/volume/source.ts";
import { clockAhead } from "../series/catalog.ts";
import { type OracleTree, readTree } from "../series/oracle.ts";
import { type ChainStep, DumpChain } from "./chain.ts";
import { asNobody, giveToNobody } from "./nobody.ts";
import { troubled } from "./troubled-source.ts";

const HOUR_NS = 3_600_000_000_000n;

/** A chain whose bases are an hour ahead of every ctime. */
function ahead(use: (chain: DumpChain) => Promise<void>): Promise<void> {
  return DumpChain.run(async (chain) => {
    chain.catalog.clock = clockAhead(HOUR_NS);
    await use(chain);
    expect((await chain.catalog.verify()).problems).toEqual([]);
  });
}

/** Nothing in the volume has a ctime that a dump on this base would look at. */
function expectOldCtimes(chain: DumpChain, base: DumpReport): void {
  const image = imageOf(chain, base);
  const start = BigInt(image.scanStart) * 1_000_000_000n + BigInt(image.scanStartNs);
  for (const name of readdirSync(chain.volume, { recursive: true }) as string[]) {
    expect(lstatSync(chain.path(name), { bigint: true }).ctimeNs < start, name).toBe(true);
  }
}

function imageOf(
  chain: DumpChain,
  report: DumpReport,
): NonNullable<ReturnType<typeof readImage>>["record"] {
  const repository = openRepository(chain.catalog.context());
  try {
    const image = readImage(repository.view(), report.image.rev);
    if (!image) throw new Error("no image");
    return image.record;
  } finally {
    repository.close();
  }
}

function skippedOf(report: DumpReport): string[] {
  return report.skipped.map(({ path, why, errno, stale }) =>
    [path, why, errno, stale ? "stale" : ""].filter((word) => word !== "").join(" "),
  );
}

function fill(chain: DumpChain): void {
  mkdirSync(chain.path("d"));
  mkdirSync(chain.path("d/below"));
  for (const name of ["a", "b", "d/x", "d/y", "d/below/z"])
    writeFileSync(chain.path(name), `content of ${name}`);
}

test("a directory moved in from outside with old files below it", () =>
  ahead(async (chain) => {
    fill(chain);
    const outside = join(chain.where, "outside");
    mkdirSync(join(outside, "deep/deeper"), { recursive: true });
    for (const name of ["old", "deep/older", "deep/deeper/oldest"]) {
      writeFileSync(join(outside, name), `old ${name}`);
      utimesSync(join(outside, name), 1_000_000_000, 1_000_000_000);
    }
    symlinkSync("old", join(outside, "deep/link"));
    const base = await chain.dump(0);
    renameSync(outside, chain.path("d/moved in"));
    expectOldCtimes(chain, base.report);
    const { report } = await chain.dump(1);
    expect(report.files).toBe(4);
    await chain.judge();
  }));

test("a file that was away or unreadable while the base was read", () =>
  ahead(async (chain) => {
    fill(chain);
    // Away: no content at the base, and nothing in its catalog.
    const away = troubled({
      afterWalk: () => renameSync(chain.path("d/x"), join(chain.where, "away")),
      status: new Map([["y", CONTENT.unreadable]]),
    });
    const tree = readTree(chain.volume);
    const base = await chain.catalog.dump(chain.volume, 0, {}, away);
    expect(skippedOf(base)).toEqual(["d/x vanished ENOENT", "d/y unreadable"]);
    tree.delete("d/x");
    tree.delete("d/y");
    chain.note(base, tree);
    renameSync(join(chain.where, "away"), chain.path("d/x"));
    expectOldCtimes(chain, base);
    const { report } = await chain.dump(1);
    expect(report.skipped).toEqual([]);
    expect(report.files).toBe(2);
    await chain.judge({ realMaySay: /not found on tape|expected next file/ });
  }));

test("a file that an increment could not read keeps the base's record, and the next dump takes it", () =>
  DumpChain.run(async (chain) => {
    fill(chain);
    await chain.dump(0);
    // Within the margin of the scan start it is selected, though nothing about it differs from its record.
    const tree = readTree(chain.volume);
    const skipping = await chain.catalog.dump(
      chain.volume,
      1,
      {},
      troubled({ status: new Map([["x", CONTENT.unreadable]]) }),
    );
    expect(skippedOf(skipping)).toEqual(["d/x unreadable stale"]);
    chain.note(skipping, tree);
    chain.catalog.clock = clockAhead(HOUR_NS);
    const second = await chain.catalog.dump(
      chain.volume,
      2,
      {},
      troubled({ status: new Map([["x", CONTENT.unreadable]]) }),
    );
    chain.note(second, tree);
    expectOldCtimes(chain, second);
    const { report } = await chain.dump(3);
    expect(report.files).toBe(1);
    expect(report.skipped).toEqual([]);
    await chain.judge({ realMaySay: /not found on tape|expected next file/ });
  }));

test("a file that its reader may not read, until it may", () =>
  ahead(async (chain) => {
    fill(chain);
    chmodSync(chain.path("d/x"), 0);
    giveToNobody(chain.where);
    const tree = readTree(chain.volume);
    const base = await asNobody(() => chain.catalog.dump(chain.volume, 0));
    expect(skippedOf(base)).toEqual(["d/x unreadable EACCES"]);
    tree.delete("d/x");
    chain.note(base, tree);
    chmodSync(chain.path("d/x"), 0o644);
    chmodSync(chain.path("a"), 0);
    const after = readTree(chain.volume);
    const second = await asNobody(() => chain.catalog.dump(chain.volume, 1));
    expect(skippedOf(second)).toEqual(["a unreadable EACCES stale"]);
    expect(second.files).toBeGreaterThan(0);
    after.set("a", tree.get("a") as never);
    chain.note(second, after);
    chmodSync(chain.path("a"), 0o640);
    await chain.dump(2);
    await chain.judge({ realMaySay: /not found on tape|expected next file/ });
  }));

test("an exclude pattern that changed, in both directions", () =>
  ahead(async (chain) => {
    fill(chain);
    writeFileSync(chain.path("d/x.tmp"), "x");
    writeFileSync(chain.path("d/x.log"), "y");
    mkdirSync(chain.path("d/tmp"));
    writeFileSync(chain.path("d/tmp/inside"), "z");
    mkdirSync(chain.path("e"));
    // Names of one inode, of which a pattern takes some: no attribute of it or of its directory changes.
    linkSync(chain.path("a"), chain.path("d/below/a.log"));
    linkSync(chain.path("a"), chain.path("e/a.tmp"));
    const all = readTree(chain.volume);
    const without = (pattern: RegExp): OracleTree =>
      new Map([...all].filter(([path]) => !pattern.test(path)));
    const base = await chain.catalog.dump(chain.volume, 0, { exclude: ["*.tmp", "/d/tmp"] });
    expect(base.excluded).toBe(3);
    chain.note(base, without(/\.tmp$|^d\/tmp/));
    expectOldCtimes(chain, base);
    const other = await chain.catalog.dump(chain.volume, 1, { exclude: ["*.log"] });
    expect(other.excluded).toBe(2);
    chain.note(other, without(/\.log$/));
    chain.note(
      await chain.catalog.dump(chain.volume, 2, { exclude: ["*.tmp", "*.log"] }),
      without(/\.tmp$|\.log$/),
    );
    const { report } = await chain.dump(3);
    expect(report.excluded).toBe(0);
    // A dump without any change has the root alone.
    expect(await chain.dump(4)).toMatchObject({ report: { files: 0, directories: 1 } });
    await chain.judge();
  }));

test("a clock that went back", () =>
  ahead(async (chain) => {
    fill(chain);
    const base = await chain.dump(0);
    chain.catalog.clock = systemClock;
    writeFileSync(chain.path("d/x"), "edited while the clock was behind");
    writeFileSync(chain.path("new"), "new");
    chmodSync(chain.path("b"), 0o600);
    expectOldCtimes(chain, base.report);
    const { report } = await chain.dump(1);
    expect(report.files).toBe(3);
    expect(imageOf(chain, report).date).toBeGreaterThan(imageOf(chain, base.report).date);
    expect(imageOf(chain, report).scanStart).toBeLessThan(imageOf(chain, base.report).scanStart);
    // And back further than everything.
    chain.catalog.clock = clockAhead(-1000n * HOUR_NS);
    unlinkSync(chain.path("new"));
    const third = await chain.dump(2);
    expect(imageOf(chain, third.report).date).toBeGreaterThan(imageOf(chain, report).date);
    await chain.judge();
  }));

test("an inode number used again, for another file and for a directory", () =>
  ahead(async (chain) => {
    fill(chain);
    /** Deletes and makes until the number comes back: ext4 takes the first that is free. */
    const again = (path: string, make: (at: string) => void): void => {
      const wanted = statSync(chain.path(path)).ino;
      const made: string[] = [];
      rmSync(chain.path(path), { recursive: true });
      for (let n = 0; n < 100; n++) {
        const at = join(chain.where, `volume/try ${n}`);
        make(at);
        if (statSync(at).ino !== wanted) {
          made.push(at);
          continue;
        }
        for (const other of made) rmSync(other, { recursive: true });
        renameSync(at, chain.path(`${path} again`));
        return;
      }
      throw new Error("the file system does not use numbers again");
    };
    utimesSync(chain.path("a"), 1_000_000_000, 1_000_000_000);
    const base = await chain.dump(0);
    const size = statSync(chain.path("a")).size;
    const number = statSync(chain.path("a")).ino;
    again("a", (at) => {
      writeFileSync(at, "x".repeat(size));
      utimesSync(at, 1_000_000_000, 1_000_000_000);
    });
    expect(statSync(chain.path("a again")).ino).toBe(number);
    again("d/y", (at) => writeFileSync(at, "y"));
    expectOldCtimes(chain, base.report);
    const { report } = await chain.dump(1);
    expect(report.files).toBe(2);
    await chain.judge();
  }));

test("a hard link added in another directory, and one taken away", () =>
  ahead(async (chain) => {
    fill(chain);
    mkdirSync(chain.path("e"));
    linkSync(chain.path("b"), chain.path("e/b"));
    const base = await chain.dump(0);
    linkSync(chain.path("d/x"), chain.path("e/x"));
    unlinkSync(chain.path("e/b"));
    expectOldCtimes(chain, base.report);
    await chain.dump(1);
    linkSync(chain.path("d/x"), chain.path("d/below/x"));
    unlinkSync(chain.path("d/x"));
    await chain.dump(2);
    await chain.judge();
  }));

/** The volume as it is, but with what a dump cannot know as the base had it. */
function keeping(tree: OracleTree, base: ChainStep, isKept: (path: string) => boolean): OracleTree {
  const kept = new Map([...tree].filter(([path]) => !isKept(path)));
  for (const [path, entry] of base.tree) if (isKept(path)) kept.set(path, entry);
  return kept;
}

const REASONS = [
  ["that cannot be listed", 0o000, "unreadable-directory"],
  ["whose names cannot be looked up", 0o444, "unreadable"],
] as const;

test.each(REASONS)("a directory %s", (_title, mode, why) =>
  ahead(async (chain) => {
    fill(chain);
    giveToNobody(chain.where);
    const base = chain.note(
      await asNobody(() => chain.catalog.dump(chain.volume, 0)),
      readTree(chain.volume),
    );
    const dump = async (level: number, kept: (path: string) => boolean): Promise<DumpReport> => {
      const tree = keeping(readTree(chain.volume), base, kept);
      const report = await asNobody(() => chain.catalog.dump(chain.volume, level));
      chain.note(report, tree);
      return report;
    };
    writeFileSync(chain.path("b"), "changed");
    writeFileSync(chain.path("d/x"), "changed where nobody sees it");
    const below = (path: string): boolean => path.startsWith("d/");
    const itself = (path: string): boolean =>
      below(path) || (path === "d" && why === "unreadable-directory");
    chmodSync(chain.path("d"), mode);
    const first = await dump(1, itself);
    if (why === "unreadable-directory")
      expect(skippedOf(first)).toEqual(["d unreadable-directory EACCES stale"]);
    else
      expect(skippedOf(first).sort()).toEqual([
        "d/below unreadable EACCES stale",
        "d/x unreadable EACCES stale",
        "d/y unreadable EACCES stale",
      ]);
    writeFileSync(chain.path("new"), "new");
    await dump(2, itself);
    chmodSync(chain.path("d"), 0o755);
    const report = await dump(3, () => false);
    expect(report.skipped).toEqual([]);
    expect(report.files).toBe(3);
    expect(report.directories).toBe(3);
    await chain.judge();
  }),
);

test("what cannot be read has the content that its other name shows; what was moved out of it is there once", () =>
  ahead(async (chain) => {
    fill(chain);
    linkSync(chain.path("d/y"), chain.path("y outside"));
    giveToNobody(chain.where);
    const base = chain.note(
      await asNobody(() => chain.catalog.dump(chain.volume, 0)),
      readTree(chain.volume),
    );
    writeFileSync(chain.path("y outside"), "seen through its other name");
    renameSync(chain.path("d/x"), chain.path("x moved out"));
    renameSync(chain.path("d/below"), chain.path("below moved out"));
    chmodSync(chain.path("d"), 0);
    const tree = keeping(readTree(chain.volume), base, (path) => path === "d");
    const report = await asNobody(() => chain.catalog.dump(chain.volume, 1));
    expect(skippedOf(report)).toEqual(["d unreadable-directory EACCES stale"]);
    chain.note(report, tree);
    // The real restore needs the directory on tape to see the second name.
    await chain.judgeOwn();
  }));

test("a directory that cannot be read and was moved", () =>
  ahead(async (chain) => {
    fill(chain);
    giveToNobody(chain.where);
    const base = chain.note(
      await asNobody(() => chain.catalog.dump(chain.volume, 0)),
      readTree(chain.volume),
    );
    renameSync(chain.path("d"), chain.path("moved"));
    chmodSync(chain.path("moved"), 0);
    const tree = readTree(chain.volume);
    tree.set("moved", base.tree.get("d") as never);
    const report = await asNobody(() => chain.catalog.dump(chain.volume, 1));
    expect(skippedOf(report)).toEqual(["moved unreadable-directory EACCES stale"]);
    chain.note(report, tree);
    chmodSync(chain.path("moved"), 0o755);
    const after = readTree(chain.volume);
    chain.note(await asNobody(() => chain.catalog.dump(chain.volume, 2)), after);
    await chain.judge();
  }));

test("a directory that cannot be read at level 0 is taken by the next dump", () =>
  ahead(async (chain) => {
    fill(chain);
    chmodSync(chain.path("d"), 0);
    giveToNobody(chain.where);
    const tree = new Map([...readTree(chain.volume)].filter(([path]) => !path.startsWith("d/")));
    const report = await asNobody(() => chain.catalog.dump(chain.volume, 0));
    expect(skippedOf(report)).toEqual(["d unreadable-directory EACCES"]);
    chain.note(report, tree);
    chmodSync(chain.path("d"), 0o755);
    const after = readTree(chain.volume);
    chain.note(await asNobody(() => chain.catalog.dump(chain.volume, 1)), after);
    await chain.judge();
  }));

test("a root that cannot be read is no empty volume", () =>
  ahead(async (chain) => {
    fill(chain);
    giveToNobody(chain.where);
    await asNobody(() => chain.catalog.dump(chain.volume, 0));
    chmodSync(chain.volume, 0);
    await expect(asNobody(() => chain.catalog.dump(chain.volume, 1))).rejects.toMatchObject({
      code: "volume.unreadable",
    });
    chmodSync(chain.volume, 0o111);
    await expect(asNobody(() => chain.catalog.dump(chain.volume, 1))).rejects.toMatchObject({
      code: "volume.unreadable",
    });
    expect((await chain.catalog.verify()).changesets).toBe(1);
  }));

test("an unmounted root", async () => {
  const where = mkdtempSync(join(tmpdir(), "reel-mount-"));
  const image = join(where, "image");
  execFileSync("truncate", ["-s", "16M", image]);
  execFileSync("mkfs.ext4", ["-q", image]);
  const kinds: (readonly string[])[] = [
    ["-t", "tmpfs", "tmpfs"],
    ["-o", "loop", image],
  ];
  try {
    for (const kind of kinds) {
      await ahead(async (chain) => {
        execFileSync("mount", [...kind, chain.volume]);
        try {
          fill(chain);
          await chain.dump(0);
        } finally {
          execFileSync("umount", [chain.volume]);
        }
        const before = await chain.catalog.verify();
        await expect(chain.catalog.dump(chain.volume, 1)).rejects.toMatchObject({
          code: "dump.other-root",
        });
        expect(await chain.catalog.verify()).toEqual(before);
        const forced = await chain.catalog.dump(chain.volume, 1, { force: true });
        chain.note(forced, readTree(chain.volume));
        expect(forced.files).toBe(0);
        await chain.judge({ realIgnores: (path) => path === "lost+found" });
      });
    }
  } finally {
    rmSync(where, { recursive: true });
  }
});

test("a file system mounted over a directory hides what is below it, and takes nothing away", () =>
  ahead(async (chain) => {
    fill(chain);
    const base = await chain.dump(0);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", chain.path("d")]);
    try {
      writeFileSync(chain.path("d/of the other"), "not asked for");
      const report = await chain.catalog.dump(chain.volume, 1);
      expect(skippedOf(report)).toEqual(["d mount EXDEV stale"]);
      chain.note(report, base.tree);
    } finally {
      execFileSync("umount", [chain.path("d")]);
    }
    await chain.dump(2);
    await chain.judge();
  }));
