// Dumps at the same time, in processes of their own: of several volumes they all succeed, of one volume the
// second is refused and told whom it met.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRepository } from "../../src/job/repository.ts";
import { lockTape } from "../../src/tape/tape-lock.ts";
import { TestCatalog } from "../series/catalog.ts";
import { compareTrees, readTree } from "../series/oracle.ts";
import { bundleDumpChild, type DumpRun, runDumpChild } from "./dump-process.ts";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "reel-side-by-side-"));
let child = "";
beforeAll(() => {
  child = bundleDumpChild(scratch);
});
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

async function newCatalog(): Promise<TestCatalog> {
  return await new TestCatalog(fs.mkdtempSync(path.join(scratch, "catalog-"))).init();
}

function newVolume(files: number): string {
  const volume = fs.mkdtempSync(path.join(scratch, "volume-"));
  for (let n = 0; n < files; n++) {
    const directory = path.join(volume, `d${n % 10}`);
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, `f${n}`), `${volume} ${n}`.repeat(n % 40));
  }
  return volume;
}

function withRepository<T>(
  catalog: TestCatalog,
  use: (repository: ReturnType<typeof openRepository>) => T,
): T {
  const repository = openRepository(catalog.context());
  try {
    return use(repository);
  } finally {
    repository.close();
  }
}

async function expectRestored(catalog: TestCatalog, run: DumpRun, volume: string): Promise<void> {
  expect(run.failed).toBeNull();
  const target = fs.mkdtempSync(path.join(scratch, "restored-"));
  expect((await catalog.restore(run.committed as string, target)).problems).toEqual([]);
  const how = { decimals: 9, attributes: true };
  expect(compareTrees(readTree(volume), readTree(target), how)).toEqual([]);
  fs.rmSync(target, { recursive: true });
}

describe("different volumes", () => {
  test("are dumped side by side, each to a tape of its own, and all come back", async () => {
    const catalog = await newCatalog();
    const volumes = [newVolume(300), newVolume(300), newVolume(300)];
    for (const level of ["0", "1", "0", "2"]) {
      const runs = await Promise.all(
        volumes.map((volume) => runDumpChild(child, [catalog.directory, volume, level])),
      );
      for (const [i, run] of runs.entries())
        await expectRestored(catalog, run, volumes[i] as string);
      for (const volume of volumes)
        fs.writeFileSync(path.join(volume, "d1/f1"), `after level ${level}`);
    }
    const { problems, changesets } = await catalog.verify();
    expect(problems).toEqual([]);
    expect(changesets).toBe(12);
    const tapes = fs.readdirSync(path.join(catalog.directory, ".reel/tapes"));
    expect(tapes.filter((name) => name.endsWith(".tap")).length).toBeLessThanOrEqual(
      volumes.length,
    );
  });

  test("may go to tapes outside the library at once, and each is found again", async () => {
    const catalog = await newCatalog();
    const volumes = [newVolume(50), newVolume(50), newVolume(50)];
    const runs = await Promise.all(
      volumes.map((volume) =>
        runDumpChild(child, [catalog.directory, volume, "0", `${volume}.tap`]),
      ),
    );
    for (const [i, run] of runs.entries()) await expectRestored(catalog, run, volumes[i] as string);
  });

  test("a commit waits for one that is on its way", async () => {
    const catalog = await newCatalog();
    const volume = newVolume(10);
    const repository = openRepository(catalog.context());
    const other = repository.begin();
    let isHeld = true;
    const run = await runDumpChild(child, [catalog.directory, volume, "0"], null, (text) => {
      if (!isHeld || !text.includes("waiting")) return;
      isHeld = false;
      other.abort();
    });
    repository.close();
    expect(run.notices).toEqual([expect.stringMatching(`^waiting for process ${process.pid} on `)]);
    await expectRestored(catalog, run, volume);
  });
});

describe("one volume twice", () => {
  test("is refused while the first dump runs, and its owner is named", async () => {
    const catalog = await newCatalog();
    const volume = newVolume(10);
    const lock = withRepository(catalog, (repository) => repository.lockPath(volume));
    const refused = await runDumpChild(child, [catalog.directory, volume, "0"]);
    expect(refused.code).toBe(1);
    expect(refused.failed).toContain("dump.in-progress");
    expect(refused.failed).toContain(
      `${volume} is being dumped by process ${process.pid} on ${os.hostname()}`,
    );
    lock.release();
    await expectRestored(
      catalog,
      await runDumpChild(child, [catalog.directory, volume, "0"]),
      volume,
    );
  });

  test("at once commits at least one dump, and nothing is damaged", async () => {
    const catalog = await newCatalog();
    const volume = newVolume(200);
    const dump = (): Promise<DumpRun> => runDumpChild(child, [catalog.directory, volume, "0"]);
    const runs = await Promise.all([dump(), dump(), dump()]);
    const committed = runs.filter((run) => run.committed !== null);
    expect(committed.length).toBeGreaterThan(0);
    for (const run of runs)
      if (run.committed === null) expect(run.failed).toContain("dump.in-progress");
    expect((await catalog.verify()).problems).toEqual([]);
    for (const run of committed) await expectRestored(catalog, run, volume);
  });
});

describe("what a dead dump left", () => {
  const dead = `${os.hostname()} 999999999 1\n`;

  test("in locks is broken with a notice: the path's, the tape's, a torn one", async () => {
    const catalog = await newCatalog();
    const volume = newVolume(10);
    await expectRestored(
      catalog,
      await runDumpChild(child, [catalog.directory, volume, "0"]),
      volume,
    );
    const tape = path.join(catalog.directory, ".reel/tapes/REEL01.tap");
    const pathLock = withRepository(catalog, (repository) => repository.pathFile(volume));
    fs.writeFileSync(`${pathLock}.lock`, dead);
    fs.writeFileSync(`${tape}.lock`, "");
    const run = await runDumpChild(child, [catalog.directory, volume, "0"]);
    expect(run.notices).toEqual([
      `broke the lock on ${pathLock} of process 999999999 on ${os.hostname()}, which no longer runs`,
      `broke a torn lock on ${tape}, left by a crash`,
    ]);
    await expectRestored(catalog, run, volume);
    expect(fs.existsSync(`${tape}.lock`) || fs.existsSync(`${pathLock}.lock`)).toBe(false);
  });

  test("as a tape without a label is used all the same", async () => {
    const catalog = await newCatalog();
    const volume = newVolume(10);
    const tapes = path.join(catalog.directory, ".reel/tapes");
    for (const begun of [0, 50, 88]) {
      fs.rmSync(tapes, { recursive: true, force: true });
      fs.mkdirSync(tapes);
      // 4 + 80 + 4 bytes of label and 4 of filemark, of which so many came to the disk.
      const label = Buffer.concat([
        Buffer.from([80, 0, 0, 0]),
        Buffer.alloc(80, " "),
        Buffer.from([80, 0, 0, 0]),
      ]);
      fs.writeFileSync(path.join(tapes, "REEL01.tap"), label.subarray(0, begun));
      const run = await runDumpChild(child, [catalog.directory, volume, "0"]);
      await expectRestored(catalog, run, volume);
    }
  });

  test("under this very process id, of an earlier life, is no hindrance", () => {
    const file = path.join(scratch, "reused");
    fs.writeFileSync(`${file}.lock.${process.pid}.0`, "");
    fs.writeFileSync(`${file}.lock`, `${os.hostname()} ${process.pid} another-boot/1\n`);
    const notices: string[] = [];
    lockTape(file, (line) => notices.push(line)).release();
    expect(notices).toHaveLength(1);
  });
});
