// Whole trees and single files from tapes that the real dump wrote, at every level of its chains.
import path from "node:path";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { extract } from "../../src/restore/extract.ts";
import { planRestore } from "../../src/restore/plan.ts";
import type { Place, WantedEntry, WantedImage } from "../../src/restore/request.ts";
import { Target } from "../../src/restore/target.ts";
import type { MemoryDrive } from "../../src/tape/memory-drive.ts";
import {
  CHAIN,
  comparable,
  driveOf,
  fixture,
  imageOf,
  scanned,
  scratchDirectory,
  stateOf,
  wantedOf,
  walk,
  type Scanned,
  type StateEntry,
} from "./fixture-tapes.ts";

const isRoot = process.getuid?.() === 0;

interface Shelf {
  readonly drive: MemoryDrive;
  readonly images: readonly WantedImage[];
  readonly scans: readonly Scanned[];
}

/** The five dumps one after another on one tape. */
async function oneTape(): Promise<Shelf> {
  const streams = CHAIN.map(({ name }) => fixture(`chain/${name}.dump.gz`));
  const drive = driveOf(streams, 10);
  const scans: Scanned[] = [];
  for (const stream of streams) scans.push(await scanned(driveOf([stream], 10)));
  return { drive, scans, images: scans.map((scan, index) => imageOf(scan, "TAPE", index)) };
}

/** The newest image of the chain that has the inode. */
function placeIn(shelf: Shelf, chain: readonly number[]): (inode: number) => Place | null {
  return (inode) => {
    for (const image of [...chain].reverse()) {
      const found = shelf.scans[image]?.inodes.get(inode);
      if (found !== undefined) return { image, block: found.block, blocks: found.blocks };
    }
    return null;
  };
}

async function restoreTo(target: string, shelf: Shelf, entries: readonly WantedEntry[]) {
  const plan = planRestore({ images: shelf.images, entries });
  const place = await Target.open(target);
  try {
    return { plan, report: await extract(plan, async () => shelf.drive, place) };
  } finally {
    place.close();
  }
}

function withHoles(state: readonly StateEntry[]): Map<string, number> {
  const holes = new Map<string, number>();
  for (const { path_hex, size, blocks512 } of state) {
    if (size !== undefined && blocks512 !== undefined && blocks512 * 512 < size)
      holes.set(path_hex, blocks512);
  }
  return holes;
}

test.skipIf(!isRoot).each([
  { at: 0, chain: [0] },
  { at: 1, chain: [0, 1] },
  { at: 2, chain: [0, 1, 2] },
  { at: 3, chain: [0, 3] },
  { at: 4, chain: [0, 3, 4] },
])("the tree of dump $at comes back as it was", async ({ at, chain }) => {
  const shelf = await oneTape();
  const state = stateOf(`chain/${CHAIN[at]?.name}.state.json.gz`);
  const target = scratchDirectory();
  const { plan, report } = await restoreTo(target, shelf, wantedOf(state, placeIn(shelf, chain)));

  // Real dump leaves out files with the nodump flag from level 1 up: their new content is on no tape.
  const nodump = at === 0 ? [] : ["flags/nodump"];
  expect([...new Set(report.problems.map((problem) => problem.path))]).toEqual(nodump);
  const restored = walk(target);
  const found = comparable(restored);
  const wanted = comparable(state);
  for (const name of nodump) {
    delete found[name];
    delete wanted[name];
  }
  expect(found).toEqual(wanted);
  const holes = withHoles(state);
  expect(holes.size).toBeGreaterThan(3);
  for (const { path_hex, blocks512 } of restored) {
    const most = holes.get(path_hex);
    if (most !== undefined) expect(blocks512, path_hex).toBeLessThanOrEqual(most);
  }
  expect(plan.totals.mounts).toBe(1);
  expect(report.tapes).toEqual(["TAPE"]);
});

test("each record is read once, and the label of each image", async () => {
  const shelf = await oneTape();
  const state = stateOf("chain/5-level4.state.json.gz");
  const entries = wantedOf(state, placeIn(shelf, [0, 3, 4])).filter(
    (entry) => entry.path !== "flags/nodump",
  );
  const asked: string[] = [];
  const { drive } = shelf;
  const { report, plan } = await restoreTo(
    scratchDirectory(),
    {
      ...shelf,
      drive: new Proxy(drive, {
        get(real, key) {
          if (key === "read") {
            return (into: Uint8Array) => {
              const { file, record } = real.position();
              asked.push(`${file}:${record}`);
              return real.read(into);
            };
          }
          const value: unknown = Reflect.get(real, key, real);
          return typeof value === "function" ? value.bind(real) : value;
        },
      }),
    },
    entries,
  );
  expect(new Set(asked).size).toBe(asked.length);
  expect(asked).toEqual(
    [...asked].sort((a, b) => {
      const [fileA = 0, recordA = 0] = a.split(":").map(Number);
      const [fileB = 0, recordB = 0] = b.split(":").map(Number);
      return fileA - fileB || recordA - recordB;
    }),
  );
  expect(report.records).toBe(asked.length);
  const passes = plan.mounts[0]?.passes.length ?? 0;
  expect(passes).toBe(3);
  expect(report.records).toBeLessThanOrEqual(plan.totals.records + passes);
});

