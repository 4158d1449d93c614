import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createDiskStore, openDiskStore } from "../../src/store/disk-store.ts";
import { nodeFiles, type FileLayer } from "../../src/store/file-layer.ts";
import { OPEN_FILES_MAX } from "../../src/store/file-pool.ts";
import { systemProcesses } from "../../src/store/process-table.ts";
import { recoverStore } from "../../src/store/recover.ts";
import { CHANGESET_INDEX, groupDataFile } from "../../src/store/store.ts";
import { encodeSuperblock, GROUPS_REQUIREMENT } from "../../src/store/superblock.ts";
import { storeConformance } from "../conformance/store.ts";
import { appendAll, carryOut, ExpectedStore, planCommit, seededBytes } from "./expected-store.ts";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "reel-disk-store-"));
afterAll(() => fs.rmSync(scratch, { recursive: true }));
let made = 0;
const fresh = () => path.join(scratch, String(made++));

function refusal(code: string, data: object = {}): Error {
  return expect.objectContaining({ code, data: expect.objectContaining(data) as object }) as Error;
}

/** A store of two commits, closed, and what it holds. */
async function filled(): Promise<{ directory: string; expected: ExpectedStore }> {
  const directory = fresh();
  const store = createDiskStore(directory);
  let expected = new ExpectedStore();
  for (const commit of [planCommit(1, 3, 2000), planCommit(2, 4, 5000)]) {
    await carryOut(store.begin(), commit);
    expected = expected.with(commit);
  }
  store.close();
  return { directory, expected };
}

function damage(file: string, offset: number, count = 1): void {
  const bytes = fs.readFileSync(file);
  for (let i = 0; i < count; i++) bytes[offset + i] = (bytes[offset + i] ?? 0) ^ 0x55;
  fs.writeFileSync(file, bytes);
}

storeConformance("a store on disk", () => createDiskStore(fresh()));

test("creation and opening", async () => {
  const { directory, expected } = await filled();
  const store = openDiskStore(directory);
  expect(expected.differences(store.view())).toEqual([]);
  expect(() => createDiskStore(directory)).toThrow(refusal("store.exists"));
  expect(() => openDiskStore(fresh())).toThrow(refusal("store.not-found"));
  expect(() => openDiskStore(scratch)).toThrow(refusal("store.not-found"));
  store.close();
});

test("a reader sees a commit of another writer at its next look", async () => {
  const directory = fresh();
  const writer = createDiskStore(directory);
  const reader = openDiskStore(directory);
  const before = reader.view();
  const commit = planCommit(1, 2, 100);
  await carryOut(writer.begin(), commit);
  expect(new ExpectedStore().with(commit).differences(reader.view())).toEqual([]);
  expect(new ExpectedStore().differences(before)).toEqual([]);
  expect(reader.view()).toBe(reader.view());
  writer.close();
  reader.close();
});

test("the number of files follows the groups, and few are open at once", async () => {
  let open = 0;
  let most = 0;
  const counting: FileLayer = {
    ...nodeFiles,
    open: (file, mode) => {
      most = Math.max(most, ++open);
      return nodeFiles.open(file, mode);
    },
    create: (file) => {
      most = Math.max(most, ++open);
      return nodeFiles.create(file);
    },
    close: (handle) => {
      open--;
      nodeFiles.close(handle);
    },
  };
  const directory = fresh();
  const store = createDiskStore(directory, { files: counting });
  const commit = planCommit(1, 150, 50);
  await carryOut(store.begin(), commit);
  expect(new ExpectedStore().with(commit).differences(store.view())).toEqual([]);
  expect(fs.readdirSync(directory)).toHaveLength(2 + 3 + 200);
  store.close();
  expect(open).toBe(0);
  expect(most).toBeLessThan(2 * OPEN_FILES_MAX);
});

