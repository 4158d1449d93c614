// The plan alone: what is read where and in which order, and what is refused.
import fc from "fast-check";
import { expect, test } from "vitest";
import { TYPE } from "../../src/core/inode.ts";
import { pathFault, planRestore } from "../../src/restore/plan.ts";
import type { WantedEntry, WantedImage } from "../../src/restore/request.ts";

let nextInode = 100;

function entry(path: string, fields: Partial<WantedEntry> = {}): WantedEntry {
  return {
    path,
    type: TYPE.file,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: 1,
    mtimeNs: 0,
    rdevMajor: 0,
    rdevMinor: 0,
    target: null,
    attributes: new Uint8Array(0),
    digest: null,
    inode: nextInode++,
    place: null,
    ...fields,
  };
}

function at(
  path: string,
  image: number,
  block: number,
  blocks = 2,
  fields: Partial<WantedEntry> = {},
): WantedEntry {
  return entry(path, { size: 1000, place: { image, block, blocks }, ...fields });
}

function image(title: string, ...extents: WantedImage["extents"]): WantedImage {
  return { imageId: "", title, level: 0, date: 1, blockingFactor: 10, extents };
}

test("files come in tape order, in runs that join what lies close", () => {
  const images = [image("full", { label: "A", file: 2, firstBlock: 0, blocks: 100_000 })];
  const entries = [at("late", 0, 90_000), at("b", 0, 45), at("a", 0, 12)];
  const plan = planRestore({ images, entries, joinGapBytes: 30 * 1024 });
  expect(plan.mounts).toEqual([
    {
      label: "A",
      passes: [
        {
          image: 0,
          extent: 0,
          file: 2,
          continues: -1,
          runs: [
            { firstRecord: 1, records: 4, reads: [2, 1] },
            { firstRecord: 9000, records: 1, reads: [0] },
          ],
          inodes: 3,
          contentBytes: 3000,
          firstBlock: 12,
          lastBlock: 90_001,
        },
      ],
    },
  ]);
  expect(plan.totals).toMatchObject({
    mounts: 1,
    records: 5,
    tapeBytes: 5 * 10240,
    filesFromTape: 3,
    contentBytes: 3000,
  });
  expect(
    planRestore({ images, entries, joinGapBytes: 10 * 1024 }).mounts[0]?.passes[0]?.runs,
  ).toHaveLength(3);
  expect(JSON.parse(JSON.stringify(plan.mounts))).toEqual(plan.mounts);
});

test("a tape with pieces of several images is mounted once", () => {
  const images = [
    image(
      "level 0",
      { label: "A", file: 0, firstBlock: 0, blocks: 100 },
      { label: "B", file: 0, firstBlock: 100, blocks: 50 },
    ),
    image("level 1", { label: "B", file: 1, firstBlock: 0, blocks: 60 }),
    image("level 2", { label: "A", file: 1, firstBlock: 0, blocks: 60 }),
  ];
  const entries = [at("w", 2, 10), at("x", 1, 10), at("y", 0, 120), at("z", 0, 10)];
  const { mounts } = planRestore({ images, entries });
  expect(
    mounts.map(({ label, passes }) => [label, passes.map(({ image, file }) => [image, file])]),
  ).toEqual([
    [
      "A",
      [
        [0, 0],
        [2, 1],
      ],
    ],
    [
      "B",
      [
        [0, 0],
        [1, 1],
      ],
    ],
  ]);
});

test("a file that goes on on another tape brings that tape next, however long it is", () => {
  const images = [
    image("other", { label: "X", file: 0, firstBlock: 0, blocks: 100 }),
    image(
      "long",
      { label: "C", file: 0, firstBlock: 0, blocks: 100 },
      { label: "B", file: 0, firstBlock: 100, blocks: 100 },
      { label: "A", file: 0, firstBlock: 200, blocks: 100 },
    ),
    image("last", { label: "A", file: 1, firstBlock: 0, blocks: 50 }),
  ];
  const big = at("big", 1, 95, 110, { size: 105 * 1024 });
  const { mounts } = planRestore({
    images,
    entries: [at("a", 2, 5), big, at("x", 0, 5), at("b", 1, 20)],
  });
  expect(mounts.map(({ label }) => label)).toEqual(["X", "C", "B", "A"]);
  expect(mounts[2]?.passes).toMatchObject([
    { continues: 1, inodes: 0, runs: [{ firstRecord: 0, records: 10, reads: [] }] },
  ]);
  expect(mounts[3]?.passes).toMatchObject([
    { continues: 1, runs: [{ firstRecord: 0, records: 1 }] },
    { continues: -1, inodes: 1 },
  ]);
});

test("two images that cross between two tapes do not make a circle", () => {
  const images = [
    image(
      "one",
      { label: "A", file: 0, firstBlock: 0, blocks: 10 },
      { label: "B", file: 1, firstBlock: 10, blocks: 10 },
    ),
    image(
      "two",
      { label: "B", file: 0, firstBlock: 0, blocks: 10 },
      { label: "A", file: 1, firstBlock: 10, blocks: 10 },
    ),
  ];
  const across = { size: 8 * 1024 };
  const { mounts } = planRestore({
    images,
    entries: [at("a", 0, 6, 9, across), at("b", 1, 6, 9, across)],
  });
  expect(mounts.map(({ label }) => label).sort()).toEqual(["A", "B"]);
});