test("one file is read with its records alone", async () => {
  const shelf = await oneTape();
  const state = stateOf("chain/1-level0.state.json.gz");
  const all = wantedOf(state, placeIn(shelf, [0]));
  const one = all.filter(({ path: name }) => name === "big.bin");
  const target = scratchDirectory();
  const before = shelf.drive.counters.bytesRead;
  const { report } = await restoreTo(target, shelf, one);
  expect(report.problems).toEqual([]);
  // 700,001 bytes are 684 blocks behind two headers, in 69 or 70 records, and the label's record.
  const records = (shelf.drive.counters.bytesRead - before) / 10240;
  expect(records).toBeLessThanOrEqual(71);
  expect(records).toBe(report.records);
  expect(readdirSync(target)).toEqual(["big.bin"]);
  const [found] = walk(target).filter(({ type }) => type === "file");
  expect(found?.sha256).toBe(Buffer.from(one[0]?.digest ?? []).toString("hex"));
});

test.each(["small.txt", "links", "deep", "names", "sparse/far", "symlinks"])(
  "%s alone comes back with the directories that lead to it",
  async (name) => {
    const shelf = await oneTape();
    const state = stateOf("chain/1-level0.state.json.gz");
    const inside = (pathHex: string) => {
      const entry = Buffer.from(pathHex, "hex").toString("latin1");
      return entry === name || entry.startsWith(`${name}/`);
    };
    const wantedState = state.filter(({ path_hex }) => inside(path_hex));
    const target = scratchDirectory();
    const { report } = await restoreTo(target, shelf, wantedOf(wantedState, placeIn(shelf, [0])));
    if (isRoot) expect(report.problems).toEqual([]);
    const found = comparable(walk(target).filter(({ path_hex }) => inside(path_hex)));
    const wanted = comparable(wantedState);
    for (const state of [found, wanted]) {
      for (const entry of Object.values(state)) delete (entry as { nlink?: number }).nlink;
    }
    expect(found).toEqual(wanted);
  },
);

test("an image on three tapes: each is mounted once, in order", async () => {
  const volumes = ["vol001.gz", "vol002.gz", "vol003.gz"].map((name) =>
    fixture(`multivolume/${name}`),
  );
  const [first, ...rest] = volumes.map((volume, index) =>
    driveOf([volume], 10, `VOL${index + 1}`),
  ) as [MemoryDrive];
  const found = await scanned(first, rest);
  const image: WantedImage = {
    imageId: "",
    title: "level 0",
    level: 0,
    date: found.scan.label?.date ?? 0,
    blockingFactor: 10,
    extents: [
      { label: "VOL1", file: 0, firstBlock: 0, blocks: 1200 },
      { label: "VOL2", file: 0, firstBlock: 1200, blocks: 1200 },
      { label: "VOL3", file: 0, firstBlock: 2400, blocks: 1040 },
    ],
  };
  const state = stateOf("chain/1-level0.state.json.gz");
  const places = wantedOf(state, (inode) => {
    const entry = found.inodes.get(inode);
    return entry === undefined ? null : { image: 0, block: entry.block, blocks: entry.blocks };
  });
  // Without lengths the plan must guess, and may not lose a file for it.
  const guessed = places.map((entry) => ({
    ...entry,
    place: entry.place && { image: 0, block: entry.place.block },
  }));
  for (const entries of [places, guessed]) {
    const drives = volumes.map((volume, index) => driveOf([volume], 10, `VOL${index + 1}`));
    const mounted: string[] = [];
    const target = scratchDirectory();
    const place = await Target.open(path.join(target, "made", "here"));
    const plan = planRestore({ images: [image], entries });
    const open = async (label: string) => {
      mounted.push(label);
      return drives[Number(label.slice(3)) - 1] as MemoryDrive;
    };
    const report = await extract(plan, open, place);
    place.close();
    if (isRoot) expect(report.problems).toEqual([]);
    expect(mounted).toEqual(["VOL1", "VOL2", "VOL3"]);
    if (isRoot)
      expect(comparable(walk(path.join(target, "made", "here")))).toEqual(comparable(state));
  }
});

test("records of 64 blocks", async () => {
  const stream = fixture("blocking64/level0-b64.dump.gz");
  const scan = await scanned(driveOf([stream], 64));
  const shelf = { drive: driveOf([stream], 64), scans: [scan], images: [imageOf(scan, "TAPE", 0)] };
  expect(shelf.images[0]?.blockingFactor).toBe(64);
  const state = stateOf("chain/1-level0.state.json.gz");
  const target = scratchDirectory();
  const { report } = await restoreTo(target, shelf, wantedOf(state, placeIn(shelf, [0])));
  if (isRoot) {
    expect(report.problems).toEqual([]);
    expect(comparable(walk(target))).toEqual(comparable(state));
  }
});
