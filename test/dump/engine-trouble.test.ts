// What becomes of files that could not be read as the walk saw them, and of what the stream cannot carry.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ReelError } from "../../src/core/errors.ts";
import { TYPE } from "../../src/core/inode.ts";
import { estimateBlocks } from "../../src/dump/estimate.ts";
import { InodeMap } from "../../src/dump/format/inode-map.ts";
import { decodeRecord, newRecordHeader, RECORD, viewOver } from "../../src/dump/format/record.ts";
import { decodeInodeWords } from "../../src/dump/format/words.ts";
import { mapInodes } from "../../src/dump/inode-maps.ts";
import { chooseBase } from "../../src/dump/levels.ts";
import { checkBlockingFactor } from "../../src/dump/spool.ts";
import { catImage } from "../../src/dump/tape-images.ts";
import { MemoryDrive } from "../../src/tape/memory-drive.ts";
import { openVirtualDrive } from "../../src/tape/virtual-drive.ts";
import { CONTENT } from "../../src/volume/source.ts";
import { MemoryVolume } from "./memory-source.ts";
import { inScratch, makeFolder, restore, walkTree } from "./real-restore.ts";
import { dumpToFile, runDump, testLabel } from "./run-dump.ts";

test("vanished and unreadable files leave no record, the others come back, each with its status", async () => {
  await inScratch(async (folder) => {
    const volume = new MemoryVolume();
    volume.file("good", "good");
    volume.file("vanished", "v", { status: CONTENT.vanished });
    volume.file("unreadable", "u", { status: CONTENT.unreadable });
    volume.file("changed", "changed while it was read", { status: CONTENT.changed });
    volume.put("shrunk", TYPE.file, {
      size: 5000,
      pieces: [{ at: 0, bytes: Buffer.alloc(2048, "s") }],
      status: CONTENT.shrunk,
    });
    volume.put("failed", TYPE.file, {
      size: 700_000,
      pieces: [{ at: 0, bytes: Buffer.alloc(1024, "f") }],
      status: CONTENT.failed,
    });
    volume.file("last", "last");
    const tape = join(folder, "tape");
    const { entries } = await dumpToFile(volume, await volume.plan(testLabel()), tape);
    const byInode = new Map(entries.map((entry) => [entry.inode, entry]));
    const statusOf = (path: string) => {
      const entry = byInode.get(volume.at(path).inode);
      return [entry?.status, (entry?.block ?? 0) > 0, entry?.errno];
    };
    expect(statusOf("good")).toEqual([CONTENT.ok, true, undefined]);
    expect(statusOf("vanished")).toEqual([CONTENT.vanished, false, "EIO"]);
    expect(statusOf("unreadable")).toEqual([CONTENT.unreadable, false, "EIO"]);
    expect(statusOf("changed")).toEqual([CONTENT.changed, true, undefined]);
    expect(statusOf("shrunk")).toEqual([CONTENT.shrunk, true, undefined]);
    expect(statusOf("failed")).toEqual([CONTENT.failed, true, "EIO"]);

    const target = makeFolder(join(folder, "target"));
    const run = restore(["-rf", tape], target);
    expect(
      run.trouble.map(
        (line) =>
          /\.\/\w+: \(inode \d+\) not found on tape/.exec(line) !== null ||
          /expected next file/.test(line),
      ),
    ).not.toContain(false);
    expect([...walkTree(target).keys()].sort()).toEqual([
      "",
      "changed",
      "failed",
      "good",
      "last",
      "shrunk",
    ]);
    expect(readFileSync(join(target, "shrunk"))).toEqual(
      Buffer.concat([Buffer.alloc(2048, "s"), Buffer.alloc(2952)]),
    );
    expect(readFileSync(join(target, "failed")).length).toBe(700_000);
  });
});

test("links that restore does not take, and names of 255 bytes, harm nothing else", async () => {
  await inScratch(async (folder) => {
    const volume = new MemoryVolume();
    volume.put("empty-link", TYPE.symlink, { target: "" });
    volume.put("long-link", TYPE.symlink, { target: "l".repeat(5000) });
    volume.directory("names");
    volume.file(`names/${"n".repeat(255)}`, "255");
    volume.file("names/other", "other");
    volume.file("z", "after them");
    const tape = join(folder, "tape");
    const { entries } = await dumpToFile(volume, await volume.plan(testLabel()), tape);
    expect(entries.map(({ target }) => target.length).filter((length) => length > 0)).toEqual([
      5000,
    ]);
    const target = makeFolder(join(folder, "target"));
    restore(["-rf", tape], target);
    expect(readFileSync(join(target, "names/other"), "utf8")).toBe("other");
    expect(readFileSync(join(target, "z"), "utf8")).toBe("after them");
  });
});

