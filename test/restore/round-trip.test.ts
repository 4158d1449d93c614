// What Reel's own dump wrote, over many tapes that end anywhere, read in sequence and by position.
import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { encodeAttributes } from "../../src/core/attributes.ts";
import { TYPE, type InodeType } from "../../src/core/inode.ts";
import { extract } from "../../src/restore/extract.ts";
import { planRestore } from "../../src/restore/plan.ts";
import type { WantedEntry, WantedImage } from "../../src/restore/request.ts";
import { Target } from "../../src/restore/target.ts";
import type { Drive } from "../../src/tape/drive.ts";
import { openVirtualDrive } from "../../src/tape/virtual-drive.ts";
import { MemoryVolume } from "../dump/memory-source.ts";
import { runDump, testLabel } from "../dump/run-dump.ts";
import { scanned, scratchDirectory, walk } from "./fixture-tapes.ts";

const isRoot = process.getuid?.() === 0;

function bytes(length: number, seed: number): Buffer {
  let state = seed * 7919 + 1;
  return Buffer.from(
    Uint8Array.from(
      { length },
      () => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16) & 0xff,
    ),
  );
}

function volume(): MemoryVolume {
  const made = new MemoryVolume();
  made.directory("d");
  made.directory("d/e", { attributes: { "user.d": bytes(2000, 1) } });
  for (let i = 0; i < 40; i++) made.file(`d/f${i}`, bytes(i * 700, i));
  made.file("big", bytes(900_000, 99), {
    attributes: { "user.a": bytes(1000, 2), "user.b": bytes(1500, 3) },
  });
  made.link("big", "d/e/big");
  const holey = [
    { at: 300 * 1024, bytes: bytes(5000, 5) },
    { at: 1500 * 1024, bytes: bytes(600 * 1024, 6) },
  ];
  made.put("sparse", TYPE.file, { pieces: holey, size: 4_000_000 });
  made.put("link", TYPE.symlink, { target: "\xff\xfe/".repeat(300) });
  made.put("fifo", TYPE.fifo);
  for (let i = 0; i < 20; i++) made.file(`z${i}`, bytes(20_000 + i, 200 + i));
  return made;
}

interface Dumped {
  /** Each call opens the tape anew. */
  readonly open: (label: string) => Promise<Drive>;
  readonly labels: readonly string[];
  readonly image: WantedImage;
  readonly entries: WantedEntry[];
}

/** Dumps to tapes of these many records; the last size serves for all that follow. */
async function dumped(recordsOfTapes: readonly number[], blockingFactor: number): Promise<Dumped> {
  const made = volume();
  const label = testLabel({ blockingFactor });
  const plan = await made.plan(label);
  const directory = scratchDirectory();
  const labels: string[] = [];
  const mount = () => {
    const records = recordsOfTapes[labels.length] ?? recordsOfTapes.at(-1) ?? 0;
    const label = path.join(directory, `T${labels.length + 1}`);
    labels.push(label);
    return openVirtualDrive(label, {
      write: true,
      capacityBytes: records * (blockingFactor * 1024 + 8) + 16,
    });
  };
  const drives = [mount()];
  const run = await runDump(made, plan, drives[0] as Drive, async (full) => {
    await full.drive.mark();
    const drive = mount();
    drives.push(drive);
    return { drive, label: drive.name };
  });
  for (const drive of drives) await drive.close();
  const written = new Map(run.entries.map((entry) => [entry.inode, entry]));
  const starts = [...run.entries.map(({ block }) => block), run.outcome.blocks].sort(
    (a, b) => a - b,
  );
  const { walk: rows } = plan;
  const pathOf = (row: number): string => {
    const above = rows.parent[row] as number;
    return above < 0
      ? ""
      : above === 0
        ? (rows.name[row] as string)
        : `${pathOf(above)}/${rows.name[row]}`;
  };
  const entries = Array.from({ length: rows.count }, (_, row): WantedEntry => {
    const inode = plan.inode[row] as number;
    const entry = written.get(inode);
    const type = rows.type[row] as InodeType;
    const block = entry?.block ?? 0;
    const blocks = (starts.find((start) => start > block) ?? block + 1) - block;
    return {
      path: pathOf(row),
      type,
      mode: rows.mode[row] as number,
      uid: rows.uid[row] as number,
      gid: rows.gid[row] as number,
      size: rows.size[row] as number,
      mtime: rows.mtime[row] as number,
      mtimeNs: rows.mtimeNs[row] as number,
      rdevMajor: 0,
      rdevMinor: 0,
      target: type === TYPE.symlink ? (entry?.target ?? null) : null,
      attributes: entry?.attributes ?? encodeAttributes([]),
      digest: type === TYPE.file ? Buffer.from(entry?.digest ?? "", "hex") : null,
      inode,
      place:
        type === TYPE.file && (rows.size[row] as number) > 0 ? { image: 0, block, blocks } : null,
    };
  });
  const image = {
    imageId: label.words.imageId,
    title: "level 0",
    level: 0,
    date: label.date,
    blockingFactor,
    extents: run.outcome.extents,
  };
  const open = async (label: string): Promise<Drive> => openVirtualDrive(label, { write: false });
  return { open, labels, image, entries };
}

