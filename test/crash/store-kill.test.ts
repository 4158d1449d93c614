// SIGKILL of a real writer on a real disk, at random moments: the next process finds the last durable
// commit or the one on its way, breaks the lock, and goes on.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDiskStore, openDiskStore } from "../../src/store/disk-store.ts";
import { ExpectedStore } from "../store/expected-store.ts";
import { killedCommit } from "./killed-commit.ts";

const ROUNDS = 40;
/** A store is begun anew before its files grow past what a comparison of every byte should take. */
const BYTES_MAX = 24 << 20;
const LATEST_KILL_MS = 60;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "reel-store-kill-"));
const writer = path.join(scratch, "writer.mjs");

beforeAll(() => {
  const entryPoints = [path.join(import.meta.dirname, "store-writer.ts")];
  buildSync({
    entryPoints,
    outfile: writer,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
  });
});
afterAll(() => fs.rmSync(scratch, { recursive: true }));

interface Run {
  /** Seeds of commits by generation that were begun and that were reported durable. */
  readonly begun: Map<number, number>;
  readonly durable: Map<number, number>;
}

/** Kills the writer `delayMs` after its first word. */
async function runAndKill(directory: string, firstSeed: number, delayMs: number): Promise<Run> {
  const child = spawn(process.execPath, [writer, directory, String(firstSeed)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (said === "") setTimeout(() => child.kill("SIGKILL"), delayMs);
    said += text;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on("close", (...how) => resolve(how));
  });
  expect([code, signal]).toEqual([null, "SIGKILL"]);
  const run: Run = { begun: new Map(), durable: new Map() };
  for (const [, word, generation, seed] of said.matchAll(/(begun|durable) (\d+) (\d+)\n/g)) {
    run[word as keyof Run].set(Number(generation), Number(seed));
  }
  return run;
}

test(`a writer killed at ${ROUNDS} random moments loses nothing that it reported`, async () => {
  let directory = "";
  let expected = new ExpectedStore();
  let bytes = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    if (bytes > BYTES_MAX) {
      if (directory !== "") fs.rmSync(directory, { recursive: true });
      directory = path.join(scratch, `store-${round}`);
      createDiskStore(directory).close();
      expected = new ExpectedStore();
    }
    const { begun, durable } = await runAndKill(
      directory,
      1000 * (round + 1),
      Math.random() * LATEST_KILL_MS,
    );
    for (const [generation, seed] of durable) {
      expect(generation).toBe(expected.generation + 1);
      expected = expected.with(killedCommit(seed));
    }
    const notices: string[] = [];
    const store = openDiskStore(directory, { notice: (text) => notices.push(text) });
    const view = store.view();
    if (view.generation === expected.generation + 1) {
      const seed = begun.get(view.generation);
      expect(seed).toBeDefined();
      expected = expected.with(killedCommit(seed ?? 0));
    }
    expect(expected.differences(view)).toEqual([]);
    expect(store.check()).toEqual([]);
    const other = killedCommit(1_000_000 + round);
    const tx = store.begin();
    for (const { file, bytes: appended } of other.appends) tx.append(file, appended);
    expected = expected.with(other);
    expect(expected.differences(await tx.commit(other.groups, other.root))).toEqual([]);
    expect(store.check()).toEqual([]);
    for (const notice of notices)
      expect(notice).toMatch(/^(broke the lock of process \d+|cut \d+ bytes)/);
    store.close();
    bytes = [...expected.contents.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
});
