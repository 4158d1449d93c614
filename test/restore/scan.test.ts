// The sequential reader against what other readers found on the same tapes.
import { expect, test } from "vitest";
import { CHAIN, driveOf, fixture, scanned, stateOf } from "./fixture-tapes.ts";

interface RecordLine {
  readonly type: string;
  readonly tapea: number;
  readonly ino: number;
  readonly size: number | null;
  readonly ext: number;
}

const COMPRESSED_JSON = new Set(["1-level0"]);

function json<T>(name: string, compressed: boolean): T {
  return JSON.parse(fixture(`${name}${compressed ? ".gz" : ""}`).toString("utf8")) as T;
}

test.each(CHAIN)(
  "$name: inodes, places and sizes are those of the independent reader",
  async ({ name, level }) => {
    const found = await scanned(driveOf([fixture(`chain/${name}.dump.gz`)], 10));
    const lines = json<RecordLine[]>(`chain/${name}.records.json`, COMPRESSED_JSON.has(name));
    const inodes = lines.filter(({ type, ext }) => type === "INODE" && ext === 0);
    expect(found.order.map(({ inode, block, size }) => ({ inode, block, size }))).toEqual(
      inodes.map(({ ino, tapea, size }) => ({ inode: ino, block: tapea, size })),
    );
    expect(found.damages).toEqual([]);
    expect(found.scan.ended).toBe("end");
    expect(found.scan.label).toMatchObject({
      level,
      host: "reel-fixture",
      device: "data.img",
      words: null,
    });
  },
);

test("contents, types, attributes and names of the level 0 are those of the mounted volume", async () => {
  const found = await scanned(driveOf([fixture("chain/1-level0.dump.gz")], 10));
  const state = stateOf("chain/1-level0.state.json.gz");
  const paths = new Map<number, string[]>();
  const visit = (inode: number, path: string) => {
    paths.set(inode, [...(paths.get(inode) ?? []), path]);
    const entries = found.inodes.get(inode)?.entries;
    for (const [i, name] of (entries?.name ?? []).entries()) {
      if (name !== "." && name !== "..")
        visit(entries?.inode[i] ?? 0, path === "." ? name : `${path}/${name}`);
    }
  };
  visit(2, ".");
  expect([...paths.values()].flat().sort()).toEqual(
    state.map(({ path_hex }) => Buffer.from(path_hex, "hex").toString("latin1")).sort(),
  );
  for (const entry of state) {
    const inode = found.inodes.get(entry.ino);
    expect(inode?.mode, entry.path_hex).toBe(Number.parseInt(entry.mode, 8));
    expect(inode?.uid).toBe(entry.uid);
    if (entry.sha256 !== undefined)
      expect(Buffer.from(inode?.digest ?? []).toString("hex"), entry.path_hex).toBe(entry.sha256);
    if (entry.rdev !== undefined) expect([inode?.rdevMajor, inode?.rdevMinor]).toEqual(entry.rdev);
    const names = Object.keys(entry.xattrs_b64 ?? {}).length;
    expect((inode?.attributes.byteLength ?? 0) > 0, entry.path_hex).toBe(names > 0);
  }
});

test("three volumes give what one gives", async () => {
  const [first, second, third] = ["vol001.gz", "vol002.gz", "vol003.gz"].map((name) =>
    driveOf([fixture(`multivolume/${name}`)], 10),
  );
  if (!first || !second || !third) throw new Error("no volumes");
  const many = await scanned(first, [second, third]);
  const one = await scanned(driveOf([fixture("chain/1-level0.dump.gz")], 10));
  const digests = (inodes: typeof one.order) =>
    inodes.map(({ inode, digest }) => `${inode} ${Buffer.from(digest ?? []).toString("hex")}`);
  expect(digests(many.order)).toEqual(digests(one.order));
  expect(many.damages).toEqual([]);
  expect(many.scan.blocks).toBe(1200 + 1200 + 1040);
});

test("a volume begun in the middle is read from its first whole inode", async () => {
  const found = await scanned(driveOf([fixture("multivolume/vol002.gz")], 10));
  expect(found.scan.label).toMatchObject({ volume: 2, firstBlock: 1200 });
  expect(found.scan.ended).toBe("cut");
  const whole = await scanned(driveOf([fixture("chain/1-level0.dump.gz")], 10));
  for (const inode of found.order.slice(0, -1)) {
    expect(inode.digest).toEqual(whole.inodes.get(inode.inode)?.digest);
  }
  expect(found.order.length).toBeGreaterThan(50);
});

test("a damaged record costs the inodes it holds, no others", async () => {
  const stream = fixture("chain/1-level0.dump.gz");
  const whole = await scanned(driveOf([stream], 10));
  const drive = driveOf([stream], 10);
  const lost = 150;
  (drive.files[0] as (Uint8Array | null)[])[lost] = null;
  const found = await scanned(drive);
  const hit = whole.order.filter(
    ({ block, blocks }) => block < (lost + 1) * 10 && block + blocks > lost * 10,
  );
  expect(found.damages.length).toBeGreaterThan(0);
  for (const inode of whole.order) {
    if (hit.includes(inode)) continue;
    const again = found.inodes.get(inode.inode);
    expect(again?.digest, `inode ${inode.inode}`).toEqual(inode.digest);
    expect(again?.whole).toBe(true);
  }
  for (const { inode } of hit) expect(found.inodes.get(inode)?.whole ?? false).toBe(false);
});
