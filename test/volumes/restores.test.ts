// Restores of parts: single paths, directories, one name of several; files from several levels and tapes.
// Drives that note what is asked of them show that each tape is mounted once and each record read once.
import { linkSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { knownTapes } from "../../src/job/chain-job.ts";
import { openRepository } from "../../src/job/repository.ts";
import { planOf } from "../../src/job/restore-input.ts";
import { findDump } from "../../src/job/revision.ts";
import { extract } from "../../src/restore/extract.ts";
import type { RestorePlan } from "../../src/restore/plan.ts";
import { Target } from "../../src/restore/target.ts";
import type { Drive } from "../../src/tape/drive.ts";
import { openVirtualDrive } from "../../src/tape/virtual-drive.ts";
import { clockAhead } from "../series/catalog.ts";
import { compareTrees, type OracleTree, readTree } from "../series/oracle.ts";
import { DumpChain } from "./chain.ts";

interface Watched {
  readonly plan: RestorePlan;
  readonly mounted: string[];
  /** "label file record" of every record that was read. */
  readonly read: string[];
}

/** Delegates to a drive and notes the records that were read. */
function watch(drive: Drive, label: string, read: string[]): Drive {
  return {
    name: drive.name,
    counters: drive.counters,
    seekable: drive.seekable,
    async read(into) {
      const { file, record } = drive.position();
      read.push(`${label} ${file} ${record}`);
      return drive.read(into);
    },
    write: (record) => drive.write(record),
    mark: () => drive.mark(),
    sync: () => drive.sync(),
    space: (to) => drive.space(to),
    skipFile: () => drive.skipFile(),
    spaceToEnd: () => drive.spaceToEnd(),
    rewind: () => drive.rewind(),
    position: () => drive.position(),
    close: () => drive.close(),
  };
}

/** As the restore job does it, with drives that are watched. */
async function restoreWatched(
  chain: DumpChain,
  rev: number,
  paths: readonly string[],
  to: string,
): Promise<Watched> {
  const context = chain.catalog.context();
  const repository = openRepository(context);
  try {
    const view = repository.view();
    const { plan } = planOf(repository, view, findDump(view, String(rev), context), paths);
    const known = knownTapes(repository);
    const watched: Watched = { plan, mounted: [], read: [] };
    const target = await Target.open(to);
    try {
      const open = async (label: string): Promise<Drive> => {
        watched.mounted.push(label);
        return watch(
          openVirtualDrive(known.pathOf(label) as string, { write: false }),
          label,
          watched.read,
        );
      };
      const report = await extract(plan, open, target);
      expect(report.problems).toEqual([]);
    } finally {
      target.close();
    }
    return watched;
  } finally {
    repository.close();
  }
}

/** Every tape once, every record at most once, and only records of the plan, besides the header of each piece. */
function expectFrugal({ plan, mounted, read }: Watched): void {
  expect(mounted).toEqual([...new Set(mounted)]);
  expect(mounted).toEqual(plan.mounts.map((mount) => mount.label));
  expect(read).toEqual([...new Set(read)]);
  const allowed = new Set<string>();
  const wanted = new Set<string>();
  for (const { label, passes } of plan.mounts) {
    for (const { file, runs } of passes) {
      allowed.add(`${label} ${file} 0`);
      for (const { firstRecord, records } of runs)
        for (let i = 0; i < records; i++) wanted.add(`${label} ${file} ${firstRecord + i}`);
    }
  }
  expect(read.filter((place) => !wanted.has(place) && !allowed.has(place))).toEqual([]);
  expect([...wanted].filter((place) => !read.includes(place))).toEqual([]);
}

function part(tree: OracleTree, ...paths: string[]): OracleTree {
  const isIn = (p: string): boolean =>
    p === "" ||
    paths.some(
      (path) => path === "" || p === path || p.startsWith(`${path}/`) || path.startsWith(`${p}/`),
    );
  return new Map([...tree].filter(([p]) => isIn(p)));
}

function expectSame(tree: OracleTree, to: string): void {
  expect(compareTrees(tree, readTree(to), { decimals: 9, attributes: true })).toEqual([]);
  rmSync(to, { recursive: true });
}

/** Longer than a gap that is read through. */
const SPACER = 1 << 21;

/** What did not change is not dumped again, however new it is. */
const MARGIN_NS = 2_000_000_000n;

function fill(chain: DumpChain): void {
  chain.catalog.clock = clockAhead(MARGIN_NS);
  mkdirSync(chain.path("d/deep"), { recursive: true });
  mkdirSync(chain.path("e"));
  for (const name of ["a", "b", "c", "d/x", "d/y", "d/deep/z", "e/w"]) {
    writeFileSync(chain.path(name), `content of ${name}`.repeat(500));
    writeFileSync(chain.path(`${name}.large`), Buffer.alloc(SPACER, name));
  }
  linkSync(chain.path("d/x"), chain.path("e/other name of x"));
  symlinkSync("../a", chain.path("d/link"));
}

test("one path, a directory, several of both: the rest is not touched", () =>
  DumpChain.run(async (chain) => {
    fill(chain);
    const { tree, report } = await chain.dump(0);
    const to = join(chain.where, "to");
    for (const paths of [
      ["a"],
      ["d"],
      ["d/deep"],
      ["d/deep/z"],
      ["b", "e", "d/y"],
      ["d/link"],
      ["d", "d/y"],
      [""],
      ["./d//deep/"],
    ]) {
      const watched = await restoreWatched(chain, 0, paths, to);
      expectFrugal(watched);
      expectSame(part(tree, ...paths.map((path) => (path === "./d//deep/" ? "d/deep" : path))), to);
    }
    const one = await restoreWatched(chain, 0, ["d/deep/z"], to);
    // The header of the image, and one or two records that hold the small file.
    expect(one.read.length).toBeLessThanOrEqual(3);
    expect(report.blocks / 64).toBeGreaterThan(100);
    // A link needs no tape.
    expect((await restoreWatched(chain, 0, ["d/link"], join(chain.where, "link"))).mounted).toEqual(
      [],
    );
  }));

test("a hard link whose other name is not wanted, and one whose names all are", () =>
  DumpChain.run(async (chain) => {
    fill(chain);
    const { tree } = await chain.dump(0);
    const to = join(chain.where, "to");
    for (const name of ["d/x", "e/other name of x"]) {
      expectFrugal(await restoreWatched(chain, 0, [name], to));
      expect(lstatSync(join(to, name)).nlink).toBe(1);
      expectSame(part(tree, name), to);
    }
    const both = await restoreWatched(chain, 0, ["d/x", "e"], to);
    expectFrugal(both);
    expect(lstatSync(join(to, "d/x")).nlink).toBe(2);
    expectSame(part(tree, "d/x", "e"), to);
  }));

test("files of several levels from one tape that holds the images of two volumes", () =>
  DumpChain.run(async (chain) => {
    fill(chain);
    const other = join(chain.where, "other");
    mkdirSync(other);
    writeFileSync(join(other, "file"), Buffer.alloc(SPACER, "other"));
    const trees: OracleTree[] = [];
    const revs: number[] = [];
    for (const level of [0, 1, 2]) {
      if (level === 1) writeFileSync(chain.path("b"), "level 1");
      if (level === 2) writeFileSync(chain.path("d/deep/z"), "level 2".repeat(9000));
      trees.push(readTree(chain.volume));
      revs.push((await chain.catalog.dump(chain.volume, level)).image.rev);
      await chain.catalog.dump(other, level);
    }
    const to = join(chain.where, "to");
    for (const [i, rev] of revs.entries()) {
      const watched = await restoreWatched(chain, rev, [], to);
      expectFrugal(watched);
      expect(watched.mounted).toEqual(["REEL01"]);
      expectSame(trees[i] as OracleTree, to);
    }
    // Each from the newest image that has it: nothing is read twice and written over.
    const merged = await restoreWatched(chain, revs[2] as number, ["a", "b", "d/deep/z"], to);
    expectFrugal(merged);
    const places = ["a", "b", "d/deep/z"].map(
      (path) => merged.plan.entries.find((entry) => entry.path === path)?.place?.image,
    );
    expect(new Set(places).size).toBeGreaterThan(1);
    expect(merged.plan.totals.filesFromTape).toBe(3);
    expectSame(part(trees[2] as OracleTree, "a", "b", "d/deep/z"), to);
  }));

test("levels on two tapes by turns: each is mounted once", () =>
  DumpChain.run(async (chain) => {
    fill(chain);
    const tapes = [join(chain.where, "one.tap"), join(chain.where, "two.tap")];
    const trees: OracleTree[] = [];
    for (const level of [0, 1, 2, 3, 4]) {
      writeFileSync(chain.path(`at level ${level}`), `level ${level}`.repeat(7000));
      writeFileSync(chain.path("each"), `level ${level}`);
      trees.push(readTree(chain.volume));
      await chain.catalog.dump(chain.volume, level, { tape: tapes[level % 2] as string });
    }
    const to = join(chain.where, "to");
    const watched = await restoreWatched(chain, 4, [], to);
    expectFrugal(watched);
    expect([...watched.mounted].sort()).toEqual(["one", "two"]);
    expectSame(trees[4] as OracleTree, to);
    expect((await chain.catalog.restore(2, to)).tapesRead.toSorted()).toEqual(["one", "two"]);
    expectSame(trees[2] as OracleTree, to);
    // Only what is on one is asked of one.
    expect((await chain.catalog.restore(4, to, ["at level 3"])).tapesRead).toEqual(["two"]);
    expectSame(part(trees[4] as OracleTree, "at level 3"), to);
  }));
