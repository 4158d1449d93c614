// Tapes that are damaged or lie: what can be had comes back, the rest is listed, and nothing outside the
// target is written.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ReelError } from "../../src/core/errors.ts";
import { TYPE } from "../../src/core/inode.ts";
import { RECORD } from "../../src/dump/format/record.ts";
import { extract } from "../../src/restore/extract.ts";
import { planRestore } from "../../src/restore/plan.ts";
import type { RestoreReport } from "../../src/restore/report.ts";
import type { WantedEntry, WantedImage } from "../../src/restore/request.ts";
import { Target } from "../../src/restore/target.ts";
import type { Drive } from "../../src/tape/drive.ts";
import { openVirtualDrive } from "../../src/tape/virtual-drive.ts";
import {
  comparable,
  driveOf,
  fixture,
  imageOf,
  scanned,
  scratchDirectory,
  stateOf,
  walk,
  wantedOf,
} from "./fixture-tapes.ts";
import { DATE, TapeMaker } from "./made-tapes.ts";

const isRoot = process.getuid?.() === 0;
/** A dozen restores, each looked over by a process of its own. */
const RUNS_MS_MAX = 60_000;

/** Numbers below `limit`, the same for the same seed. */
function dice(seed: number): (limit: number) => number {
  let state = seed * 2654435761 + 1;
  return (limit) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) % limit;
  };
}

interface Whole {
  readonly stream: Buffer;
  readonly image: WantedImage;
  readonly entries: readonly WantedEntry[];
  readonly state: Record<string, unknown>;
}

/** A part of the level 0: every kind of file, and no large ones, so that many runs are quick. */
async function whole(): Promise<Whole> {
  const stream = fixture("chain/1-level0.dump.gz");
  const found = await scanned(driveOf([stream], 10));
  const chosen = stateOf("chain/1-level0.state.json.gz").filter(({ path_hex }) => {
    const name = Buffer.from(path_hex, "hex").toString("latin1");
    return !/^(many|deep|names|times)\//.test(name);
  });
  const entries = wantedOf(chosen, (inode) => {
    const entry = found.inodes.get(inode);
    return entry === undefined ? null : { image: 0, block: entry.block, blocks: entry.blocks };
  });
  return { stream, entries, image: imageOf(found, "TAPE", 0), state: comparable(chosen) };
}

async function restoreFrom(
  drive: Drive,
  image: WantedImage,
  entries: readonly WantedEntry[],
  target: string,
): Promise<RestoreReport> {
  const place = await Target.open(target);
  try {
    return await extract(planRestore({ images: [image], entries }), async () => drive, place);
  } finally {
    place.close();
  }
}

/** Every file that is not listed is as it was; nothing lies beside the target. */
function expectHonest(base: string, report: RestoreReport, state: Record<string, unknown>): void {
  expect(readdirSync(base)).toEqual(["target"]);
  const listed = new Set(report.problems.map(({ path: name }) => (name === "" ? "." : name)));
  const found = comparable(walk(path.join(base, "target")));
  for (const [name, wanted] of Object.entries(state)) {
    const { link, nlink: _, ...facts } = wanted as { link: string; nlink?: number };
    if (listed.has(name) || listed.has(Buffer.from(link, "hex").toString("latin1"))) continue;
    expect(found[name], name).toMatchObject(facts);
  }
  for (const name of Object.keys(found)) expect(state, name).toHaveProperty([name]);
}

async function attempt(
  drive: Drive,
  { image, entries, state }: Whole,
): Promise<RestoreReport | null> {
  const base = scratchDirectory();
  mkdirSync(path.join(base, "target"));
  try {
    const report = await restoreFrom(drive, image, entries, path.join(base, "target"));
    expectHonest(base, report, state);
    return report;
  } catch (error) {
    if (!(error instanceof ReelError)) throw error;
    // The label itself was changed into that of another image.
    expect(error.code).toBe("restore.wrong-image");
    return null;
  }
}

test.skipIf(!isRoot)(
  "bits flipped anywhere in the stream",
  async () => {
    const all = await whole();
    let listed = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const roll = dice(seed);
      const stream = Buffer.from(all.stream);
      for (let flips = 0; flips < 3 * seed; flips++) {
        const at = roll(stream.byteLength);
        stream[at] = (stream[at] as number) ^ (1 << roll(8));
      }
      listed += (await attempt(driveOf([stream], 10), all))?.problems.length ?? 0;
    }
    expect(listed).toBeGreaterThan(10);
  },
  RUNS_MS_MAX,
);

