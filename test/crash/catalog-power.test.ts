// The power goes at every operation that commits of the catalog ask of the disk: it must open, verify, hold the
// changesets that were acknowledged or the one on its way too, give every text back, and take a next,
// different commit.
import { expect, test } from "vitest";
import { CatalogView } from "../../src/catalog/catalog-view.ts";
import { CatalogWriter } from "../../src/catalog/catalog-writer.ts";
import { fileContent } from "../../src/catalog/filelog-text.ts";
import { commitTree } from "../../src/catalog/tree-commit.ts";
import { findFile, manifestFileList } from "../../src/catalog/tree-walk.ts";
import { verifyCatalog } from "../../src/catalog/verify.ts";
import { byteString } from "../../src/core/bytes.ts";
import { NULL_NODE, toRev } from "../../src/core/ids.ts";
import { newProgress } from "../../src/core/progress.ts";
import { createDiskStore, openDiskStore } from "../../src/store/disk-store.ts";
import type { Store } from "../../src/store/store.ts";
import { type Tree, treeChange } from "../catalog/tree-change.ts";
import { Random } from "../series/random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { processes, survivals } from "./survivals.ts";

const DIRECTORY = "/catalog";
/** From here on a text has segments to itself (catalog-writer.ts). */
const LARGE_BYTES = 70_000;

interface Commit {
  /** Revision; -1 is none. */
  readonly parent: number;
  readonly tree: Tree;
}

function makeTree(seed: number, before: Tree): Tree {
  const random = new Random(seed);
  const tree = new Map(before);
  for (let n = 0; n < 15; n++) {
    const path = `d${random.below(4)}/e${random.below(3)}/f${random.below(20)}`;
    if (random.chance(0.2)) tree.delete(path);
    else tree.set(path, random.bytes(random.below(300)).toString("latin1"));
  }
  tree.set("%image", random.bytes(100).toString("latin1"));
  tree.set("%offsets", random.bytes(LARGE_BYTES).toString("latin1"));
  return tree;
}

const first = makeTree(1, new Map());
const second = makeTree(2, first);
const other = makeTree(3, new Map());
const COMMITS: readonly Commit[] = [
  { parent: -1, tree: first },
  { parent: 0, tree: second },
  { parent: -1, tree: other },
  { parent: 1, tree: makeTree(4, second) },
];