describe("the superblock", () => {
  test.each(["superblock gone", "superblock damaged", "superblock empty"])(
    "%s: a copy opens the store, a writer restores it",
    async (how) => {
      const { directory, expected } = await filled();
      const main = path.join(directory, "superblock");
      const good = fs.readFileSync(main);
      if (how.endsWith("gone")) fs.rmSync(main);
      else if (how.endsWith("empty")) fs.writeFileSync(main, "");
      else damage(main, 20);
      const notices: string[] = [];
      const store = openDiskStore(directory, { notice: (text) => notices.push(text) });
      expect(expected.differences(store.view())).toEqual([]);
      expect(notices).toEqual(["the superblock is damaged; its copy in 'commits' was used"]);
      store.begin().abort();
      expect(notices).toHaveLength(2);
      expect(notices[1]).toMatch(/restored the superblock/);
      expect(fs.readFileSync(main).equals(good)).toBe(true);
      expect(store.check()).toEqual([]);
      store.close();
    },
  );

  test("any one good copy is enough, and recover mends the others", async () => {
    const { directory, expected } = await filled();
    const names = fs.readdirSync(directory);
    for (const name of names) if (name !== "g00001.data") damage(path.join(directory, name), 3);
    const store = openDiskStore(directory);
    expect(expected.differences(store.view())).toEqual([]);
    expect(store.check()).toHaveLength(names.length - 1);
    store.close();
    expect(recoverStore(directory, { dryRun: true }).headersRestored).toHaveLength(
      names.length - 2,
    );
    expect(recoverStore(directory)).toMatchObject({
      generation: 2,
      acts: [{ kind: "superblock-restored" }],
    });
    const mended = openDiskStore(directory);
    expect(mended.check()).toEqual([]);
    expect(expected.differences(mended.view())).toEqual([]);
    mended.close();
  });

  test("without a good copy the store is refused", async () => {
    const { directory } = await filled();
    for (const name of fs.readdirSync(directory)) damage(path.join(directory, name), 3);
    expect(() => openDiskStore(directory)).toThrow(refusal("store.no-superblock"));
  });

  test("a word that is not understood is named", () => {
    const directory = fresh();
    createDiskStore(directory, { requirements: ["columns", "holographic"] }).close();
    expect(() => openDiskStore(directory, { understood: ["columns"] })).toThrow(
      refusal("store.unknown-requirement", { found: "holographic" }),
    );
    const store = openDiskStore(directory, { understood: ["columns", "holographic"] });
    expect(store.requirements).toEqual([GROUPS_REQUIREMENT, "columns", "holographic"]);
    store.close();
  });

  test("a newer format is refused, even if only a copy says so", async () => {
    const { directory } = await filled();
    const newer = Buffer.from(encodeSuperblock({ catalogId: "ab".repeat(20), requirements: [] }));
    newer.writeUInt16BE(2, 8);
    newer.writeUInt32BE((await import("node:zlib")).crc32(newer.subarray(0, 508)), 508);
    fs.writeFileSync(path.join(directory, "superblock"), newer);
    expect(() => openDiskStore(directory)).toThrow(
      refusal("store.newer-format", { found: 2, expected: 1 }),
    );
    fs.rmSync(path.join(directory, "superblock"));
    const commits = fs.readFileSync(path.join(directory, "commits"));
    newer.copy(commits);
    fs.writeFileSync(path.join(directory, "commits"), commits);
    expect(() => openDiskStore(directory)).toThrow(refusal("store.newer-format"));
  });
});