test.skipIf(!isRoot)(
  "records lost, records of other lengths, and a tape cut short",
  async () => {
    const all = await whole();
    let listed = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const roll = dice(seed);
      const drive = driveOf([all.stream], 10);
      const records = drive.files[0] as (Uint8Array | null)[];
      if (seed % 4 === 0) records.length = roll(records.length);
      for (let count = 0; count < 3 && records.length > 0; count++) {
        const at = roll(records.length);
        const record = records[at];
        if (seed % 4 === 1) records[at] = null;
        if (seed % 4 === 2) records[at] = record?.subarray(0, roll(10241)) ?? null;
        if (seed % 4 === 3) records[at] = new Uint8Array(20480);
      }
      listed += (await attempt(drive, all))?.problems.length ?? 0;
    }
    expect(listed).toBeGreaterThan(30);
  },
  RUNS_MS_MAX,
);

test.skipIf(!isRoot)(
  "a virtual tape with damaged framing",
  async () => {
    const all = await whole();
    const directory = scratchDirectory();
    const file = path.join(directory, "tape.tap");
    const writer = openVirtualDrive(file, { write: true });
    for (let at = 0; at < all.stream.byteLength; at += 10240)
      await writer.write(all.stream.subarray(at, at + 10240));
    await writer.mark();
    await writer.close();
    const good = readFileSync(file);
    for (let seed = 1; seed <= 10; seed++) {
      const roll = dice(seed);
      const bytes = Buffer.from(good);
      // Words before and after records, and a stretch over several records.
      for (let count = 0; count < 4; count++)
        bytes.writeUInt32LE(roll(2 ** 32), roll(Math.floor(bytes.byteLength / 10248)) * 10248);
      const from = roll(bytes.byteLength - 40_000);
      bytes.fill(0x55, from, from + 30_000);
      writeFileSync(file, bytes);
      const drive = openVirtualDrive(file, { write: false });
      const report = await attempt(drive, all);
      expect(report?.problems.length ?? 1).toBeGreaterThan(0);
      // What lies behind the damage is found again.
      expect(report?.files ?? 60).toBeGreaterThan(40);
    }
  },
  RUNS_MS_MAX,
);

test("the sequential reader ends on any damage, and says what it could not read", async () => {
  const stream = fixture("chain/1-level0.dump.gz");
  const sound = await scanned(driveOf([stream], 10));
  const digests = new Map(
    sound.order.map(({ inode, digest }) => [inode, Buffer.from(digest ?? []).toString("hex")]),
  );
  for (let seed = 1; seed <= 25; seed++) {
    const roll = dice(seed);
    const bytes = Buffer.from(stream);
    // Headers are hit on purpose: every tape block may be one.
    for (let flips = 0; flips < 40; flips++) {
      const at = roll(bytes.byteLength / 1024) * 1024 + roll(roll(2) === 0 ? 164 : 1024);
      bytes[at] = roll(256);
    }
    const cut = seed % 5 === 0 ? roll(bytes.byteLength) : bytes.byteLength;
    const found = await scanned(driveOf([bytes.subarray(0, cut)], 10));
    if (cut < bytes.byteLength - 10240) expect(found.scan.ended).toBe("cut");
    expect(found.damages.length).toBeGreaterThan(0);
    const right = found.order.filter(
      ({ inode, digest }) => digests.get(inode) === Buffer.from(digest ?? []).toString("hex"),
    );
    expect(right.length).toBeGreaterThan(found.order.length / 2);
  }
});

function entry(
  name: string,
  inode: number,
  block: number,
  size: number,
  fields: Partial<WantedEntry> = {},
): WantedEntry {
  return {
    path: name,
    type: TYPE.file,
    mode: 0o644,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    size,
    mtime: DATE,
    mtimeNs: 0,
    rdevMajor: 0,
    rdevMinor: 0,
    target: null,
    attributes: new Uint8Array(0),
    digest: null,
    inode,
    place: { image: 0, block },
    ...fields,
  };
}

