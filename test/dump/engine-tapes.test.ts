// An image over several tapes: continuation headers, extents and addresses, and the real restore asking
// for one volume after another.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  decodeRecord,
  dataBlocksOf,
  newRecordHeader,
  RECORD,
  viewOver,
} from "../../src/dump/format/record.ts";
import { decodeImageWords } from "../../src/dump/format/words.ts";
import { decodeOffsetMap, encodeOffsetMap } from "../../src/dump/format/offset-map.ts";
import { checkedOffsetMap, decodeOffsetDescriptor } from "../../src/dump/format/offset-section.ts";
import type { MountedTape } from "../../src/dump/tape-change.ts";
import { catImage, listImages } from "../../src/dump/tape-images.ts";
import { MemoryDrive } from "../../src/tape/memory-drive.ts";
import { openVirtualDrive } from "../../src/tape/virtual-drive.ts";
import { MemoryVolume } from "./memory-source.ts";
import { expectedTree, inScratch, makeFolder, restore, walkTree } from "./real-restore.ts";
import { runDump, testLabel, type DumpRun } from "./run-dump.ts";
import { writeFileSync } from "node:fs";

function volumeOf(files: number, bytes: number): MemoryVolume {
  const volume = new MemoryVolume();
  volume.directory("d");
  for (let i = 0; i < files; i++) {
    const content = Buffer.alloc(bytes + i * 7, `file ${i} `);
    volume.file(
      `d/f${i}`,
      content,
      i % 3 === 0 ? { attributes: { "user.n": Buffer.from(String(i)) } } : {},
    );
  }
  return volume;
}

interface TapeRun extends DumpRun {
  readonly tapes: readonly MemoryDrive[];
  readonly volume: MemoryVolume;
}

async function dumpToTapes(
  volume: MemoryVolume,
  blockingFactor: number,
  capacities: readonly number[],
): Promise<TapeRun> {
  const tapes = capacities.map(
    (blocks, i) => new MemoryDrive({ name: `T${i + 1}`, capacityBytes: blocks * 1024 }),
  );
  let next = 1;
  const mount = async (): Promise<MountedTape | null> => {
    const drive = tapes[next++];
    return drive ? { drive, label: drive.name } : null;
  };
  const plan = await volume.plan(testLabel({ blockingFactor }));
  return { ...(await runDump(volume, plan, tapes[0] as MemoryDrive, mount)), tapes, volume };
}

function streamOf(drive: MemoryDrive): Buffer {
  return Buffer.concat((drive.files[0] ?? []).map((record) => record ?? new Uint8Array(0)));
}

/** Every header of the joined tapes by their own word on what follows; stops behind the last TS_END. */
function headersOf(joined: Buffer): {
  type: number;
  inode: number;
  address: number;
  count: number;
  volume: number;
  firstBlock: number;
  at: number;
}[] {
  const view = viewOver(joined);
  const header = newRecordHeader();
  const found = [];
  for (let at = 0; at + 1024 <= joined.length; ) {
    if (decodeRecord(view, at, header) !== "ok") break;
    const { type, inode, address, count, volume, firstBlock } = header;
    found.push({ type, inode, address, count, volume, firstBlock, at: at / 1024 });
    let blocks = type === RECORD.tape && volume > 1 ? count : dataBlocksOf(view, at, header);
    at += 1024;
    // Data goes on behind a volume header in the middle of it.
    while (
      blocks > 0 &&
      !(decodeRecord(view, at, header) === "ok" && header.type === RECORD.tape)
    ) {
      at += 1024;
      blocks--;
    }
  }
  return found;
}

async function judge(run: TapeRun, folder: string): Promise<void> {
  const { tapes, volume, outcome, entries } = run;
  const used = tapes.filter((tape) => streamOf(tape).length > 0);
  const joined = Buffer.concat(used.map(streamOf));
  expect(
    outcome.extents.map(({ label, firstBlock, blocks }) => ({ label, firstBlock, blocks })),
  ).toEqual(
    used.map((tape, i) => ({
      label: tape.name,
      firstBlock: used.slice(0, i).reduce((sum, before) => sum + streamOf(before).length / 1024, 0),
      blocks: streamOf(tape).length / 1024,
    })),
  );
  expect(joined.length).toBe(outcome.blocks * 1024);

  const headers = headersOf(joined);
  for (const { at, address, volume: number, firstBlock } of headers) {
    expect(address).toBe(at);
    const extent = outcome.extents[number - 1];
    expect(extent).toBeDefined();
    expect(firstBlock).toBe(extent?.firstBlock);
    expect(
      at >= (extent?.firstBlock ?? 0) && at < (extent?.firstBlock ?? 0) + (extent?.blocks ?? 0),
    ).toBe(true);
  }
  const places = new Map(
    headers
      .filter(({ type }) => type === RECORD.inode)
      .toReversed()
      .map(({ inode, at }) => [inode, at]),
  );
  expect(new Map(entries.map(({ inode, block }) => [inode, block]))).toEqual(places);
  for (const tape of used)
    expect(decodeImageWords(viewOver(streamOf(tape)), 0, true)?.imageId).toBe("1".repeat(40));

  const names = used.map((tape, i) => {
    const path = join(folder, `vol${String(i + 1).padStart(3, "0")}`);
    writeFileSync(path, streamOf(tape));
    return path;
  });
  const target = makeFolder(join(folder, "target"));
  const restored = restore(
    ["-rf", names[0] as string],
    target,
    names
      .slice(1)
      .map((name) => `${name}\n`)
      .join(""),
  );
  expect(restored.trouble).toEqual([]);
  expect(restored.status).toBe(0);
  expect(walkTree(target)).toEqual(expectedTree(volume));
}