describe("damage", () => {
  test("a file that is missing or short is named by reading, by check and by the next writer", async () => {
    const { directory } = await filled();
    const data = path.join(directory, "g00000.data");
    const whole = fs.readFileSync(data);
    fs.writeFileSync(data, whole.subarray(0, 700));
    let store = openDiskStore(directory);
    const size = store.view().size(groupDataFile(0));
    expect(() => store.view().read(groupDataFile(0), 0, size)).toThrow(
      refusal("store.file-short", { file: "g00000.data" }),
    );
    expect(() => store.begin()).toThrow(refusal("store.file-short"));
    expect(store.check()).toEqual([
      { file: "g00000.data", offset: 188, what: expect.stringContaining("ends here") as string },
    ]);
    store.close();
    fs.rmSync(data);
    store = openDiskStore(directory);
    expect(() => store.view().read(groupDataFile(0), 0, 1)).toThrow(refusal("store.file-missing"));
    expect(() => store.begin()).toThrow(refusal("store.file-missing"));
    expect(store.check()).toEqual([{ file: "g00000.data", offset: 0, what: "missing" }]);
    store.close();
    fs.writeFileSync(data, whole);
    store = openDiskStore(directory);
    store.begin().abort();
    expect(store.check()).toEqual([]);
    store.close();
  });

  test("check finds a changed byte and between which commits it lies", async () => {
    const { directory, expected } = await filled();
    const file = path.join(directory, "changesets.heads");
    const committed = expected.contents.get(1)?.byteLength ?? 0;
    damage(file, 512 + committed - 1);
    const store = openDiskStore(directory);
    expect(store.check()).toEqual([
      { file: "changesets.heads", offset: 101, what: `damaged between 101 and ${committed}` },
    ]);
    store.close();
  });

  test("one damaged copy of the last record costs nothing, and a writer doubles it again", async () => {
    const { directory, expected } = await filled();
    const commits = path.join(directory, "commits");
    damage(commits, fs.statSync(commits).size - 500, 300);
    const store = openDiskStore(directory);
    expect(expected.differences(store.view())).toEqual([]);
    store.begin().abort();
    damage(commits, fs.statSync(commits).size - 1024 + 100, 100);
    expect(expected.differences(openDiskStore(directory).view())).toEqual([]);
    expect(store.check()).toEqual([]);
    store.close();
  });

  test("without any good record the store is refused and nothing is cut", async () => {
    const { directory } = await filled();
    fs.truncateSync(path.join(directory, "commits"), 512);
    const before = fs
      .readdirSync(directory)
      .map((name) => fs.statSync(path.join(directory, name)).size);
    expect(() => openDiskStore(directory)).toThrow(refusal("store.damaged"));
    expect(() => recoverStore(directory)).toThrow(refusal("store.damaged"));
    expect(() => createDiskStore(directory)).toThrow(refusal("store.exists"));
    expect(
      fs.readdirSync(directory).map((name) => fs.statSync(path.join(directory, name)).size),
    ).toEqual(before);
  });
});

describe("what an interrupted writer leaves", () => {
  test("readers never see it; the next writer cuts it and says so", async () => {
    const { directory, expected } = await filled();
    fs.appendFileSync(path.join(directory, "g00000.data"), "left over");
    fs.appendFileSync(path.join(directory, "commits"), seededBytes(5, 700));
    fs.writeFileSync(path.join(directory, "g00044.index"), "never committed");
    fs.writeFileSync(path.join(directory, "commits.next"), "half");
    const store = openDiskStore(directory);
    expect(expected.differences(store.view())).toEqual([]);
    expect(store.check()).toEqual([]);
    const plan = recoverStore(directory, { dryRun: true });
    expect(plan.acts).toEqual([
      { kind: "tail-cut", name: "commits", length: expect.any(Number) as number, bytes: 700 },
      { kind: "file-removed", name: "commits.next", bytes: 4 },
      { kind: "tail-cut", name: "g00000.data", length: expect.any(Number) as number, bytes: 9 },
      { kind: "file-removed", name: "g00044.index", bytes: 15 },
    ]);
    expect(expected.differences(store.view())).toEqual([]);
    const report = recoverStore(directory);
    expect(report).toEqual(plan);
    expect(recoverStore(directory)).toEqual({
      generation: 2,
      brokenLock: undefined,
      acts: [],
      headersRestored: [],
    });
    const commit = planCommit(9, 5, 100);
    await carryOut(store.begin(), commit);
    expect(expected.with(commit).differences(store.view())).toEqual([]);
    expect(store.check()).toEqual([]);
    store.close();
  });

  test("a notice counts files and bytes", async () => {
    const { directory } = await filled();
    fs.appendFileSync(path.join(directory, "g00000.data"), "left over");
    fs.writeFileSync(path.join(directory, "g00044.index"), "x");
    const notices: string[] = [];
    const store = openDiskStore(directory, { notice: (text) => notices.push(text) });
    store.begin().abort();
    expect(notices).toEqual([
      "cut 10 bytes in 2 files that an interrupted writer left uncommitted",
    ]);
    store.close();
  });
});

