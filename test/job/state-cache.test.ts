// The tree kept beside the catalog is a cache: deleted, damaged or of another changeset, the next dump is the
// same, node for node.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  readTreeState,
  recordBytes,
  STATE_COLUMNS,
  type TreeState,
} from "../../src/catalog/tree-state.ts";
import type { Clock } from "../../src/core/clock.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { NodeId } from "../../src/core/ids.ts";
import { loadState } from "../../src/job/dump/state-cache.ts";
import { openRepository } from "../../src/job/repository.ts";
import { TestCatalog } from "../series/catalog.ts";
import { Random } from "../series/random.ts";
import { RandomVolume } from "../series/volume.ts";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "reel-state-cache-"));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

class FixedClock implements Clock {
  time = 0n;
  now(): bigint {
    return this.time;
  }
  zone(): number {
    return 0;
  }
}

/** A catalog that shares its clock with another, and its identity of the volume. */
class Twin extends TestCatalog {
  static copyOf(catalog: TestCatalog, directory: string): Twin {
    execFileSync("cp", ["-a", catalog.directory, directory]);
    return new Twin(directory, catalog.clock);
  }

  /** Cached trees that are files; one of the damages makes a directory of them. */
  cachedFiles(): string[] {
    const all = fs.readdirSync(this.cache).map((name) => path.join(this.cache, name));
    return all.filter((file) => fs.statSync(file).isFile());
  }

  get cache(): string {
    return path.join(this.directory, ".reel/cache");
  }
}

type Damage = (file: string, random: Random, others: readonly string[]) => void;

const DAMAGES: Readonly<Record<string, Damage>> = {
  deleted: (file) => fs.rmSync(file),
  empty: (file) => fs.truncateSync(file, 0),
  truncated: (file, random) => fs.truncateSync(file, random.below(fs.statSync(file).size)),
  "damaged in its header": (file, random) => flip(file, random.below(64)),
  "damaged somewhere": (file, random) => flip(file, random.below(fs.statSync(file).size)),
  "of another changeset": (file, random, others) => fs.copyFileSync(random.pick(others), file),
  "not a cache": (file, random) => fs.writeFileSync(file, random.bytes(5000)),
  longer: (file, random) => fs.appendFileSync(file, random.bytes(8)),
  "a directory": (file) => {
    fs.rmSync(file);
    fs.mkdirSync(file);
  },
};

function flip(file: string, at: number): void {
  const bytes = fs.readFileSync(file);
  bytes[at] = (bytes[at] as number) ^ 0x11;
  fs.writeFileSync(file, bytes);
}

/** All of a state, in its own order. */
function show(state: TreeState | null): unknown {
  if (!state) return null;
  const rows = Array.from({ length: state.count }, (_, row) => {
    const columns = Object.keys(STATE_COLUMNS) as (keyof typeof STATE_COLUMNS)[];
    const numbers = columns
      .filter((name) => name !== "recordStart")
      .map((name) => state[name][row]);
    const record = Buffer.from(recordBytes(state, row)).toString("hex");
    return [
      state.names[row],
      ...numbers,
      Buffer.from(state.nodes.subarray(row * 20, row * 20 + 20)).toString("hex"),
      record,
    ];
  });
  return rows;
}

function states(catalog: Twin, node: NodeId): { cached: TreeState | null; read: TreeState } {
  const repository = openRepository(catalog.context());
  try {
    const view = repository.view();
    const { manifest } = view.changelog.head(view.changelog.revOf(node));
    return { cached: loadState(catalog.cache, node), read: readTreeState(view, manifest) };
  } finally {
    repository.close();
  }
}

/** Hard links at several depths, whose names come and go: which of them stands for the inode must not matter. */
function shuffleLinks(root: string, random: Random): void {
  const places = ["z", "a/b/c", "a/z", "m", "a/b/y"].map((name) => path.join(root, "links", name));
  for (const place of places) fs.mkdirSync(path.dirname(place), { recursive: true });
  const there = places.filter((place) => fs.existsSync(place));
  if (there.length === 0) fs.writeFileSync(places[0] as string, "linked");
  const source = there[0] ?? places[0] ?? "";
  for (const place of places) {
    if (!fs.existsSync(place) && random.chance(0.5)) fs.linkSync(source, place);
    else if (place !== source && fs.existsSync(place) && random.chance(0.5)) fs.rmSync(place);
  }
  if (random.chance(0.5)) fs.renameSync(source, `${source}-${random.below(1000)}`);
}

describe("the cached tree", () => {
  test.each([1, 2, 3, 4, 5, 6])(
    "changes nothing when it is not there or damaged: series %i",
    async (seed) => {
      const random = new Random(seed);
      const where = fs.mkdtempSync(path.join(scratch, "series-"));
      const root = path.join(where, "volume");
      fs.mkdirSync(path.join(root, "random"), { recursive: true });
      fs.mkdirSync(path.join(where, "kept"));
      const clock = new FixedClock();
      const volume = new RandomVolume(path.join(root, "random"), random, false);
      const kept = new Twin(path.join(where, "kept"), clock);
      await kept.init();
      clock.time = systemClock.now();
      await kept.dump(root, 0);
      const damaged = Twin.copyOf(kept, path.join(where, "damaged"));
      for (let n = 1; n < 8; n++) {
        volume.change(random.below(20));
        shuffleLinks(root, random);
        const names = Object.keys(DAMAGES);
        const done = damaged.cachedFiles().map((file) => {
          const name = random.pick(names);
          (DAMAGES[name] as Damage)(file, random, kept.cachedFiles());
          return name;
        });
        // After all that was changed, so that both dumps see the same times.
        clock.time = systemClock.now() + 3_000_000_000n;
        const level = random.pick([0, 1, 2, 3, 5, 9]);
        const wanted = await kept.dump(root, level);
        const found = await damaged.dump(root, level);
        expect(found.image.node, `dump ${n}, level ${level}, caches ${done.join(", ")}`).toBe(
          wanted.image.node,
        );
        const { cached, read } = states(kept, wanted.image.node);
        expect(show(cached)).toEqual(show(read));
        expect(cached).not.toBeNull();
      }
      expect((await damaged.verify()).problems).toEqual([]);
    },
  );

  test("is void if any byte of it is changed", async () => {
    const where = fs.mkdtempSync(path.join(scratch, "bytes-"));
    const root = path.join(where, "volume");
    fs.mkdirSync(root);
    fs.writeFileSync(path.join(root, "a"), "a");
    fs.mkdirSync(path.join(where, "catalog"));
    const catalog = new Twin(path.join(where, "catalog"));
    await catalog.init();
    const { node } = (await catalog.dump(root, 0)).image;
    const { cached } = states(catalog, node);
    const file = path.join(catalog.cache, `tree-${node}`);
    const { size } = fs.statSync(file);
    for (let at = 0; at < size; at++) {
      flip(file, at);
      expect([at, loadState(catalog.cache, node)]).toEqual([at, null]);
      flip(file, at);
    }
    expect(show(loadState(catalog.cache, node))).toEqual(show(cached));
  });
});
