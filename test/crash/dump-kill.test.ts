// SIGKILL of real dumps at moments spread over their whole run: the catalog opens, verifies, shows the old or
// the new state, and takes a next, different dump, which restores right. Nothing blocks on what is left.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { toRev } from "../../src/core/ids.ts";
import { openRepository } from "../../src/job/repository.ts";
import { listImages } from "../../src/dump/tape-images.ts";
import { runTapeVerify } from "../../src/job/tape-job.ts";
import { TapeLibrary } from "../../src/tape/library.ts";
import { TestCatalog } from "../series/catalog.ts";
import { compareTrees, readTree } from "../series/oracle.ts";
import { Random } from "../series/random.ts";
import { bundleDumpChild, type DumpRun, runDumpChild } from "./dump-process.ts";

/** Kills, and files of the volume: over 5000 a level 0 reads on a thread of its own. */
const SERIES = [
  [Number(process.env["REEL_KILLS"] ?? 160), 2000],
  [40, 5200],
] as const;
const DIRECTORIES = 60;
/** A catalog is begun anew before verifying all of it takes longer than the dump. */
const RUNS_PER_CATALOG = 25;
const DUMP_EVERY = 10;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "reel-dump-kill-"));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** A volume that changes with each dump. */
class Volume {
  readonly root: string;
  private readonly files: number;
  private readonly random: Random;
  private round = 0;

  constructor(root: string, files: number, random: Random) {
    this.root = root;
    this.files = files;
    this.random = random;
    for (let n = 0; n < DIRECTORIES; n++)
      fs.mkdirSync(path.join(root, `d${n}`), { recursive: true });
    for (let n = 0; n < files; n++) this.write(n);
  }

  private file(n: number): string {
    return path.join(this.root, `d${n % DIRECTORIES}`, `file-${n}`);
  }

  private write(n: number): void {
    fs.writeFileSync(this.file(n), this.random.bytes(this.random.below(1500)));
  }

  /** Some files edited, one removed, one new that replaces an older one, in a directory that is new too. */
  change(): void {
    this.round++;
    for (let i = 0; i < 20; i++) this.write(this.random.below(this.files));
    fs.rmSync(this.file(this.random.below(this.files)), { force: true });
    const directory = path.join(this.root, `d${this.round % DIRECTORIES}`, "moved");
    const fresh = path.join(this.root, "fresh");
    fs.writeFileSync(fresh, this.random.bytes(500));
    fs.rmSync(directory, { recursive: true, force: true });
    fs.mkdirSync(directory);
    fs.renameSync(fresh, path.join(directory, `in-${this.round}`));
  }
}

class KilledCatalog {
  readonly catalog: TestCatalog;
  nodes: string[] = [];
  locksBroken = 0;
  private readonly random: Random;

  constructor(directory: string, random: Random) {
    this.catalog = new TestCatalog(directory);
    this.random = random;
  }

  /** Nodes of all changesets, in order. */
  read(): string[] {
    const repository = openRepository(this.catalog.context());
    try {
      const { changelog } = repository.view();
      return Array.from({ length: changelog.count }, (_, rev) => changelog.node(toRev(rev)));
    } finally {
      repository.close();
    }
  }

  nextLevel(): number {
    const { random } = this;
    return this.nodes.length === 0 || random.chance(0.4) ? 0 : 1 + random.below(9);
  }

  /** What must hold after a kill, or after a dump that was quicker than it. */
  async check(run: DumpRun): Promise<void> {
    const nodes = this.read();
    expect(nodes.slice(0, this.nodes.length)).toEqual(this.nodes);
    const added = nodes.slice(this.nodes.length);
    if (run.committed !== null) expect(added).toEqual([run.committed]);
    else expect(added.length).toBeLessThanOrEqual(1);
    this.nodes = nodes;
    expect((await this.catalog.verify()).problems).toEqual([]);
    for (const notice of run.notices) this.note(notice);
    await this.checkTapes("the last image may be cut");
  }

  private note(notice: string): void {
    expect(notice).toMatch(/^(broke the lock|cut \d+ bytes|removed )/);
    if (notice.startsWith("broke the lock")) this.locksBroken++;
  }