test.each([
  [4, [40, 36, 64, 32, 4000]],
  [10, [60, 50, 40, 4000]],
  [10, [1200, 1200, 4000]],
  [64, [64, 128, 64, 192, 64, 4000]],
  [64, [10, 64, 9000]],
])("blocking factor %i over tapes of %j blocks", async (blockingFactor, capacities) => {
  await inScratch(async (folder) => {
    const files = (capacities[0] as number) > 1000 ? 5 : 12;
    await judge(
      await dumpToTapes(
        volumeOf(files, files === 5 ? 600_000 : 21_000),
        blockingFactor,
        capacities,
      ),
      folder,
    );
  });
});

test("tapes may end at any block of a file, of a directory and of the maps", async () => {
  for (let blocks = 32; blocks <= 92; blocks += 4) {
    await inScratch(async (folder) => {
      const volume = volumeOf(3, 30_000);
      for (let i = 0; i < 300; i++) volume.file(`d/empty-with-a-long-name-${i}`, "");
      await judge(await dumpToTapes(volume, 4, [blocks, 32, 33, 1000]), folder);
    });
  }
});

test("a first piece too short for restore is left and begun again on the next tape", async () => {
  const run = await dumpToTapes(volumeOf(4, 21_000), 10, [25, 4000]);
  expect(run.outcome.extents).toEqual([
    { label: "T2", file: 0, firstBlock: 0, blocks: run.outcome.blocks },
  ]);
  expect(headersOf(streamOf(run.tapes[1] as MemoryDrive)).every(({ volume }) => volume === 1)).toBe(
    true,
  );
  expect((run.tapes[0] as MemoryDrive).files).toHaveLength(1);
});

test("no next tape is tape.full, a continuation tape that takes nothing is tape.too-small", async () => {
  await expect(dumpToTapes(volumeOf(12, 21_000), 10, [100])).rejects.toMatchObject({
    code: "tape.full",
  });
  await expect(dumpToTapes(volumeOf(12, 21_000), 10, [100, 20, 4000])).rejects.toMatchObject({
    code: "tape.too-small",
  });
});

test("the offset map stands behind TS_END and says where each inode is", async () => {
  const run = await dumpToTapes(volumeOf(12, 21_000), 16, [4000]);
  const stream = streamOf(run.tapes[0] as MemoryDrive);
  const ends = headersOf(stream).filter(({ type }) => type === RECORD.end);
  const at = ((ends.at(-1)?.at ?? 0) + 1) * 1024;
  const first = decodeOffsetDescriptor(stream, at);
  const last = decodeOffsetDescriptor(stream, stream.length - 1024);
  expect(first).not.toBeNull();
  expect(last).toEqual(first);
  expect(at + (first?.span ?? 0) * 1024).toBe(stream.length - 1024);
  const bytes = checkedOffsetMap(first as NonNullable<typeof first>, stream.subarray(at + 1024));
  const map = decodeOffsetMap(bytes);
  const known = run.entries
    .map(({ inode, block }) => [inode, block] as const)
    .toSorted(([a], [b]) => a - b);
  expect([...map.inodes].map((inode, i) => [inode, map.blocks[i]])).toEqual(known);
  expect(Buffer.from(encodeOffsetMap(map.inodes, map.blocks)).equals(bytes)).toBe(true);
});

test("images of a virtual tape are listed and come out as plain streams", async () => {
  await inScratch(async (folder) => {
    const path = join(folder, "T.tap");
    const volume = volumeOf(5, 3000);
    const drive = openVirtualDrive(path, { write: true });
    const streams: Buffer[] = [];
    for (const level of [0, 1, 2]) {
      const plan = await volume.plan(
        testLabel({ level, date: 1_700_000_000 + level * 10, blockingFactor: 10 }),
      );
      const memory = new MemoryDrive();
      await runDump(volume, plan, memory);
      streams.push(streamOf(memory));
      await runDump(volume, plan, drive);
      await drive.write(Buffer.from("no image"));
      await drive.mark();
    }
    const images = await listImages(drive);
    expect(
      images.map(({ number, file, header, blocks, ended }) => [
        number,
        file,
        header.level,
        blocks,
        ended,
      ]),
    ).toEqual([
      [1, 0, 0, (streams[0] as Buffer).length / 1024, true],
      [2, 2, 1, (streams[1] as Buffer).length / 1024, true],
      [3, 4, 2, (streams[2] as Buffer).length / 1024, true],
    ]);
    expect(images[0]?.names).toEqual({
      label: "reel",
      filesystem: "/v",
      device: "memory",
      host: "h",
    });
    const parts: Uint8Array[] = [];
    await catImage(drive, 2, async (bytes) => void parts.push(Uint8Array.from(bytes)));
    expect(Buffer.concat(parts).equals(streams[1] as Buffer)).toBe(true);
    await expect(catImage(drive, 4, async () => {})).rejects.toMatchObject({
      code: "tape.no-such-image",
    });
    await drive.close();
    writeFileSync(join(folder, "image"), Buffer.concat(parts));
    const listed = restore(["-tf", join(folder, "image")], folder);
    expect(listed.trouble).toEqual([]);
    expect(listed.stdout).toContain("./d/f4");
    expect(readFileSync(path).length).toBeGreaterThan(Buffer.concat(streams).length);
  });
});
