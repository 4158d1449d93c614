// Random series of dumps at random levels: the real restore rebuilds every state from the chain's streams,
// and Reel's own restore brings back every changeset and single paths of it. Seeded; REEL_SEEDS=n runs n.
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import type { DumpReport } from "../../src/job/requests.ts";
import { clockAhead, TestCatalog } from "./catalog.ts";
import { compareTrees, type OracleTree, readTree } from "./oracle.ts";
import { Random } from "./random.ts";
import { restoreStream } from "./real-restore.ts";
import { RandomVolume } from "./volume.ts";

const SEEDS = Number(process.env["REEL_SEEDS"] ?? 30);
const FIRST_SEED = Number(process.env["REEL_FIRST_SEED"] ?? 1);
const DUMPS = 12;
const TMPFS_MAGIC = 0x0102_1994;
/** Cancels the margin of the scan start, so that what did not change is not dumped again. */
const MARGIN_NS = 2_000_000_000n;

interface Done {
  readonly report: DumpReport;
  readonly number: number;
  readonly tree: OracleTree;
}

function scratchRoot(seed: number): string {
  const shared = "/dev/shm";
  return seed % 2 === 1 && existsSync(shared) && statfsSync(shared).type === TMPFS_MAGIC
    ? shared
    : tmpdir();
}

test.each(Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i))("seed %i", async (seed) => {
  const random = new Random(seed);
  const where = mkdtempSync(join(scratchRoot(seed), `reel-series-${seed}-`));
  try {
    const root = join(where, "volume");
    mkdirSync(root);
    mkdirSync(join(where, "catalog"));
    const clock = seed % 4 < 2 ? systemClock : clockAhead(MARGIN_NS);
    const catalog = await new TestCatalog(join(where, "catalog"), clock).init();
    const volume = new RandomVolume(root, random, where.startsWith(tmpdir()));
    const levels31 = seed % 5 === 0;
    const done: Done[] = [];
    for (let n = 0; n < DUMPS; n++) {
      if (n > 0) volume.change(random.below(25));
      const level = n === 0 ? 0 : levels31 ? 1 + random.below(31) : random.below(10);
      const tree = readTree(root);
      const report = await catalog.dump(
        root,
        level,
        n % 3 === 1 ? { blockingFactor: random.pick([4, 10, 256]) } : {},
      );
      expect(report.skipped).toEqual([]);
      done.push({ report, number: n + 1, tree });
    }
    expect((await catalog.verify()).problems).toEqual([]);
    await restoreAllReal(catalog, done, where);
    await restoreAllReel(catalog, done, where, random);
  } finally {
    execFileSync("rm", ["-rf", where]);
  }
});

/** Each dump once: a chain goes on from a copy of what its base left. */
async function restoreAllReal(
  catalog: TestCatalog,
  done: readonly Done[],
  where: string,
): Promise<void> {
  const visit = async (at: Done, base: string | null): Promise<void> => {
    const target = join(where, `real-${at.report.image.rev}`);
    if (base === null) mkdirSync(target);
    else execFileSync("cp", ["-a", base, target]);
    const stream = join(where, "stream");
    await catalog.stream(at.report, at.number, stream);
    restoreStream(stream, target);
    rmSync(stream);
    const differences = compareTrees(at.tree, readTree(target), {
      decimals: 6,
      attributes: true,
      extraDirectoryAttributes: true,
      ignore: (path) => path === "restoresymtable",
      ignoreTime: (path) => path === "",
    });
    expect(
      differences,
      `the real restore of changeset ${at.report.image.rev}, level ${at.report.image.level}`,
    ).toEqual([]);
    for (const next of done)
      if (next.report.base?.rev === at.report.image.rev) await visit(next, target);
    execFileSync("rm", ["-rf", target]);
  };
  for (const start of done) if (start.report.base === null) await visit(start, null);
}

async function restoreAllReel(
  catalog: TestCatalog,
  done: readonly Done[],
  where: string,
  random: Random,
): Promise<void> {
  for (const { report, tree } of done) {
    const target = join(where, "own");
    const restored = await catalog.restore(report.image.rev, target);
    expect(restored.problems).toEqual([]);
    expect(
      compareTrees(tree, readTree(target), { decimals: 9, attributes: true }),
      `changeset ${report.image.rev}`,
    ).toEqual([]);
    execFileSync("rm", ["-rf", target]);
    const path = random.pick([...tree.keys()].filter((p) => p !== ""));
    const one = await catalog.restore(report.image.rev, target, [path]);
    expect(one.problems).toEqual([]);
    const inside = (p: string): boolean =>
      p === path || p.startsWith(`${path}/`) || path.startsWith(`${p}/`) || p === "";
    const wanted = new Map([...tree].filter(([p]) => inside(p)));
    expect(
      compareTrees(wanted, readTree(target), { decimals: 9, attributes: true }),
      `${path} of changeset ${report.image.rev}`,
    ).toEqual([]);
    execFileSync("rm", ["-rf", target]);
  }
}
