// Catalogs of real dumps, with all kinds of files and odd names, through bundles: to a plain hg and back, and
// from one catalog to another dump by dump.
import { execFile, execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runBundle, runUnbundle } from "../../src/job/bundle-job.ts";
import type { BundleRequest, TakenBundle } from "../../src/job/bundle-requests.ts";
import { openRepository } from "../../src/job/repository.ts";
import { runReel } from "../cli/memory-io.ts";
import { HgServer } from "../hg-server.ts";
import { TestCatalog } from "../series/catalog.ts";
import { Random } from "../series/random.ts";
import { RandomVolume } from "../series/volume.ts";
import { revisionsOf } from "./catalogs.ts";

const LEVELS = [0, 2, 3, 1, 4, 0, 5];

let folder = "";
let site: TestCatalog;
/** One bundle for each dump, made when it was the newest. */
const weekly: string[] = [];
const hg = new HgServer();

function bundle(catalog: TestCatalog, changes: Partial<BundleRequest>): Promise<unknown> {
  const request: BundleRequest = { file: "-", revs: [], base: [], type: "gzip-v2", ...changes };
  return runBundle(request, catalog.context());
}

async function unbundle(catalog: TestCatalog, ...files: string[]): Promise<TakenBundle[]> {
  const taken: TakenBundle[] = [];
  for await (const each of runUnbundle({ files }, catalog.context())) taken.push(each);
  return taken;
}

function contents(catalog: TestCatalog): string[] {
  const repository = openRepository(catalog.context());
  try {
    return revisionsOf(repository.view());
  } finally {
    repository.close();
  }
}

function newCatalog(name: string): Promise<TestCatalog> {
  const directory = path.join(folder, name);
  fs.mkdirSync(directory);
  return new TestCatalog(directory).init();
}

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "reel-bundle-"));
  const source = path.join(folder, "source");
  fs.mkdirSync(source);
  const volume = new RandomVolume(source, new Random(7), false);
  site = await newCatalog("site");
  for (const [n, level] of LEVELS.entries()) {
    if (n > 0) volume.change(12);
    site.clock = { now: () => BigInt(Date.now() + n * 60_000) * 1_000_000n, zone: () => 0 };
    await site.dump(source, level, { name: "/vol/a" });
    const file = path.join(folder, `${n}.hg`);
    await bundle(site, n === 0 ? { file } : { file, base: [String(n - 1), `0:${n - 1}`] });
    weekly.push(file);
  }
});