async function commit(
  store: Store,
  commits: readonly Commit[],
  { parent, tree }: Commit,
): Promise<void> {
  const writer = new CatalogWriter(store.begin());
  try {
    // As a dump does: room for all of it before the first history is placed.
    writer.placement.reserve(parent < 0 ? 60_000 : 0);
    const { changelog } = writer.view;
    const p1 = parent < 0 ? NULL_NODE : changelog.node(toRev(parent));
    const base = parent < 0 ? NULL_NODE : changelog.head(toRev(parent)).manifest;
    const change = treeChange(commits[parent]?.tree ?? new Map<string, string>(), tree);
    const { manifest, list, files, listIsManifest } = commitTree(writer, change, base);
    const head = {
      manifest,
      user: "op",
      time: commits.length,
      zone: 0,
      extras: new Map(),
      description: "x",
    };
    writer.addChangeset(head, list, files, listIsManifest, p1, NULL_NODE);
    await writer.commit();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/** What has been promised, kept outside of what may fall at any moment. */
interface Witness {
  created: boolean;
  acknowledged: number;
}

async function run(disk: SimulatedDisk, witness: Witness): Promise<void> {
  const store = createDiskStore(DIRECTORY, { files: disk, processes: processes(1) });
  witness.created = true;
  for (const [n, each] of COMMITS.entries()) {
    // Another process for each commit, the store opened anew by every other one.
    const own =
      n % 2 === 0 ? store : openDiskStore(DIRECTORY, { files: disk, processes: processes(1) });
    await commit(own, COMMITS.slice(0, n), each);
    witness.acknowledged++;
    if (own !== store) own.close();
    if (n === 1) {
      const writer = new CatalogWriter(store.begin());
      writer.histories(0 as never, ["never"], 0);
      writer.abort();
    }
  }
  store.close();
}

function expectCatalog(store: Store, commits: readonly Commit[]): void {
  const view = new CatalogView(store.view());
  view.changelog.manifestList = (_, head) => manifestFileList(view, head.manifest);
  expect(view.changelog.count).toBe(commits.length);
  expect(verifyCatalog(view, true, newProgress()).problems).toEqual([]);
  for (const [rev, { tree }] of commits.entries()) {
    const { manifest } = view.changelog.head(toRev(rev));
    const list = byteString(manifestFileList(view, manifest)).split("\n").slice(0, -1);
    expect(list).toEqual([...tree.keys()].sort());
    for (const [path, content] of tree) {
      const found = findFile(view, manifest, path);
      expect(
        found && byteString(fileContent(view.text(found.history, found.node))) === content,
      ).toBe(true);
    }
  }
}

async function verifyAfter(disk: SimulatedDisk, witness: Witness, seed: number): Promise<void> {
  const options = { files: disk, processes: processes(100 + seed) };
  let store: Store;
  try {
    store = openDiskStore(DIRECTORY, options);
  } catch (error) {
    if (witness.created) throw error;
    store = createDiskStore(DIRECTORY, options);
  }
  const { count } = new CatalogView(store.view()).changelog;
  expect([witness.acknowledged, witness.acknowledged + 1]).toContain(count);
  const commits = COMMITS.slice(0, count);
  expectCatalog(store, commits);
  expect(store.check().filter(({ file }) => file !== "superblock")).toEqual([]);
  const next: Commit = {
    parent: count - 1,
    tree: makeTree(50 + (seed % 3), commits.at(-1)?.tree ?? new Map()),
  };
  await commit(store, commits, next);
  expectCatalog(store, [...commits, next]);
  expect(store.check()).toEqual([]);
  store.close();
  const again = openDiskStore(DIRECTORY, options);
  expectCatalog(again, [...commits, next]);
  again.close();
  expect(disk.openHandles()).toBe(0);
}

async function runUntil(disk: SimulatedDisk, cutAfter: number): Promise<Witness> {
  const witness: Witness = { created: false, acknowledged: 0 };
  disk.cutAfter = cutAfter;
  try {
    await run(disk, witness);
  } catch (error) {
    if (disk.steps <= cutAfter) throw error;
  }
  return witness;
}

test("commits of the catalog survive a power cut at every operation", async () => {
  const whole = new SimulatedDisk();
  const end = await runUntil(whole, Number.POSITIVE_INFINITY);
  expect(end.acknowledged).toBe(COMMITS.length);
  for (let cut = 0; cut <= whole.steps; cut++) {
    const disk = new SimulatedDisk();
    const witness = await runUntil(disk, cut);
    for (const [kind, survival] of survivals(cut, 0)) {
      try {
        await verifyAfter(disk.afterPowerCut(survival), witness, cut);
      } catch (error) {
        throw new Error(`cut after ${cut} of ${whole.steps} operations, ${kind}`, { cause: error });
      }
    }
    await verifyAfter(disk.afterKill(), witness, cut);
  }
  expect(whole.steps).toBeGreaterThan(50);
});

test("commits of the catalog survive a full disk at every operation", async () => {
  const whole = new SimulatedDisk();
  await runUntil(whole, Number.POSITIVE_INFINITY);
  for (let step = 1; step <= whole.steps; step++) {
    const disk = new SimulatedDisk();
    disk.failsAt = (at) => at === step;
    const witness: Witness = { created: false, acknowledged: 0 };
    await run(disk, witness).catch((error: unknown) => {
      expect(error).toMatchObject({ message: expect.stringContaining("ENOSPC") as string });
    });
    disk.failsAt = () => false;
    await verifyAfter(disk.afterKill(), witness, step);
  }
});
