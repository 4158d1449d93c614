// Dumps of one volume in turn, each with the state that it must bring back, and the two judges: the real
// restore over the streams one after the other, and Reel's own restore of every changeset.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { OpenVolume } from "../../src/job/dump-job.ts";
import type { DumpReport, DumpRequest } from "../../src/job/requests.ts";
import { TestCatalog } from "../series/catalog.ts";
import { compareTrees, type OracleEntry, type OracleTree, readTree } from "../series/oracle.ts";
import { restoreStream } from "../series/real-restore.ts";

export interface ChainStep {
  readonly report: DumpReport;
  /** Which image of its tape it is. */
  readonly number: number;
  /** What the volume was; a test may put right what the dump could not know. */
  readonly tree: OracleTree;
}

export interface Judgement {
  /** Paths whose time the stream cannot carry, besides the root's. */
  readonly realIgnoresTime?: (path: string, entry: OracleEntry) => boolean;
  /** What the real restore may say. */
  readonly realMaySay?: RegExp;
  /** Paths that the real restore is not asked about. */
  readonly realIgnores?: (path: string) => boolean;
}

export class DumpChain {
  readonly where: string;
  readonly volume: string;
  readonly catalog: TestCatalog;
  readonly steps: ChainStep[] = [];
  private readonly images = new Map<string, number>();

  private constructor(where: string) {
    this.where = where;
    this.volume = join(where, "volume");
    this.catalog = new TestCatalog(join(where, "catalog"));
  }

  /** Runs in a directory of its own, which is removed whatever is in it. */
  static async run(
    use: (chain: DumpChain) => Promise<void>,
    above: string = tmpdir(),
  ): Promise<void> {
    const where = mkdtempSync(join(above, "reel-volume-"));
    try {
      const chain = new DumpChain(where);
      mkdirSync(chain.volume);
      mkdirSync(chain.catalog.directory);
      await chain.catalog.init();
      await use(chain);
    } finally {
      execFileSync("rm", ["-rf", where]);
    }
  }

  /** A path in the volume. */
  path(...names: string[]): string {
    return join(this.volume, ...names);
  }

  async dump(
    level: number,
    changes: Partial<DumpRequest> = {},
    open?: OpenVolume,
  ): Promise<ChainStep> {
    const tree = readTree(this.volume);
    return this.note(await this.catalog.dump(this.volume, level, changes, open), tree);
  }

  /** Takes a dump that was made otherwise into the chain. */
  note(report: DumpReport, tree: OracleTree): ChainStep {
    const label = report.tapes[0]?.label ?? "";
    const number = (this.images.get(label) ?? 0) + 1;
    for (const { label: used } of report.tapes)
      this.images.set(used, (this.images.get(used) ?? 0) + 1);
    const step = { report, number, tree };
    this.steps.push(step);
    return step;
  }

  async judge(how: Judgement = {}): Promise<void> {
    await this.judgeReal(how);
    await this.judgeOwn();
  }

  /** The steps must be one chain: each the base of the next. */
  judgeReal(how: Judgement = {}): Promise<void> {
    return judgeReal(this, how);
  }

  judgeOwn(): Promise<void> {
    return judgeOwn(this);
  }
}

async function judgeReal({ where, steps, catalog }: DumpChain, how: Judgement): Promise<void> {
  const target = join(where, "real");
  const stream = join(where, "stream");
  mkdirSync(target);
  for (const { report, number, tree } of steps) {
    await catalog.stream(report, number, stream);
    restoreStream(stream, target, how.realMaySay);
    rmSync(stream);
    const differences = compareTrees(tree, readTree(target), {
      decimals: 6,
      attributes: true,
      extraDirectoryAttributes: true,
      ignore: (path) => path === "restoresymtable" || how.realIgnores?.(path) === true,
      ignoreTime: (path, entry) => path === "" || how.realIgnoresTime?.(path, entry) === true,
    });
    expect(differences, `the real restore of changeset ${report.image.rev}`).toEqual([]);
  }
  execFileSync("rm", ["-rf", target]);
}

async function judgeOwn({ where, steps, catalog }: DumpChain): Promise<void> {
  const target = join(where, "own");
  for (const { report, tree } of steps) {
    const restored = await catalog.restore(report.image.rev, target);
    expect(restored.problems).toEqual([]);
    const differences = compareTrees(tree, readTree(target), { decimals: 9, attributes: true });
    expect(differences, `changeset ${report.image.rev}`).toEqual([]);
    execFileSync("rm", ["-rf", target]);
  }
  expect((await catalog.verify()).problems).toEqual([]);
}