test("headers that lie about their inode, type, date, size or map", async () => {
  const maker = new TapeMaker();
  const file = { type: RECORD.inode, mode: 0o100644 };
  const content = Buffer.alloc(2000, 7);
  const good = maker.file(5, content);
  const other = maker.file(6, content);
  const old = maker.header({ ...file, inode: 7, size: 2000, date: DATE - 1 }, Uint8Array.of(1, 1));
  maker.data(content);
  const directory = maker.header(
    { ...file, inode: 8, mode: 0o040755, size: 2000 },
    Uint8Array.of(1, 1),
  );
  maker.data(content);
  const longMap = maker.header(
    { ...file, inode: 9, size: 2 ** 40, count: 2 ** 31 - 1 },
    Uint8Array.of(1, 1),
  );
  maker.data(content);
  const negative = maker.header({ ...file, inode: 10, size: 2000, count: -5 }, Uint8Array.of(1, 1));
  maker.data(content);
  const sized = maker.header({ ...file, inode: 11, size: 2 ** 60 }, Uint8Array.of(1, 1));
  maker.data(content);
  const stray = maker.header(
    { type: RECORD.addr, inode: 12, size: 2000, mode: 0o100644 },
    Uint8Array.of(1, 1),
  );
  maker.data(content);
  const attributes = maker.header(
    { ...file, inode: 13, size: 2000, flags: 0x8002, extension: 3 },
    Uint8Array.of(1, 1),
  );
  maker.data(content);
  const changed = maker.file(14, content);
  const drive = maker.drive();
  const image: WantedImage = {
    imageId: "",
    title: "made",
    level: 0,
    date: DATE,
    blockingFactor: 10,
    extents: [{ label: "MADE", file: 0, firstBlock: 0, blocks: 100_000 }],
  };
  const target = scratchDirectory();
  const report = await restoreFrom(
    drive,
    image,
    [
      entry("good", 5, good, 2000),
      entry("other", 66, other, 2000),
      entry("data", 55, other + 1, 2000),
      entry("old", 7, old, 2000),
      entry("directory", 8, directory, 2000),
      entry("long-map", 9, longMap, 2000),
      entry("negative", 10, negative, 2000),
      entry("sized", 11, sized, 2000),
      entry("stray", 12, stray, 2000),
      entry("attributes", 13, attributes, 2000),
      entry("changed", 14, changed, 2000, { digest: new Uint8Array(32) }),
      entry("behind", 15, 90_000, 2000),
    ],
    target,
  );
  const kinds = Object.fromEntries(report.problems.map(({ path: name, kind }) => [name, kind]));
  expect(kinds).toEqual({
    other: "wrong-inode",
    data: "damaged",
    old: "wrong-inode",
    directory: "wrong-inode",
    "long-map": "damaged",
    negative: "damaged",
    sized: "damaged",
    stray: "wrong-inode",
    attributes: "wrong-inode",
    changed: "digest",
    behind: "damaged",
  });
  expect(readdirSync(target).sort()).toEqual(["changed", "good", "sized"]);
  // A file that is listed is not taken for whole by a restore that resumes: it has not its time.
  const times = Object.fromEntries(
    walk(target).map(({ path_hex, mtime_ns }) => [
      Buffer.from(path_hex, "hex").toString(),
      mtime_ns,
    ]),
  );
  expect(times["good"]).toBe(`${DATE}000000000`);
  expect(times["changed"]).not.toBe(`${DATE}000000000`);
});

test("another image in the place of the wanted one is refused before anything is read from it", async () => {
  const maker = new TapeMaker(DATE + 5);
  const block = maker.file(5, Buffer.alloc(100, 1));
  const image: WantedImage = {
    imageId: "",
    title: "level 0 of /home",
    level: 0,
    date: DATE,
    blockingFactor: 10,
    extents: [{ label: "MADE", file: 0, firstBlock: 0, blocks: 100 }],
  };
  const target = scratchDirectory();
  const refused = await restoreFrom(
    maker.drive(),
    image,
    [entry("f", 5, block, 100)],
    target,
  ).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: "restore.wrong-image",
    message:
      "tape MADE, file 0: found tape 1 of a level 0 of /made, 2023-11-14 22:13:25, wanted tape 1 of level 0 of /home, 2023-11-14 22:13:20",
  });
  expect(readdirSync(target)).toEqual([]);
});
