// Files of gigabytes: sparse and plain, beyond 4 GiB, at level 0 and in an increment.
import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { expect, test } from "vitest";
import { clockAhead } from "../series/catalog.ts";
import { compareTrees, readTree } from "../series/oracle.ts";
import { DumpChain } from "./chain.ts";

const GIB = 2 ** 30;
/** Cancels the margin of the scan start: what did not change is not dumped again. */
const MARGIN_NS = 2_000_000_000n;

function writeAt(path: string, places: readonly [number, string][], size: number): void {
  const fd = openSync(path, "a+");
  closeSync(fd);
  const out = openSync(path, "r+");
  for (const [at, text] of places) writeSync(out, text, at);
  ftruncateSync(out, size);
  closeSync(out);
}

/** Bytes on disk. */
function allocated(path: string): number {
  return statSync(path).blocks * 512;
}

test("a sparse file of 3 GiB, and one that is all hole", () =>
  DumpChain.run(async (chain) => {
    chain.catalog.clock = clockAhead(MARGIN_NS);
    writeAt(
      chain.path("three"),
      [
        [0, "start"],
        [GIB + 12_345, "middle"],
        [3 * GIB - 3, "end"],
      ],
      3 * GIB,
    );
    writeAt(chain.path("hole"), [], GIB / 16 + 1);
    await chain.dump(0);
    writeAt(chain.path("hole"), [[GIB / 32, "written later"]], GIB / 16 + 4096);
    expect((await chain.dump(1)).report.files).toBe(1);
    await chain.judge();
    const target = chain.path("..", "again");
    await chain.catalog.restore(0, target);
    expect(allocated(`${target}/three`)).toBeLessThan(1e6);
    expect(allocated(`${target}/hole`)).toBe(0);
  }));

test("a sparse file of 5 GiB, with data on both sides of 4 GiB", () =>
  DumpChain.run(async (chain) => {
    chain.catalog.clock = clockAhead(MARGIN_NS);
    const five = chain.path("five");
    writeAt(
      five,
      [
        [4 * GIB - 2, "over the edge"],
        [5 * GIB - 5000, "end"],
      ],
      5 * GIB + 7,
    );
    writeAt(chain.path("small"), [[0, "small"]], 5);
    await chain.dump(0);
    writeAt(
      five,
      [
        [4 * GIB + 100_000, "written later"],
        [0, "start"],
      ],
      5 * GIB + 4096,
    );
    const { report } = await chain.dump(1);
    expect(report.files).toBe(1);
    expect(report.contentBytes).toBeLessThan(1e6);
    await chain.judge();
    const target = chain.path("..", "again");
    await chain.catalog.restore(1, target, ["five"]);
    expect(allocated(`${target}/five`)).toBeLessThan(1e6);
  }));

test("a plain file of 3 GiB, and what changes beside it", () =>
  DumpChain.run(async (chain) => {
    chain.catalog.clock = clockAhead(MARGIN_NS);
    // Real bytes: zeros that are written are no holes.
    execFileSync("dd", ["if=/dev/zero", `of=${chain.path("plain")}`, "bs=1M", "count=3072"], {
      stdio: "ignore",
    });
    writeAt(
      chain.path("plain"),
      [
        [7, "seven"],
        [2 ** 31 - 3, "over the edge"],
        [3 * GIB - 4, "last"],
      ],
      3 * GIB,
    );
    const tree = readTree(chain.volume);
    const report = await chain.catalog.dump(chain.volume, 0);
    expect(report.contentBytes).toBe(3 * GIB);
    chain.note(report, tree);
    execFileSync("mv", [chain.path("plain"), chain.where]);
    writeAt(chain.path("small"), [[0, "small"]], 10);
    await chain.dump(1);
    // The moved file is gone from the volume only: the content is in the image of level 0.
    execFileSync("rm", [`${chain.where}/plain`]);
    await chain.judgeReal();
    const target = chain.path("..", "again");
    const restored = await chain.catalog.restore(0, target);
    expect(restored.problems).toEqual([]);
    expect(compareTrees(tree, readTree(target), { decimals: 9, attributes: true })).toEqual([]);
    expect(allocated(`${target}/plain`)).toBeGreaterThan(0);
  }));