test("attributes that no tape can carry are counted and named, the rest is on it", async () => {
  const volume = new MemoryVolume();
  volume.directory("d", {
    attributes: { "user.a": new Uint8Array(3000), "user.b": new Uint8Array(3000) },
  });
  volume.file("f", "x", {
    attributes: {
      "system.nfs4_acl": new Uint8Array(9),
      "user.long": new Uint8Array(5000),
      "user.ok": new Uint8Array(4000),
    },
  });
  const { outcome, entries } = await runDump(
    volume,
    await volume.plan(testLabel()),
    new MemoryDrive(),
  );
  expect(outcome.attributesLeftOut).toBe(3);
  expect(outcome.leftOut.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
    "user.b: no-room",
    "system.nfs4_acl: unknown-prefix",
    "user.long: too-long",
  ]);
  expect(entries.filter(({ attributes }) => attributes.length > 6000)).toHaveLength(2);
});

test("times of any age: the header wraps, Reel's words have the truth, microseconds stay below a million", async () => {
  const volume = new MemoryVolume();
  volume.file("before", "x", { mtime: -2, mtimeNs: 999_999_999 });
  volume.file("after", "x", { mtime: 2 ** 33 + 7, mtimeNs: 1 });
  const drive = new MemoryDrive();
  const { entries } = await runDump(volume, await volume.plan(testLabel()), drive);
  const stream = Buffer.concat((drive.files[0] ?? []) as Uint8Array[]);
  const seen = entries.slice(1).map(({ block }) => {
    const header = newRecordHeader();
    expect(decodeRecord(viewOver(stream), block * 1024, header)).toBe("ok");
    const { mtime, mtimeNs } = header;
    expect(decodeInodeWords(viewOver(stream), block * 1024, header)).toBe(true);
    return [mtime, mtimeNs, header.mtime, header.mtimeNs];
  });
  expect(seen).toEqual([
    [2 ** 32 - 2, 999_999_000, -2, 999_999_999],
    [7, 0, 2 ** 33 + 7, 1],
  ]);
});

test("sizes over 4 GiB: every header on the way, and the size in all its bits", async () => {
  const volume = new MemoryVolume();
  const size = 5 * 2 ** 30 + 10;
  volume.put("huge", TYPE.file, {
    size,
    pieces: [
      { at: 0, bytes: Buffer.alloc(1024, 1) },
      { at: 5 * 2 ** 30, bytes: Buffer.alloc(10, 2) },
    ],
  });
  const drive = new MemoryDrive();
  const { outcome } = await runDump(
    volume,
    await volume.plan(testLabel({ blockingFactor: 256 })),
    drive,
  );
  const stream = Buffer.concat((drive.files[0] ?? []) as Uint8Array[]);
  const header = newRecordHeader();
  let blocks = 0;
  for (let at = 0; at < stream.length; at += 1024) {
    if (
      decodeRecord(viewOver(stream), at, header) !== "ok" ||
      header.inode !== volume.at("huge").inode
    )
      continue;
    if (header.type !== RECORD.inode && header.type !== RECORD.addr) continue;
    expect(header.size).toBe(size);
    blocks += header.count;
  }
  expect(blocks).toBe(Math.ceil(size / 1024));
  expect(outcome.contentBytes).toBe(1034);
});

test("the same volume gives the same bytes, however the source cuts its batches", async () => {
  const streams: Buffer[] = [];
  for (const batchBytes of [100_000, 3000, 1_000_000]) {
    const volume = new MemoryVolume();
    volume.batchBytes = batchBytes;
    for (let i = 0; i < 50; i++) volume.file(`f${i}`, Buffer.alloc(i * 997, `${i} `));
    volume.put("sparse", TYPE.file, {
      size: 900_000,
      pieces: [
        { at: 4096, bytes: Buffer.alloc(9000, 1) },
        { at: 600_064, bytes: Buffer.alloc(20_000, 2) },
      ],
    });
    const drive = new MemoryDrive();
    await runDump(volume, await volume.plan(testLabel()), drive);
    streams.push(Buffer.concat((drive.files[0] ?? []) as Uint8Array[]));
  }
  expect(streams[1]?.equals(streams[0] as Buffer)).toBe(true);
  expect(streams[2]?.equals(streams[0] as Buffer)).toBe(true);
});