afterAll(() => {
  hg.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

describe("catalogs of dumps", () => {
  test("dump by dump to another catalog", async () => {
    const there = await newCatalog("there");
    const taken = await unbundle(there, ...weekly);
    expect(taken.map((each) => each.changesets.length)).toEqual(LEVELS.map(() => 1));
    expect(taken.map((each) => each.known)).toEqual(LEVELS.map(() => 0));
    expect(contents(there)).toEqual(contents(site));
    expect((await there.verify()).problems).toEqual([]);
    expect((await unbundle(there, weekly[3] as string))[0]?.changesets).toEqual([]);
  });

  test("out of order is refused, and nothing is taken", async () => {
    const there = await newCatalog("order");
    await expect(unbundle(there, weekly[2] as string)).rejects.toMatchObject({
      code: expect.stringMatching(
        /^exchange\.unknown-(parent|base)$|^exchange\.missing-revision$/,
      ) as string,
    });
    expect(contents(there)).toEqual([]);
  });

  test("to an unconfigured hg, and back", async () => {
    const repository = path.join(folder, "hg");
    await hg.text("init", repository);
    for (const file of weekly) await hg.text("-R", repository, "unbundle", file);
    const verified = await hg.run("-R", repository, "verify");
    expect(verified.output.toString() + verified.errors).not.toMatch(/warning|error|integrity/);
    expect(verified.code).toBe(0);
    const template = "{rev}:{node} {p1.node} {p2.node} {branch} {date|hgdate} {desc}\\n";
    const listed = await hg.text("-R", repository, "log", "-r", "all()", "-T", template);
    const { out } = await runReel(["-R", site.directory, "log", "-r", "all()", "-T", template]);
    expect(listed).toBe(out);
    // Reel marks the newest dump, hg what is checked out.
    await hg.text("-R", repository, "debugsetparents", "tip");
    const drawn = await hg.text("-R", repository, "log", "-G", "-T", "{rev}:{node|short}");
    const glog = await runReel(["-R", site.directory, "log", "-G", "-T", "{rev}:{node|short}"]);
    expect(glog.out).toBe(drawn);
    for (const type of ["none", "gzip", "bzip2", "zstd"]) {
      const back = path.join(folder, `back-${type}.hg`);
      await hg.text("-R", repository, "bundle", "-a", "-t", `${type}-v2;cg.version=03`, back);
      const there = await newCatalog(`back-${type}`);
      await unbundle(there, back);
      expect(contents(there)).toEqual(contents(site));
      expect((await there.verify()).problems).toEqual([]);
    }
  });

  test("from an hg without directories, in each type", async () => {
    const repository = path.join(folder, "flat");
    await hg.text("init", repository);
    for (const text of ["one", "one\ntwo", "three"]) {
      fs.writeFileSync(path.join(repository, "file"), `${text}\n`);
      await hg.text("-R", repository, "commit", "-A", "-m", text, "-d", "0 0");
    }
    const all: string[][] = [];
    for (const type of [
      "none-v1",
      "gzip-v1",
      "bzip2-v1",
      "none-v2",
      "gzip-v2",
      "bzip2-v2",
      "zstd-v2",
    ]) {
      const file = path.join(folder, `flat-${type}.hg`);
      await hg.text("-R", repository, "bundle", "-a", "-t", type, file);
      const there = await newCatalog(`flat-${type}`);
      expect((await unbundle(there, file))[0]?.changesets).toHaveLength(3);
      all.push(contents(there));
    }
    for (const each of all) expect(each).toEqual(all[0]);
  });
});

describe("the verbs", () => {
  const reel = (...args: string[]) => runReel(["-R", site.directory, ...args]);

  test("bundle says what it wrote", async () => {
    const file = path.join(folder, "said.hg");
    expect((await reel("bundle", "--all", file)).out).toMatch(
      /said\.hg: 7 changesets, \d+ revisions, /,
    );
    const { out } = await reel(
      "bundle",
      "--base",
      "2",
      "-r",
      "tip",
      "-t",
      "none-v2",
      "--json",
      file,
    );
    expect(JSON.parse(out)).toMatchObject({ schema: 1, file, bytes: fs.statSync(file).size });
    expect(fs.existsSync(`${file}.part`)).toBe(false);
  });

  test("a device is written to, and what a link leads to is replaced", async () => {
    const device = path.join(folder, "device");
    execFileSync("mkfifo", [device]);
    const reader = execFile("cat", [device], { encoding: "buffer", maxBuffer: 1 << 24 });
    const read = new Promise<number>((resolve) =>
      reader.stdout?.once("data", (b: Buffer) => resolve(b.length)),
    );
    expect((await reel("bundle", "-a", device)).exit).toBe(0);
    expect(await read).toBeGreaterThan(0);
    expect(fs.statSync(device).isFIFO()).toBe(true);
    const link = path.join(folder, "link.hg");
    fs.writeFileSync(path.join(folder, "target.hg"), "old");
    fs.symlinkSync("target.hg", link);
    expect((await reel("bundle", "-a", link)).exit).toBe(0);
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
    expect(fs.statSync(path.join(folder, "target.hg")).size).toBeGreaterThan(3);
  });

  test("unbundle says what it took", async () => {
    const there = await newCatalog("told");
    const take = (...args: string[]) => runReel(["-R", there.directory, "unbundle", ...args]);
    expect((await take(weekly[0] as string)).out).toMatch(
      /0\.hg: added 1 changeset, \d+ revisions\n/,
    );
    expect((await take(weekly[0] as string)).out).toMatch(/0\.hg: nothing new\n/);
    const { out } = await take("--json", weekly[1] as string);
    expect(JSON.parse(out)).toMatchObject({ schema: 1, changesets: [expect.any(String)] });
  });

  test("what is refused", async () => {
    const file = path.join(folder, "refused.hg");
    const codes = async (...args: string[]): Promise<string> => {
      const { err, exit } = await reel(...args, "--json");
      return `${(JSON.parse(err) as { code: string }).code} ${exit}`;
    };
    expect(await codes("bundle", file)).toBe("usage 2");
    expect(await codes("bundle", "-a", "--base", "1", file)).toBe("usage 2");
    expect(await codes("bundle", "-a", "-t", "bzip2-v2", file)).toBe("exchange.unwritten-type 2");
    expect(await codes("bundle", "-a", "-t", "gzip-v1", file)).toBe("exchange.needs-trees 2");
    expect(await codes("bundle", "-r", "3", "--base", "4", "--base", "3", file)).toBe(
      "exchange.nothing-to-send 1",
    );
    expect(await codes("bundle", "-a", path.join(folder, "no", "such", "x.hg"))).toBe(
      "exchange.io 1",
    );
    expect(await codes("unbundle", path.join(folder, "none.hg"))).toBe("exchange.io 1");
    expect(await codes("unbundle", path.join(import.meta.dirname, "catalogs.ts"))).toBe(
      "exchange.not-a-bundle 2",
    );
    expect(fs.readdirSync(folder).filter((name) => name.startsWith("refused"))).toEqual([]);
  });
});