const SIZES = [
  { factor: 10, records: [100_000] },
  { factor: 10, records: [7, 4, 90, 31, 8, 17, 40] },
  { factor: 4, records: [9, 300, 8, 8, 8, 120, 33] },
  { factor: 64, records: [1, 2, 3, 4] },
  ...Array.from({ length: 6 }, (_, seed) => ({
    factor: 16,
    records: Array.from({ length: 12 }, (_, i) => 3 + ((seed * 31 + i * 17) % 23)),
  })),
];

test.each(SIZES)(
  "read in sequence: factor $factor, tapes of $records records",
  async ({ factor, records }) => {
    const { open, labels, entries, image } = await dumped(records, factor);
    const tapes = await Promise.all(labels.map(open));
    const [first, ...rest] = tapes as [Drive];
    const found = await scanned(first, rest);
    for (const tape of tapes) await tape.close();
    expect(found.damages).toEqual([]);
    expect(found.scan.ended).toBe("end");
    expect(found.scan.label?.words).toMatchObject({ imageId: image.imageId });
    for (const {
      inode,
      type,
      size,
      digest,
      place,
      target,
      attributes,
      mtime,
      mtimeNs,
    } of entries) {
      const seen = found.inodes.get(inode);
      expect(seen).toMatchObject({ type, mtime, mtimeNs, whole: true, target });
      expect(Buffer.from(seen?.attributes ?? []).equals(attributes)).toBe(true);
      if (type === TYPE.file) expect(seen?.size).toBe(size);
      if (digest !== null)
        expect(Buffer.from(seen?.digest ?? []).toString("hex")).toBe(
          Buffer.from(digest).toString("hex"),
        );
      if (place !== null) expect(seen?.block).toBe(place.block);
    }
    const { offsets, blocks } = found.scan;
    expect(offsets?.inodes.length).toBe(found.order.length);
    for (const [i, inode] of (offsets?.inodes ?? []).entries())
      expect(found.inodes.get(inode)?.block).toBe(offsets?.blocks[i]);
    const last = image.extents.at(-1);
    expect(blocks).toBe((last?.firstBlock ?? 0) + (last?.blocks ?? 0));
  },
);

test.skipIf(!isRoot).each(SIZES)(
  "read by position: factor $factor, tapes of $records records",
  async ({ factor, records }) => {
    const { open, entries, image } = await dumped(records, factor);
    const selections = [
      entries,
      entries.filter(({ inode }) => inode % 3 === 0),
      entries.filter(({ path: name }) => name === "big"),
    ];
    for (const selection of selections) {
      const mounted: string[] = [];
      const target = scratchDirectory();
      const place = await Target.open(target);
      const plan = planRestore({ images: [image], entries: selection });
      const mount = (label: string) => {
        mounted.push(label);
        return open(label);
      };
      const report = await extract(plan, mount, place);
      place.close();
      expect(report.problems).toEqual([]);
      expect(mounted).toEqual(plan.mounts.map(({ label }) => label));
      expect(new Set(mounted).size).toBe(mounted.length);
      for (const { path: name, type, digest, target: to, mtime, mtimeNs } of selection) {
        const there = path.join(target, name);
        const stat = lstatSync(there, { bigint: true });
        expect(stat.mtimeNs, name).toBe(BigInt(mtime) * 1_000_000_000n + BigInt(mtimeNs));
        if (type === TYPE.symlink) expect(readlinkSync(there, "latin1")).toBe(to);
        if (digest !== null) {
          const found = createHash("sha256").update(readFileSync(there)).digest("hex");
          expect(found, name).toBe(Buffer.from(digest).toString("hex"));
        }
      }
      const sparse = selection.find(({ path: name }) => name === "sparse");
      if (sparse) expect(lstatSync(path.join(target, "sparse")).blocks * 512).toBeLessThan(700_000);
    }
  },
);

test.skipIf(!isRoot)("attributes come back with their values", async () => {
  const { open, entries, image } = await dumped([100_000], 64);
  const target = scratchDirectory();
  const place = await Target.open(target);
  await extract(planRestore({ images: [image], entries }), open, place);
  place.close();
  const found = new Map(
    walk(target).map(({ path_hex, xattrs_b64 }) => [
      Buffer.from(path_hex, "hex").toString(),
      xattrs_b64,
    ]),
  );
  expect(found.get("d/e")).toEqual({ "user.d": bytes(2000, 1).toString("base64") });
  expect(found.get("big")).toEqual({
    "user.a": bytes(1000, 2).toString("base64"),
    "user.b": bytes(1500, 3).toString("base64"),
  });
  expect(found.get("d/e/big")).toEqual(found.get("big"));
});