test("inodes that are kept stay in the map of inodes in use", async () => {
  const volume = new MemoryVolume();
  volume.file("f", "x");
  const plan = {
    ...(await volume.plan(testLabel())),
    kept: Uint32Array.from([77, 90]),
    inodeMax: 100,
  };
  const maps = mapInodes(plan);
  expect([...maps.used]).toEqual([2, 11, 77, 90]);
  expect([...maps.dumped]).toEqual([2, 11]);
  expect(maps.used).toBeInstanceOf(InodeMap);
});

test("the estimate is within a tenth", async () => {
  const volume = new MemoryVolume();
  for (let d = 0; d < 20; d++) {
    volume.directory(`directory-${d}`);
    for (let i = 0; i < 30; i++)
      volume.file(`directory-${d}/some-file-${i}`, Buffer.alloc(i * 331));
  }
  const plan = await volume.plan(testLabel());
  const { outcome } = await runDump(volume, plan, new MemoryDrive());
  const estimate = estimateBlocks(plan, mapInodes(plan));
  expect(Math.abs(estimate / outcome.blocks - 1)).toBeLessThan(0.1);
});

describe("levels", () => {
  const dumps = [
    { identity: "v", level: 0, date: 100, node: "a" },
    { identity: "w", level: 0, date: 900, node: "b" },
    { identity: "v", level: 2, date: 200, node: "c" },
    { identity: "v", level: 3, date: 300, node: "d" },
    { identity: "v", level: 1, date: 400, node: "e" },
    { identity: "v", level: 31, date: 500, node: "f" },
  ];

  test.each([
    [0, undefined],
    [1, "a"],
    [2, "e"],
    [3, "e"],
    [4, "e"],
    [30, "e"],
    [31, "e"],
  ])("the base of a level %i", (level, node) => {
    expect(chooseBase(dumps, "v", level, "/v")?.node).toBe(node);
  });

  test("of two of one date the greater node is the later", () => {
    const twins = [
      { identity: "v", level: 0, date: 100, node: "b" },
      { identity: "v", level: 0, date: 100, node: "a" },
    ];
    expect(chooseBase(twins, "v", 5, "/v")?.node).toBe("b");
  });

  test("a level without a base says that a level 0 is needed, an unknown one its bounds", () => {
    expect(() => chooseBase(dumps, "x", 5, "/x")).toThrow(/level 5 of \/x has no base/);
    try {
      chooseBase(dumps, "x", 5, "/x");
    } catch (error) {
      expect((error as ReelError).remedy).toContain("level 0");
    }
    for (const level of [-1, 32, 1.5, Number.NaN]) {
      expect(() => chooseBase(dumps, "v", level, "/v")).toThrow(
        expect.objectContaining({ code: "dump.unknown-level" }),
      );
    }
    for (const factor of [3, 257, 10.5, Number.NaN]) {
      expect(() => checkBlockingFactor(factor)).toThrow(
        expect.objectContaining({ code: "dump.bad-blocking-factor" }),
      );
    }
  });
});

test("a damaged record stops tape cat, or is told of and stands as zeros", async () => {
  await inScratch(async (folder) => {
    const volume = new MemoryVolume();
    for (let i = 0; i < 20; i++) volume.file(`f${i}`, Buffer.alloc(3000, i));
    const drive = new MemoryDrive();
    await runDump(volume, await volume.plan(testLabel({ blockingFactor: 4 })), drive);
    const records = drive.files[0] as (Uint8Array | null)[];
    records[5] = null;
    await expect(catImage(drive, 1, async () => {})).rejects.toMatchObject({
      code: "tape.damaged",
      data: { file: 0, record: 5 },
    });
    const told: number[] = [];
    let bytes = 0;
    await catImage(
      drive,
      1,
      async (part) => void (bytes += part.length),
      ({ record }) => told.push(record),
    );
    expect([told, bytes]).toEqual([[5], records.length * 4096]);
    const empty = openVirtualDrive(join(folder, "empty.tap"), { write: true });
    await expect(catImage(empty, 1, async () => {})).rejects.toMatchObject({
      code: "tape.no-such-image",
    });
    await empty.close();
  });
});
