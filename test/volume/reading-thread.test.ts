// Reading on the thread that ships (dist/content-worker.js, built by the global set-up): the same results
// as inline, and clean ends of reads that stop early.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newProgress } from "../../src/core/progress.ts";
import { openLiveDirectory } from "../../src/volume/live-directory.ts";
import type { ContentBatch, VolumeSource, Walk } from "../../src/volume/source.ts";
import {
  addAttributes,
  hasAttributes,
  makeRoot,
  makeVariedTree,
  node,
  removeTree,
} from "./made-trees.ts";
import { allRows, readRows } from "./read-all.ts";

const WORKER = new URL("../../dist/content-worker.js", import.meta.url);
const FILES = 6000;
const BIG_BYTES = 20_000_000;

let root = "";
let inline: VolumeSource;
let walk: Walk;
let source: VolumeSource;

beforeAll(async () => {
  root = makeRoot();
  makeVariedTree(root);
  if (hasAttributes(root)) addAttributes(root);
  node(
    root,
    `for(let d=0;d<20;d++){fs.mkdirSync("many-"+d);
     for(let i=0;i<${FILES / 20};i++)fs.writeFileSync("many-"+d+"/"+i,"file ".repeat(i*d%300)+i);}
     fs.writeFileSync("big",Buffer.alloc(${BIG_BYTES},"a big file "));`,
  );
  inline = await openLiveDirectory(root, {
    workerUrl: pathToFileURL("/nowhere/content-worker.js"),
  });
  walk = await inline.walk();
});
afterAll(async () => {
  await inline.close();
  removeTree(root);
});

beforeEach(async () => {
  source = await openLiveDirectory(root, { workerUrl: WORKER });
});
afterEach(() => source.close());

async function take(read: AsyncIterable<ContentBatch>, batches: number): Promise<number> {
  let taken = 0;
  for await (const batch of read) {
    batch.release();
    if (++taken === batches) break;
  }
  return taken;
}

/** What was read, a line a row: large buffers are no good to compare one by one. */
async function summarise(each: VolumeSource, rows: Int32Array): Promise<string> {
  const lines: string[] = [];
  for (const [row, read] of await readRows(each, walk, rows)) {
    const content = createHash("sha1").update(read.content).digest("hex");
    lines.push(
      `${row} ${read.status} ${read.errno} ${read.digest} ${content} ${JSON.stringify(read.attributes)}`,
    );
  }
  return lines.join("\n");
}

function openFiles(): number {
  return readdirSync("/proc/self/fd").length;
}

describe("the reading thread", () => {
  test("reads what the inline reader reads, again and again", async () => {
    const wanted = await summarise(inline, allRows(walk));
    expect((await summarise(source, allRows(walk))) === wanted).toBe(true);
    const reversed = allRows(walk).reverse();
    const backwards = await summarise(inline, reversed);
    expect((await summarise(source, reversed)) === backwards).toBe(true);
  });

  test("counts rows and bytes", async () => {
    for (const each of [inline, source]) {
      const progress = newProgress();
      for await (const batch of each.read(walk, allRows(walk), progress)) batch.release();
      expect(progress.done).toBe(walk.count);
      expect(progress.bytes).toBeGreaterThan(BIG_BYTES);
      expect(progress.bytes).toBeLessThan(BIG_BYTES * 3);
    }
  });

  test("stops where its consumer stops, and reads again", async () => {
    const wanted = await summarise(inline, allRows(walk));
    for (const batches of [1, 3, 7]) {
      expect(await take(source.read(walk, allRows(walk)), batches)).toBe(batches);
    }
    expect((await summarise(source, allRows(walk))) === wanted).toBe(true);
  });

  test("takes back what was released late, and what never was", async () => {
    for (const each of [source, inline]) {
      const held: ContentBatch[] = [];
      const first: Buffer[] = [];
      for await (const batch of each.read(walk, allRows(walk))) {
        held.push(batch);
        first.push(Buffer.from(batch.bytes));
        if (held.length === 3) break;
      }
      // Batches in the consumer's hands keep their bytes while another read goes on.
      await summarise(each, allRows(walk));
      expect(held.map((batch, i) => first[i]?.equals(batch.bytes))).toEqual([true, true, true]);
      const pending: ContentBatch[] = [];
      let count = 0;
      for await (const batch of each.read(walk, allRows(walk))) {
        pending.push(batch);
        count++;
        if (pending.length === 4)
          setImmediate(() => pending.splice(0).forEach((each4) => each4.release()));
      }
      expect(count).toBeGreaterThan(8);
    }
  });

  test("two reads at a time both come to their end", async () => {
    const wanted = await summarise(inline, allRows(walk));
    const both = await Promise.all([
      summarise(source, allRows(walk)),
      summarise(source, allRows(walk)),
    ]);
    expect(both.map((each) => each === wanted)).toEqual([true, true]);
  });

  test("a read that goes on when the volume is closed fails; no file stays open", async () => {
    const before = openFiles();
    const other = await openLiveDirectory(root, { workerUrl: WORKER });
    const read = other.read(walk, allRows(walk))[Symbol.asyncIterator]();
    (await read.next()).value?.release();
    await other.close();
    await expect(take({ [Symbol.asyncIterator]: () => read }, 100)).rejects.toMatchObject({
      code: "volume.reader-died",
    });
    await other.close();
    expect(openFiles()).toBeLessThanOrEqual(before);
  });

  test("a thread that dies fails its read, and the next one is inline", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "reel-worker-"));
    const file = path.join(folder, "content-worker.mjs");
    writeFileSync(file, `throw new Error("no thread today")`);
    const other = await openLiveDirectory(root, { workerUrl: pathToFileURL(file) });
    await expect(take(other.read(walk, allRows(walk)), 1)).rejects.toMatchObject({
      code: "volume.reader-died",
      message: "the reading thread stopped: no thread today",
    });
    expect((await readRows(other, walk, allRows(walk))).size).toBe(walk.count);
    await other.close();
    rmSync(folder, { recursive: true });
  });
});
