import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  chunkGroup,
  dataGroupFor,
  directoryGroup,
  fileGroup,
  GROUP_SLOTS,
  groupOf,
  LARGE_HISTORY_BYTES,
  slotOf,
  StorePlacement,
} from "../../src/store/placement.ts";

describe("choosers", () => {
  test("a directory goes where most is free, the first such group", () => {
    expect(directoryGroup([3, 5, 5, 1])).toBe(1);
    expect(directoryGroup([0, 0])).toBe(-1);
    expect(directoryGroup([])).toBe(-1);
  });

  test("with `faraway`, where most is free in a run of groups, wrapping", () => {
    expect(directoryGroup([1, 1, 9, 0, 4, 6], 2)).toBe(4);
    expect(directoryGroup([9, 0, 8], 2)).toBe(2);
  });

  test("a file goes to its directory's group, or the nearest: +1, -1, +2, -2", () => {
    const order = [3, 4, 2, 0, 1];
    for (let full = 0; full < order.length; full++) {
      const free = Array.from({ length: 5 }, (_, group) => (order.indexOf(group) < full ? 0 : 1));
      expect(fileGroup(free, 3)).toBe(order[full]);
    }
    expect(fileGroup([0, 0, 0], 1)).toBe(-1);
  });

  test("a large history's data goes round the groups", () => {
    expect(dataGroupFor(2, 0, 4)).toBe(2);
    expect(dataGroupFor(2, LARGE_HISTORY_BYTES - 1, 4)).toBe(2);
    expect(dataGroupFor(2, LARGE_HISTORY_BYTES, 4)).toBe(3);
    expect(dataGroupFor(2, 2 * LARGE_HISTORY_BYTES, 4)).toBe(0);
    expect(dataGroupFor(0, 50 * LARGE_HISTORY_BYTES, 1)).toBe(0);
    expect(chunkGroup(1, 7, 3)).toBe(2);
  });
});

describe("the store's placement", () => {
  test("a small catalog has one group", () => {
    const placement = new StorePlacement([]);
    placement.reserve(20_000);
    const root = placement.placeDirectory();
    expect([root, placement.placeFile(root), placement.placeFile(root)]).toEqual([0, 1, 2]);
    expect(placement.groups()).toEqual([{ histories: 3, directories: 1 }]);
  });

  test("a million histories open 41 groups, none above 3/4, and directories spread over them", () => {
    const placement = new StorePlacement([]);
    placement.reserve(1_000_000);
    expect(placement.groups()).toHaveLength(41);
    let strays = 0;
    for (let d = 0; d < 4000; d++) {
      const directory = placement.placeDirectory();
      for (let f = 0; f < 249; f++) {
        if (groupOf(placement.placeFile(directory)) !== groupOf(directory)) strays++;
      }
    }
    expect(strays).toBe(0);
    const groups = placement.groups();
    const fullest = Math.max(...groups.map(({ histories }) => histories));
    expect(fullest).toBeLessThanOrEqual(0.75 * GROUP_SLOTS + 250);
    expect(Math.max(...groups.map(({ directories }) => directories))).toBeLessThanOrEqual(98);
  });

  test("it goes on where the last commit stopped", () => {
    const first = new StorePlacement([]);
    const directory = first.placeDirectory();
    first.placeFile(directory);
    const second = new StorePlacement(first.groups());
    expect(second.placeFile(directory)).toBe(2);
    expect(first.groups()).toEqual([{ histories: 2, directories: 1 }]);
  });

  test("a directory larger than a group flows into the nearest, and at last into a new one", () => {
    const placement = new StorePlacement([
      { histories: GROUP_SLOTS - 1, directories: 1 },
      { histories: GROUP_SLOTS - 1, directories: 1 },
    ]);
    const directory = 0 as Parameters<StorePlacement["placeFile"]>[0];
    expect([1, 2, 3, 4].map(() => groupOf(placement.placeFile(directory)))).toEqual([0, 1, 2, 2]);
  });

  test("no number is given twice, and group and slot are its parts", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(40_000)), { maxLength: 60 }), (steps) => {
        const placement = new StorePlacement([]);
        const directories = [placement.placeDirectory()];
        const given = new Set<number>(directories);
        for (const [isDirectory, n] of steps) {
          if (n % 5 === 0) placement.reserve(n);
          const home = directories[n % directories.length] ?? directories[0];
          const history =
            isDirectory || home === undefined
              ? placement.placeDirectory()
              : placement.placeFile(home);
          if (isDirectory) directories.push(history);
          expect(given.has(history)).toBe(false);
          given.add(history);
          expect(groupOf(history) * GROUP_SLOTS + slotOf(history)).toBe(history);
          expect(slotOf(history)).toBeLessThan(GROUP_SLOTS);
        }
        const groups = placement.groups();
        expect(groups.reduce((sum, { histories }) => sum + histories, 0)).toBe(given.size);
        expect(groups.reduce((sum, group) => sum + group.directories, 0)).toBe(directories.length);
      }),
    );
  });
});
