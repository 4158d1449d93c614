// Increments with creations, edits, removals, renames and reused inodes, applied in turn by the real
// restore: afterwards the tree is the volume's.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TYPE } from "../../src/core/inode.ts";
import { chooseBase, type PastDump } from "../../src/dump/levels.ts";
import { MemoryVolume } from "./memory-source.ts";
import { expectedTree, inScratch, makeFolder, restore, walkTree } from "./real-restore.ts";
import { dumpToFile, testLabel } from "./run-dump.ts";

interface Dumped extends PastDump {
  readonly tape: string;
  readonly base: Dumped | null;
  readonly since: number;
  readonly tree: ReturnType<typeof expectedTree>;
}

async function dumpLevel(
  volume: MemoryVolume,
  history: Dumped[],
  level: number,
  folder: string,
): Promise<Dumped> {
  const base = chooseBase(history, "v", level, "/v");
  const tape = join(folder, `${history.length}-level${level}.dump`);
  const date = 1_700_000_000 + history.length * 100;
  const label = testLabel({ date, baseDate: base?.date ?? 0, level, blockingFactor: 10 });
  await dumpToFile(volume, await volume.plan(label, base?.since ?? 0), tape);
  const dumped = {
    identity: "v",
    level,
    date,
    node: String(history.length),
    tape,
    base,
    since: volume.clock++,
    tree: expectedTree(volume),
  };
  history.push(dumped);
  return dumped;
}

function chainOf(dumped: Dumped): Dumped[] {
  return dumped.base === null ? [dumped] : [...chainOf(dumped.base), dumped];
}

function restoreChain(dumped: Dumped, target: string): void {
  for (const { tape } of chainOf(dumped)) {
    const run = restore(["-rf", tape], target);
    expect({ tape, trouble: run.trouble }).toEqual({ tape, trouble: [] });
    expect(run.status).toBe(0);
  }
  const got = walkTree(target);
  expect([...got.keys()].sort()).toEqual([...dumped.tree.keys()].sort());
  for (const [path, entry] of dumped.tree)
    expect({ path, ...got.get(path) }).toEqual({ path, ...entry });
}

test("levels 0, 2, 3, 1, 4: both chains come back", async () => {
  await inScratch(async (folder) => {
    const volume = new MemoryVolume();
    const history: Dumped[] = [];
    for (const name of [
      "tree",
      "tree/sub",
      "swap",
      "kind",
      "kind/dir-to-file",
      "deep",
      "deep/er",
      "empty",
    ])
      volume.directory(name);
    for (const name of [
      "one",
      "tree/f0",
      "tree/sub/g",
      "swap/x",
      "swap/y",
      "kind/file-to-dir",
      "kind/dir-to-file/in",
      "deep/er/f",
      "deep/g",
    ]) {
      volume.file(name, `content of ${name}`);
    }
    await dumpLevel(volume, history, 0, folder);

    volume.file("newA", "A");
    volume.edit("tree/f0", "changed");
    volume.remove("one");
    await dumpLevel(volume, history, 2, folder);

    volume.rename("tree/f0", "swap/moved");
    volume.link("newA", "deep/hard");
    volume.remove("deep/er");
    volume.put("link", TYPE.symlink, { target: "newA", mode: 0o777 });
    const third = await dumpLevel(volume, history, 3, folder);

    volume.rename("tree", "empty/tree-moved");
    volume.rename("swap/x", "swap/z");
    volume.rename("swap/y", "swap/x");
    volume.rename("swap/z", "swap/y");
    volume.remove("kind/file-to-dir");
    volume.remove("kind/dir-to-file");
    volume.directory("kind/file-to-dir");
    volume.file("kind/file-to-dir/in", "now a directory");
    volume.file("kind/dir-to-file", "now a file");
    volume.remove("deep/hard");
    await dumpLevel(volume, history, 1, folder);

    volume.rename("empty/tree-moved/sub", "sub-moved");
    volume.file("sub-moved/n", "N");
    const last = await dumpLevel(volume, history, 4, folder);

    expect(history.map(({ base }) => base?.level ?? null)).toEqual([null, 0, 2, 0, 1]);
    restoreChain(third, makeFolder(join(folder, "third")));
    restoreChain(last, makeFolder(join(folder, "last")));
  });
});

function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function changeAtRandom(volume: MemoryVolume, pick: (below: number) => number, step: number): void {
  const paths = [...expectedTree(volume).keys()].filter((path) => path !== "");
  const directories = ["", ...paths.filter((path) => volume.at(path).type === TYPE.directory)];
  const folder = directories[pick(directories.length)] as string;
  const fresh = `${folder === "" ? "" : `${folder}/`}n${step}-${pick(1e6)}`;
  const path = paths[pick(paths.length)];
  if (path === undefined) {
    volume.file(fresh, "first");
    return;
  }
  const isDirectory = volume.at(path).type === TYPE.directory;
  const into = folder === path || folder.startsWith(`${path}/`);
  switch (pick(6)) {
    case 0:
      volume.file(fresh, "x".repeat(pick(5000)));
      break;
    case 1:
      volume.directory(fresh);
      break;
    case 2:
      if (!isDirectory && volume.at(path).type === TYPE.file)
        volume.edit(path, `edited ${step} ${pick(1e6)}`);
      break;
    case 3:
      volume.remove(path);
      break;
    case 4:
      if (!(isDirectory && into)) volume.rename(path, fresh);
      break;
    case 5:
      if (!isDirectory) volume.link(path, fresh);
      break;
  }
}

describe.each([1, 2, 3, 4, 5])("series of 8 dumps at random levels to 31, seed %i", (seed) => {
  test("the chain of each comes back", async () => {
    await inScratch(async (folder) => {
      const pick = random(seed * 7919);
      const volume = new MemoryVolume();
      const history: Dumped[] = [];
      for (let step = 0; step < 8; step++) {
        for (let i = 0; i < 6; i++) changeAtRandom(volume, pick, step * 10 + i);
        await dumpLevel(volume, history, step === 0 ? 0 : 1 + pick(31), folder);
      }
      for (const [i, dumped] of history.entries()) {
        if (i % 3 === 1 || i === history.length - 1)
          restoreChain(dumped, makeFolder(join(folder, `target-${i}`)));
      }
    });
  });
});
