// The hex in docs/format is what Reel writes, and what it reads is what the documents say.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeOffsetMap } from "../../src/dump/format/offset-map.ts";
import { listImages } from "../../src/dump/tape-images.ts";
import { readLabel } from "../../src/tape/label.ts";
import { openVirtualDrive } from "../../src/tape/virtual-drive.ts";
import { writeExampleTape } from "./example.ts";
import { inScratch } from "./real-restore.ts";

test.each(["tape.md", "dump-stream.md"])("the example of %s", async (name) => {
  const text = readFileSync(new URL(`../../docs/format/${name}`, import.meta.url), "utf8");
  await inScratch(async (folder) => {
    const path = join(folder, "example.tap");
    await writeExampleTape(path);
    const tape = readFileSync(path);
    let lines = 0;
    for (const block of text.matchAll(/```hex\n(.*?)```/gs)) {
      for (const line of (block[1] as string).trimEnd().split("\n")) {
        const match = /^([0-9a-f]{4}) {2}([0-9a-f ]*[0-9a-f])(?: {2,}.*)?$/.exec(line);
        const [, place = "", digits = ""] = match ?? [];
        expect(digits, line).not.toBe("");
        const bytes = Buffer.from(digits.replaceAll(" ", ""), "hex");
        const at = Number.parseInt(place, 16);
        expect(tape.toString("hex", at, at + bytes.length), line).toBe(bytes.toString("hex"));
        lines++;
      }
    }
    expect(lines).toBeGreaterThan(10);

    const drive = openVirtualDrive(path, { write: false });
    expect(await readLabel(drive)).toEqual({ label: "REEL01", capacityBytes: 68_719_476_736 });
    expect(await listImages(drive)).toMatchObject([
      {
        number: 1,
        file: 1,
        blocks: 16,
        words: { imageId: "28f1c2a0d7b94e5c6a1f0b3d9e8877665544aa01" },
      },
    ]);
    await drive.close();
  });
});

test("the offset map of the example", () => {
  const map = decodeOffsetMap(Buffer.from("010204120501", "hex"));
  expect([[...map.inodes], [...map.blocks]]).toEqual([
    [2, 11],
    [5, 7],
  ]);
});
