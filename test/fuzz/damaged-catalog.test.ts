// A catalog with damage anywhere in its files: verify finds it and never throws for it; reading gives what was
// committed, or says that it is damaged.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { readTreeState, type TreeState } from "../../src/catalog/tree-state.ts";
import { ReelError } from "../../src/core/errors.ts";
import { toRev } from "../../src/core/ids.ts";
import { openRepository } from "../../src/job/repository.ts";
import { TestCatalog } from "../series/catalog.ts";
import { Random } from "../series/random.ts";
import { RandomVolume } from "../series/volume.ts";

const ROUNDS = Number(process.env["REEL_FUZZ_RUNS"] ?? 400);

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "reel-damaged-"));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

interface Damage {
  readonly what: string;
  readonly bytes: Buffer;
}

function damage(sound: Buffer, random: Random): Damage {
  const at = random.below(sound.length);
  const length = 1 + random.below(Math.min(40, sound.length - at));
  const bytes = Buffer.from(sound);
  switch (random.below(4)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return { what: `a bit changed at ${at}`, bytes };
    case 1:
      bytes.fill(0, at, at + length);
      return { what: `zeros from ${at} to ${at + length}`, bytes };
    case 2:
      bytes.set(random.bytes(length), at);
      return { what: `other bytes from ${at} to ${at + length}`, bytes };
    default:
      return { what: `cut to ${at}`, bytes: bytes.subarray(0, at) };
  }
}

/** All that a reader sees. */
function readAll(catalog: TestCatalog): unknown[] {
  const repository = openRepository(catalog.context());
  try {
    const view = repository.view();
    const all: unknown[] = [];
    for (let rev = 0; rev < view.changelog.count; rev++) {
      const head = view.changelog.head(toRev(rev));
      const { names, nodes, records }: TreeState = readTreeState(view, head.manifest);
      const bytes = [nodes, records].map((each) => Buffer.from(each).toString("hex"));
      all.push([
        view.changelog.node(toRev(rev)),
        head,
        view.changelog.p1(toRev(rev)),
        names,
        ...bytes,
      ]);
      all.push(view.changelog.files(toRev(rev)));
    }
    return all;
  } finally {
    repository.close();
  }
}

test(`${ROUNDS} kinds of damage are found, and nothing wrong is read`, async () => {
  const random = new Random(11);
  const root = path.join(scratch, "volume");
  fs.mkdirSync(root);
  fs.mkdirSync(path.join(scratch, "catalog"));
  const volume = new RandomVolume(root, random, false);
  const catalog = await new TestCatalog(path.join(scratch, "catalog")).init();
  for (const level of [0, 2, 3, 1]) {
    await catalog.dump(root, level);
    volume.change(12);
  }
  const wanted = readAll(catalog);
  const store = path.join(catalog.directory, ".reel/store");
  const names = fs.readdirSync(store);
  const unnoticed: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const file = path.join(store, random.pick(names));
    const sound = fs.readFileSync(file);
    const { what, bytes } = damage(sound, random);
    if (bytes.equals(sound)) continue;
    fs.writeFileSync(file, bytes);
    const where = `${path.basename(file)}: ${what}`;
    let read: unknown[] | undefined;
    try {
      read = readAll(catalog);
    } catch (error) {
      if (!(error instanceof ReelError) || error.code === "internal")
        throw new Error(where, { cause: error });
    }
    // Without the last records of `commits` a store is one whose last writer fell: it has the state before.
    const isCommits = path.basename(file) === "commits";
    if (read !== undefined)
      expect(read, where).toEqual(isCommits ? wanted.slice(0, read.length) : wanted);
    try {
      const { problems } = await catalog.verify();
      if (problems.length === 0 && !isCommits) unnoticed.push(where);
    } catch (error) {
      if (!(error instanceof ReelError) || error.code === "internal")
        throw new Error(where, { cause: error });
    }
    fs.writeFileSync(file, sound);
  }
  expect(unnoticed).toEqual([]);
  expect((await catalog.verify()).problems).toEqual([]);
});