describe("the lock", () => {
  const lockText = (owner: { host?: string; boot?: string; pid?: number; start?: string }) => {
    const { host, boot, pid } = systemProcesses;
    const whole = { host, boot, pid, start: systemProcesses.startOf(pid) ?? "", ...owner };
    return `host ${whole.host}\nboot ${whole.boot}\npid ${whole.pid}\nstart ${whole.start}\n`;
  };

  test.each([
    ["this very process", { host: systemProcesses.host }],
    ["another host", { host: "elsewhere.example", pid: 1 }],
  ])("of %s is respected", async (_, owner) => {
    const { directory } = await filled();
    fs.writeFileSync(path.join(directory, "lock"), lockText(owner));
    const store = openDiskStore(directory);
    expect(() => store.begin()).toThrow(refusal("store.locked", { host: owner.host }));
    expect(() => recoverStore(directory)).toThrow(refusal("store.locked"));
    expect(fs.readFileSync(path.join(directory, "lock"), "latin1")).toBe(lockText(owner));
    store.view();
    store.close();
  });

  test.each([
    ["a process that is gone", lockText({ pid: 4_999_999 }), /process 4999999 on/],
    ["a process whose number was given again", lockText({ start: "1" }), /which no longer runs/],
    ["an earlier run of the machine", lockText({ boot: "0000" }), /which no longer runs/],
    ["nobody, torn", "host ", /torn lock/],
    ["nobody, empty", "", /torn lock/],
  ])("of %s is broken with a notice", async (_, text, notice) => {
    const { directory, expected } = await filled();
    fs.writeFileSync(path.join(directory, "lock"), text);
    expect(recoverStore(directory, { dryRun: true }).brokenLock).toBeDefined();
    const notices: string[] = [];
    const store = openDiskStore(directory, { notice: (line) => notices.push(line) });
    const commit = planCommit(3, 4, 10);
    await carryOut(store.begin(), commit);
    expect(expected.with(commit).differences(store.view())).toEqual([]);
    expect(notices).toEqual([expect.stringMatching(notice) as string]);
    expect(fs.readdirSync(directory).filter((name) => name.startsWith("lock"))).toEqual([]);
    store.close();
  });

  test("that was taken away stops the commit", async () => {
    const { directory, expected } = await filled();
    const store = openDiskStore(directory);
    const tx = store.begin();
    const commit = planCommit(3, 4, 10);
    appendAll(tx, commit);
    fs.writeFileSync(path.join(directory, "lock"), lockText({ host: "elsewhere.example" }));
    await expect(tx.commit(commit.groups, commit.root)).rejects.toThrow(refusal("store.lock-lost"));
    expect(expected.differences(store.view())).toEqual([]);
    expect(fs.readFileSync(path.join(directory, "lock"), "latin1")).toContain("elsewhere");
    store.close();
  });
});

test("commits is folded when it has grown, and readers follow", async () => {
  const directory = fresh();
  const store = createDiskStore(directory);
  const reader = openDiskStore(directory);
  const root = seededBytes(1, 60_000);
  let expected = new ExpectedStore();
  const commitsBytes = () => fs.statSync(path.join(directory, "commits")).size;
  let longest = 0;
  let folds = 0;
  for (let i = 0; i < 80; i++) {
    const commit = {
      appends: [{ file: CHANGESET_INDEX, bytes: seededBytes(i, 20) }],
      groups: [],
      root,
    };
    const before = commitsBytes();
    await carryOut(store.begin(), commit);
    expected = expected.with(commit);
    if (i % 7 === 0) expect(expected.differences(reader.view())).toEqual([]);
    longest = Math.max(longest, commitsBytes());
    if (commitsBytes() < before) folds++;
  }
  expect(longest).toBeLessThan(9 << 20);
  expect(folds).toBeGreaterThan(0);
  expect(expected.differences(reader.view())).toEqual([]);
  expect(reader.check()).toEqual([]);
  reader.close();
  store.close();
});
