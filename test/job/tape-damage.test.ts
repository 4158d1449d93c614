// One bad byte of a tape costs what it is a byte of, and is told of.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runTapeShow, runTapeVerify } from "../../src/job/tape-job.ts";
import { TestCatalog } from "../series/catalog.ts";

const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "reel-tape-damage-")));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const at = (name: string): string => path.join(scratch, name);
const tape = at("t.tap");
const LABEL_FRAME_BYTES = 88;
const FIRST_RECORD_AT = LABEL_FRAME_BYTES + 4;

let catalog: TestCatalog;
let whole: Buffer;
let secondImageAt: number;

beforeAll(async () => {
  fs.mkdirSync(at("v"));
  catalog = await new TestCatalog(at("c")).init();
  for (const level of [0, 1, 2]) {
    fs.writeFileSync(at("v/file"), `as of level ${level}`);
    const { blocks } = await catalog.dump(at("v"), level, { tape, blockingFactor: 64 });
    if (level === 0) secondImageAt = FIRST_RECORD_AT + (blocks / 64) * (65_536 + 8) + 4;
  }
  whole = fs.readFileSync(tape);
});

async function withBadByte(
  offset: number,
): Promise<{ numbers: number[]; shown: readonly string[]; verified: readonly string[] }> {
  const bytes = Buffer.from(whole);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 0x41, offset);
  fs.writeFileSync(tape, bytes);
  const { images, damaged } = await runTapeShow({ tape }, catalog.context());
  const verified = await runTapeVerify({ tape }, catalog.context());
  return { numbers: images.map((image) => image.file), shown: damaged, verified: verified.damaged };
}

async function restored(rev: number): Promise<string> {
  const to = fs.mkdtempSync(at("to-"));
  const { problems } = await catalog.restore(rev, to);
  return problems.length === 0
    ? fs.readFileSync(path.join(to, "file"), "latin1")
    : (problems[0]?.what ?? "");
}

test("a sound tape has nothing to tell", async () => {
  fs.writeFileSync(tape, whole);
  expect((await runTapeShow({ tape }, catalog.context())).damaged).toEqual([]);
  expect((await runTapeVerify({ tape }, catalog.context())).damaged).toEqual([]);
});

test.each([0, 1, 2, 84, 86])(
  "in the label's framing, at %i: every image is where it was",
  async (offset) => {
    const { numbers, shown, verified } = await withBadByte(offset);
    expect(numbers).toEqual([1, 2, 3]);
    expect(shown).toEqual(["file 0: its first record cannot be read"]);
    expect(verified).toEqual(shown);
    for (const rev of [0, 1, 2]) expect(await restored(rev)).toBe(`as of level ${rev}`);
  },
);

test("where an image begins: that one is not listed, and missed", async () => {
  for (const offset of [secondImageAt, secondImageAt + 2]) {
    const { numbers, shown, verified } = await withBadByte(offset);
    expect(numbers).toEqual([1, 3]);
    expect(shown).toEqual([
      "file 2: its first record cannot be read",
      expect.stringMatching(
        /^file 2: level 1 of .*, changeset 1:[0-9a-f]{12}, should be here and is not$/,
      ),
    ]);
    expect(verified).toEqual(shown);
    expect([await restored(0), await restored(2)]).toEqual(["as of level 0", "as of level 2"]);
  }
});

test("a tape that is shorter than the catalog has it", async () => {
  fs.writeFileSync(tape, whole.subarray(0, secondImageAt));
  const { images, damaged } = await runTapeShow({ tape }, catalog.context());
  expect(images).toHaveLength(1);
  expect(damaged.map((line) => line.slice(0, 15))).toEqual(["file 2: level 1", "file 3: level 2"]);
});