  /** Every changeset's image is there, whole. */
  private async checkTapes(
    how: "the last image may be cut" | "all images are whole",
  ): Promise<void> {
    const library = new TapeLibrary(path.join(this.catalog.directory, ".reel/tapes"));
    let whole = 0;
    for (const { label } of library.list()) {
      const tape = await library.open(label, { write: false });
      const images = await listImages(tape.drive);
      await tape.close();
      whole += images.filter(({ ended }) => ended).length;
      const wholeOnes = how === "all images are whole" ? images : images.slice(0, -1);
      expect(wholeOnes.every(({ ended }) => ended)).toBe(true);
    }
    expect(whole).toBeGreaterThanOrEqual(this.nodes.length);
  }

  /** Reads all tapes through: what the catalog says is on them is. */
  async verifyTapes(): Promise<void> {
    const library = new TapeLibrary(path.join(this.catalog.directory, ".reel/tapes"));
    for (const { label } of library.list()) {
      const { images } = await runTapeVerify({ tape: label }, this.catalog.context());
      expect(images.flatMap(({ problems }) => problems)).toEqual([]);
      const known = images.flatMap(({ changeset }) => (changeset ? [changeset.node] : []));
      expect(known).toEqual(this.nodes);
    }
  }

  /** The next dump, in this process: it must not block, and come back as the volume is. */
  async dumpAndRestore(volume: string, level: number): Promise<void> {
    const { catalog } = this;
    catalog.notices.length = 0;
    const report = await catalog.dump(volume, level);
    expect(report.skipped).toEqual([]);
    for (const notice of catalog.notices) this.note(notice);
    await this.checkTapes("all images are whole");
    this.nodes = this.read();
    expect(this.nodes.at(-1)).toBe(report.image.node);
    expect((await catalog.verify()).problems).toEqual([]);
    const target = path.join(catalog.directory, "restored");
    const restored = await catalog.restore(report.image.rev, target);
    expect(restored.problems).toEqual([]);
    const differences = compareTrees(readTree(volume), readTree(target), {
      decimals: 9,
      attributes: true,
    });
    expect(differences).toEqual([]);
    fs.rmSync(target, { recursive: true });
  }
}

test.each(SERIES)("%i kills of dumps of %i files", async (kills, files) => {
  const home = fs.mkdtempSync(path.join(scratch, "series-"));
  const random = new Random(files);
  const child = bundleDumpChild(home);
  const volume = new Volume(path.join(home, "volume"), files, random);
  /** How long the last whole run of a level 0 took, and of a higher one. */
  const wholeMs = [0, 0];
  let killed = 0;
  let runs = 0;
  let locksBroken = 0;
  while (killed < kills) {
    const kept = new KilledCatalog(fs.mkdtempSync(path.join(home, "catalog-")), random);
    await kept.catalog.init();
    const dump = async (level: number, killMs: number | null): Promise<void> => {
      const args = [kept.catalog.directory, volume.root, String(level)];
      const run = await runDumpChild(child, args, killMs);
      expect(run.failed).toBeNull();
      await kept.check(run);
      if (run.signal === null) wholeMs[Math.min(level, 1)] = run.ms;
      else killed++;
    };
    // The first kill finds an empty catalog, and its dump is the first of all.
    const first = runs;
    do {
      if (runs === first + 1 || wholeMs[0] === 0)
        for (const level of [0, 1]) await dump(level, null);
      volume.change();
      const level = kept.nextLevel();
      // Strata in a scrambled order, so that each level meets early and late moments.
      const moment = ((runs++ * 61) % kills) + random.next();
      await dump(level, (moment / kills) * (wholeMs[Math.min(level, 1)] as number));
      const isLast = killed === kills || runs === first + RUNS_PER_CATALOG;
      if (runs % DUMP_EVERY === 0 || isLast) {
        volume.change();
        await kept.dumpAndRestore(volume.root, kept.nextLevel());
      }
    } while (killed < kills && runs < first + RUNS_PER_CATALOG);
    await kept.verifyTapes();
    locksBroken += kept.locksBroken;
    fs.rmSync(kept.catalog.directory, { recursive: true });
    expect(runs).toBeLessThan(3 * kills);
  }
  expect(locksBroken).toBeGreaterThan(0);
  fs.rmSync(home, { recursive: true });
});
