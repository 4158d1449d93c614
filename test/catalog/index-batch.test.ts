// What commits add to a group's index is read back in order, and is the same index.
import fc from "fast-check";
import { expect, test } from "vitest";
import { GroupIndex, HISTORY, type NameRun } from "../../src/catalog/group-index.ts";
import { decodeBatch, encodeBatch, markOf } from "../../src/catalog/index-batch.ts";
import { asNodeId, toHistoryId } from "../../src/core/ids.ts";
import { Random } from "../series/random.ts";

interface Batch {
  readonly index: Uint8Array;
  readonly nodes: Uint8Array;
}

/** Grows an index as a writer does: histories, then entries in segments, names of directories. */
function growIndex(random: Random, commits: number): { index: GroupIndex; batches: Batch[] } {
  const index = new GroupIndex(0);
  const batches: Batch[] = [];
  index.addHistory(HISTORY.directory);
  for (let commit = 0; commit < commits; commit++) {
    const mark = commit === 0 ? { entries: 0, segments: 0, histories: 0 } : markOf(index);
    const runs: [number, NameRun][] = [];
    for (let n = random.below(20); n > 0; n--) index.addHistory(random.below(2));
    for (let n = random.below(6); n > 0; n--) {
      const names = new Set(
        Array.from({ length: random.below(9) }, () =>
          random.bytes(random.below(6)).toString("latin1"),
        ),
      );
      const run: NameRun = {
        names: [...names].sort(),
        ids: [...names].map(() => toHistoryId(random.below(1_500_000))),
      };
      const slot = random.below(index.histories);
      runs.push([slot, run]);
      index.addRun(slot, run);
    }
    let start = 0;
    for (let n = random.below(40); n > 0; n--) {
      const slot = random.below(index.histories);
      const earlier = index.entriesOf(slot);
      const reference = (): number =>
        earlier.length > 0 && random.chance(0.7) ? random.pick(earlier) : -1;
      const length = random.pick([0, 1, 127, 128, 300_000]);
      index.addEntry(
        slot,
        asNodeId(random.bytes(20).toString("hex")),
        reference(),
        reference(),
        reference(),
        random.below(1e6),
        random.below(2 ** 31),
        length,
        index.segmentGroup.length,
        start,
      );
      start += length;
      if (random.chance(0.2)) {
        for (let pieces = random.pick([1, 1, 2]); pieces > 0; pieces--) addSegment(index, random);
        start = 0;
      }
    }
    if (start > 0 || index.entries > mark.entries) addSegment(index, random);
    batches.push({
      index: Uint8Array.from(encodeBatch(index, mark, runs)),
      nodes: Uint8Array.from(index.nodesFrom(mark.entries)),
    });
  }
  return { index, batches };
}

function addSegment(index: GroupIndex, random: Random): void {
  index.segmentGroup.push(random.below(50));
  index.segmentOffset.push(random.below(2 ** 31) * 1000);
}

function show(index: GroupIndex): unknown {
  const entries = Array.from({ length: index.entries }, (_, e) => [
    index.slot.at(e),
    index.previous.at(e),
    index.node(e),
    index.p1.at(e),
    index.p2.at(e),
    index.base.at(e),
    index.link.at(e),
    index.fullLength.at(e),
    index.storedLength.at(e),
    index.segment.at(e),
    index.start.at(e),
  ]);
  const histories = Array.from({ length: index.histories }, (_, slot) => [
    index.kind.at(slot),
    index.last.at(slot),
    index.runsOf(slot),
  ]);
  return {
    entries,
    histories,
    groups: index.segmentGroup.finish(),
    offsets: index.segmentOffset.finish(),
  };
}

const seed = fc.nat(1e6);

test("batches of commits give the index that wrote them", () => {
  fc.assert(
    fc.property(seed, fc.integer({ min: 1, max: 6 }), (from, commits) => {
      const { index, batches } = growIndex(new Random(from), commits);
      const read = new GroupIndex(0);
      for (const batch of batches) decodeBatch(read, batch.index, batch.nodes, "test");
      expect(show(read)).toEqual(show(index));
      for (let slot = 0; slot < index.histories; slot++) {
        for (const entry of index.entriesOf(slot)) {
          expect(index.node(read.find(slot, index.node(entry)))).toBe(index.node(entry));
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("a batch out of its turn is refused", () => {
  const refused = expect.objectContaining({ code: "format.damaged" }) as Error;
  const { batches } = growIndex(new Random(3), 3);
  const [first, second, third] = batches as [Batch, Batch, Batch];
  const index = new GroupIndex(0);
  expect(() => decodeBatch(index, second.index, second.nodes, "test")).toThrow(refused);
  decodeBatch(index, first.index, first.nodes, "test");
  expect(() => decodeBatch(index, third.index, third.nodes, "test")).toThrow(refused);
  expect(() => decodeBatch(index, first.index, first.nodes, "test")).toThrow(refused);
  expect(() => decodeBatch(index, second.index, second.nodes.subarray(20), "test")).toThrow(
    refused,
  );
});

/** A number that wraps to a small negative one in 32 bits. */
const HUGE = Buffer.from("fbffffff0f", "hex");

test("damaged batches are refused as damage, or read as another index", () => {
  fc.assert(
    fc.property(seed, seed, (from, where) => {
      const random = new Random(where);
      const { batches } = growIndex(new Random(from), 2);
      const [first, second] = batches as [Batch, Batch];
      const index = new GroupIndex(0);
      decodeBatch(index, first.index, first.nodes, "test");
      let bytes = Buffer.from(second.index);
      for (let n = 1 + random.below(3); n > 0; n--) {
        const at = random.below(bytes.length);
        const put = random.pick([random.bytes(1), HUGE, Buffer.alloc(0), Buffer.from([0])]);
        const rest = bytes.subarray(at + random.pick([1, put.length]));
        bytes = Buffer.concat([bytes.subarray(0, at), put, rest]);
      }
      try {
        decodeBatch(index, bytes, second.nodes, "test");
      } catch (error) {
        const code = expect.stringMatching(/^format\.(damaged|truncated|newer-record)$/) as string;
        expect(error).toMatchObject({ code });
      }
    }),
    { numRuns: 3000 },
  );
});