test("an inode with many names is read once; two inodes of one number are not one", () => {
  const images = [image("full", { label: "A", file: 0, firstBlock: 0, blocks: 100 })];
  const shared = { inode: 7 };
  const entries = [
    at("z", 0, 10, 2, shared),
    at("d/a", 0, 10, 2, shared),
    at("m", 0, 10, 2, shared),
    at("stranger", 0, 40, 2, shared),
    entry("empty1", { inode: 9 }),
    entry("empty2", { inode: 9 }),
  ];
  const plan = planRestore({ images, entries });
  expect(plan.mounts[0]?.passes[0]?.runs[0]?.reads).toEqual([1, 3]);
  expect(plan.links).toEqual([
    { entry: 5, to: 4 },
    { entry: 2, to: 1 },
    { entry: 0, to: 1 },
  ]);
  expect(plan.untaped).toEqual([4]);
});

test("directories: parents first, and those that only lead somewhere", () => {
  const entries = [
    entry("a/b/c/file"),
    entry("a", { type: TYPE.directory }),
    entry("", { type: TYPE.directory }),
    entry("a-b"),
  ];
  const { directories, directoryOf } = planRestore({ images: [], entries });
  expect(directories).toEqual([
    { path: "", entry: 2, parent: -1 },
    { path: "a", entry: 1, parent: 0 },
    { path: "a/b", entry: -1, parent: 1 },
    { path: "a/b/c", entry: -1, parent: 2 },
  ]);
  expect(directoryOf).toEqual([3, 0, -1, 0]);
});

test("a path of thousands of components", () => {
  const path = Array.from({ length: 5000 }, () => "d").join("/");
  const { directories, problems } = planRestore({ images: [], entries: [entry(`${path}/f`)] });
  expect(directories).toHaveLength(5001);
  expect(problems).toEqual([]);
});

test.each(["..", "a/../b", "/etc/passwd", "a//b", "a/", "./a", "a/.", "a\0b"])(
  "the path %j is refused",
  (path) => {
    expect(pathFault(path)).not.toBeNull();
    const plan = planRestore({ images: [], entries: [entry(path), entry("good")] });
    expect(plan.problems.map((problem) => problem.path)).toEqual([path]);
    expect(plan.untaped).toEqual([1]);
    expect(plan.directories.map((directory) => directory.path)).toEqual([""]);
  },
);

test("names that only look like trouble are kept", () => {
  for (const path of ["...", "..a", "a..", "-rf", "a\\b", "\n", " ", "\xff\xfe"])
    expect(pathFault(path)).toBeNull();
});

test("what cannot be planned is listed and the rest is planned", () => {
  const images = [image("full", { label: "A", file: 0, firstBlock: 0, blocks: 100 })];
  const entries = [
    entry("nowhere", { size: 5 }),
    at("no-image", 4, 10),
    at("off-the-tape", 0, 100),
    entry("link", { type: TYPE.symlink }),
    entry("odd", { type: TYPE.unknown }),
    entry("twice"),
    entry("twice"),
    entry("file"),
    entry("file/below"),
    at("first", 9, 1, 2, { inode: 1 }),
    at("second", 9, 1, 2, { inode: 1 }),
    at("good", 0, 10),
  ];
  const plan = planRestore({ images, entries });
  const bad = [
    "file/below",
    "first",
    "link",
    "no-image",
    "nowhere",
    "odd",
    "off-the-tape",
    "second",
    "twice",
  ];
  expect(plan.problems.map(({ path }) => path).sort()).toEqual(bad);
  expect(plan.mounts[0]?.passes[0]?.runs[0]?.reads).toEqual([11]);
});

test("any selection: each wanted inode once, each tape once, each pass forward without reading a record twice", () => {
  const places = fc.array(
    fc.record({
      image: fc.nat(2),
      block: fc.integer({ min: 0, max: 2999 }),
      blocks: fc.integer({ min: 1, max: 400 }),
    }),
    {
      maxLength: 40,
    },
  );
  fc.assert(
    fc.property(
      places,
      fc.integer({ min: 4, max: 64 }),
      fc.nat(500_000),
      (wanted, blockingFactor, joinGapBytes) => {
        const images = [0, 1, 2].map((number) => ({
          ...image(
            `image ${number}`,
            { label: `T${number}`, file: number, firstBlock: 0, blocks: 1000 },
            { label: `T${number + 1}`, file: 0, firstBlock: 1000, blocks: 2000 },
          ),
          blockingFactor,
        }));
        const entries = wanted.map(({ image: number, block, blocks }, index) =>
          at(`f${index}`, number, block, blocks, { size: Math.max(1, blocks - 1) * 1024 }),
        );
        const plan = planRestore({ images, entries, joinGapBytes });
        const reads = plan.mounts.flatMap(({ passes }) =>
          passes.flatMap(({ runs }) => runs.flatMap((run) => run.reads)),
        );
        expect([...reads].sort((a, b) => a - b)).toEqual(entries.map((_, index) => index));
        const labels = plan.mounts.map(({ label }) => label);
        expect(new Set(labels).size).toBe(labels.length);
        for (const { passes } of plan.mounts) {
          expect(passes.map(({ file }) => file)).toEqual(
            passes.map(({ file }) => file).sort((a, b) => a - b),
          );
          for (const pass of passes) {
            let end = -1;
            for (const run of pass.runs) {
              expect(run.firstRecord).toBeGreaterThanOrEqual(end);
              end = run.firstRecord + run.records;
              const extent = images[pass.image]?.extents[pass.extent];
              for (const index of run.reads) {
                const record = Math.floor(
                  ((entries[index]?.place?.block ?? 0) - (extent?.firstBlock ?? 0)) /
                    blockingFactor,
                );
                expect(record).toBeGreaterThanOrEqual(run.firstRecord);
                expect(record).toBeLessThan(end);
              }
            }
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});
