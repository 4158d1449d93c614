// Virtual tapes as files: their bytes, what spacing costs, and the way through damage.
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { ReelError } from "../../src/core/errors.ts";
import { openVirtualDrive, type VirtualDrive } from "../../src/tape/virtual-drive.ts";
import { encodeFrame, frameKind, framedBytes } from "../../src/tape/virtual-image.ts";
import { readAll } from "../conformance/drive.ts";

const folder = mkdtempSync(join(tmpdir(), "reel-tap-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let tapes = 0;

/** A tape with these bytes; "|" is a filemark, a number a record of 1 KiB of it. */
function tapeOf(...parts: (number | "|" | Uint8Array)[]): string {
  const path = join(folder, `${tapes++}.tap`);
  const bytes = parts.map((part) => {
    if (part === "|") return Buffer.alloc(4);
    if (typeof part !== "number") return part;
    const frame = Buffer.alloc(framedBytes(1024));
    encodeFrame(new Uint8Array(1024).fill(part), frame, 0);
    return frame;
  });
  writeFileSync(path, Buffer.concat(bytes));
  return path;
}

async function reading<T>(
  path: string,
  run: (drive: VirtualDrive) => Promise<T>,
  write = false,
): Promise<T> {
  const drive = openVirtualDrive(path, { write });
  try {
    return await run(drive);
  } finally {
    await drive.close();
  }
}

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

test("the framing is that of SIMH's .tap files", async () => {
  const path = join(folder, "example.tap");
  await reading(
    path,
    async (drive) => {
      await drive.write(Buffer.from("abc"));
      await drive.write(Buffer.from("defg"));
      await drive.mark();
    },
    true,
  );
  expect(readFileSync(path).toString("hex")).toBe(
    hex("03000000 61626300 03000000 04000000 64656667 04000000 00000000").toString("hex"),
  );
});

test("words of other kinds are passed over or end the tape", async () => {
  const gap = hex("feffffff");
  const marker = hex("05000070");
  const foreign = Buffer.concat([hex("04000010"), Buffer.from("skip"), hex("04000010")]);
  expect(
    await reading(tapeOf(gap, 1, marker, foreign, 2, "|", 3, hex("ffffffff"), 4), readAll),
  ).toBe("1x1024 2x1024 | 3x1024");
  expect(await reading(tapeOf(1, "|", 2, "|", "|", 3), readAll)).toBe("1x1024 | 2x1024 |");
  expect([0, 1024, 0x8000_0400, 0xffff_ffff, 0x0fff_ffff, 0xf000_0001].map(frameKind)).toEqual([
    "mark",
    "record",
    "damaged-record",
    "end",
    "invalid",
    "invalid",
  ]);
});

describe("reads", () => {
  const records = 200;
  const path = tapeOf(
    ...Array.from({ length: records }, (_, i) => i & 0xff),
    "|",
    ...Array.from({ length: records }, (_, i) => (i + 1) & 0xff),
    "|",
  );

  test("one call a record once the length is known, and no byte twice", () =>
    reading(path, async (drive) => {
      const into = new Uint8Array(1024);
      for (let i = 0; i < records; i++) expect((await drive.read(into)).kind).toBe("block");
      expect(drive.counters.reads).toBe(records + 1);
      expect(drive.counters.bytesRead).toBe(records * 1032 + 4);
    }));

  test("seeking within an image takes a fixed number of reads, however far", () =>
    reading(path, async (drive) => {
      const into = new Uint8Array(1024);
      await drive.read(into);
      for (const record of [199, 3, 150, 20, 101]) {
        const before = drive.counters.reads;
        await drive.space({ file: 0, record });
        await drive.read(into);
        expect(into[0]).toBe(record);
        expect(drive.counters.reads - before).toBe(2);
      }
    }));

  test("another file is found through the words of the records before it, once", () =>
    reading(path, async (drive) => {
      await drive.space({ file: 1, record: 0 });
      expect(drive.counters.reads).toBeLessThanOrEqual(records + 2);
      expect(drive.counters.bytesRead).toBeLessThan(records * 16);
      const before = drive.counters.reads;
      await drive.space({ file: 0, record: 7 });
      await drive.space({ file: 1, record: 150 });
      expect(drive.counters.reads - before).toBeLessThanOrEqual(4);
      expect(await drive.read(new Uint8Array(1024))).toEqual({ kind: "block", bytes: 1024 });
    }));

  test("records of different lengths are counted", async () => {
    const mixed = join(folder, "mixed.tap");
    await reading(
      mixed,
      async (drive) => {
        for (let i = 0; i < 50; i++) await drive.write(new Uint8Array(100 + (i % 7) * 33).fill(i));
        await drive.mark();
      },
      true,
    );
    await reading(mixed, async (drive) => {
      const into = new Uint8Array(400);
      for (const record of [49, 0, 25, 24, 31]) {
        await drive.space({ file: 0, record });
        await drive.read(into);
        expect(into[0]).toBe(record);
      }
    });
  });
});

describe("damage", () => {
  const damaged = (at: number, bytes: Uint8Array, ...parts: Parameters<typeof tapeOf>) => {
    const path = tapeOf(...parts);
    const content = readFileSync(path);
    content.set(bytes, at);
    writeFileSync(path, content);
    return path;
  };

  test("a wrong leading word loses one record", async () => {
    expect(await reading(damaged(1032, hex("123456f8"), 1, 2, 3, "|", 4, "|"), readAll)).toBe(
      "1x1024 damaged(0,1)x1024 3x1024 | 4x1024 |",
    );
  });

  test("a wrong closing word loses one record", async () => {
    expect(await reading(damaged(2060, hex("ff"), 1, 2, 3, "|", 4, "|"), readAll)).toBe(
      "1x1024 damaged(0,1)x1024 3x1024 | 4x1024 |",
    );
  });

  test("a first record is found to be damaged too", async () => {
    expect(await reading(damaged(0, hex("11223344"), 1, 2, 3, "|"), readAll)).toBe(
      "damaged(0,0)x0 2x1024 3x1024 |",
    );
  });

  test("a stretch over several records is passed to the next sound frame", async () => {
    const path = damaged(1030, Buffer.alloc(2000, 0xaa), 1, 2, 3, 4, 5, "|", 6, "|");
    expect(await reading(path, readAll)).toMatch(/^1?(x1024)? ?damaged.* 5x1024 \| 6x1024 \|$/);
  });

  test("a record marked as read with an error is reported with its length", async () => {
    const bad = Buffer.concat([hex("04000080"), Buffer.from("what"), hex("04000080")]);
    expect(await reading(tapeOf(1, bad, 2, "|"), readAll)).toBe("1x1024 damaged(0,1)x4 2x1024 |");
  });

  test("a record cut off at the end is damaged, and the next writer goes over its file", async () => {
    const path = tapeOf(1, 2, "|", 3);
    appendFileSync(path, hex("00040000 aabbcc"));
    expect(await reading(path, readAll)).toBe("1x1024 2x1024 | 3x1024 damaged(1,1)x0");
    await reading(
      path,
      async (drive) => {
        expect(await drive.spaceToEnd()).toEqual({ file: 1, record: 0 });
        await drive.write(new Uint8Array(1024).fill(9));
        await drive.mark();
      },
      true,
    );
    expect(await reading(path, readAll)).toBe("1x1024 2x1024 | 9x1024 |");
  });

  test("zeros behind what was written, as a crash leaves them, hold no files", async () => {
    const path = tapeOf(1, "|", 2, Buffer.alloc(5000));
    const end = await reading(path, (drive) => drive.spaceToEnd());
    expect(end).toEqual({ file: 2, record: 0 });
    expect(
      await reading(tapeOf(1, "|", Buffer.alloc(5000)), (drive) => drive.spaceToEnd()),
    ).toEqual({ file: 1, record: 0 });
  });

  test("nothing readable is written over for a damaged record before it", async () => {
    const path = damaged(1036, hex("12345678"), 1, "|", 2, 3, "|", 4, "|");
    expect(await reading(path, (drive) => drive.spaceToEnd())).toEqual({ file: 3, record: 0 });
  });

  test("any bytes are read to an end", async () => {
    const parts = fc.array(
      fc.oneof(fc.constant("|" as const), fc.nat(255), fc.uint8Array({ maxLength: 40 })),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(
        parts,
        fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { maxLength: 3 }),
        async (list, changes) => {
          const path = tapeOf(...list);
          const content = readFileSync(path);
          for (const [at, byte] of changes) if (at < content.length) content[at] = byte;
          writeFileSync(path, content);
          await reading(path, async (drive) => {
            for (const run of [
              () => readAll(drive),
              () => drive.spaceToEnd(),
              () => drive.space({ file: 1, record: 1 }),
            ]) {
              try {
                await run();
              } catch (error) {
                expect(error).toBeInstanceOf(ReelError);
              }
            }
          });
          rmSync(path);
        },
      ),
      { interruptAfterTimeLimit: 2000, markInterruptAsFailure: false, numRuns: 5000 },
    );
  });
});

test("a tape of a given length stays within it", async () => {
  const path = join(folder, "full.tap");
  const drive = openVirtualDrive(path, { write: true, capacityBytes: 10_000 });
  while ((await drive.write(new Uint8Array(1000))) === "ok");
  await drive.mark();
  await drive.mark();
  await drive.close();
  expect(statSync(path).size).toBeLessThanOrEqual(10_000);
});

test("opened for reading it cannot be written, and what is not there is not found", async () => {
  const path = tapeOf(1);
  await reading(path, async (drive) => {
    await expect(drive.write(new Uint8Array(10))).rejects.toMatchObject({ code: "tape.read-only" });
  });
  expect(() => openVirtualDrive(join(folder, "none.tap"), { write: false })).toThrow(
    expect.objectContaining({ code: "tape.not-found" }),
  );
});
