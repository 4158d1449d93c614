// Bundles that Mercurial wrote, taken into a catalog: exactly the revisions that Mercurial says are in them.
import { describe, expect, test } from "vitest";
import { CatalogWriter } from "../../src/catalog/catalog-writer.ts";
import { verifyCatalog } from "../../src/catalog/verify.ts";
import { toRev } from "../../src/core/ids.ts";
import { newProgress } from "../../src/core/progress.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import type { Store } from "../../src/store/store.ts";
import { type FixtureRevision, importTexts, readFixture } from "../catalog/import-texts.ts";
import { receive, revisionLine, revisionsOf, viewOf } from "./catalogs.ts";
import { fixture, HG, itemsOf, partsOf } from "./fixture-bundles.ts";

function expected(texts: readonly FixtureRevision[]): string[] {
  return texts.map((r) => revisionLine(r.kind, r.path, r.node, [r.p1, r.p2], r.text)).toSorted();
}

function problemsOf(store: Store): unknown {
  return verifyCatalog(viewOf(store), true, newProgress()).problems;
}

const WHOLE = [
  [
    "poem/texts.json",
    [
      "poem/poem-hg10un.hg",
      "poem/poem-hg10gz.hg",
      "poem/poem-hg10bz.hg",
      "poem/poem-hg20-none.hg",
      "poem/poem-hg20-gzip.hg",
      "poem/poem-hg20-bzip2.hg",
      "poem/poem-hg20-zstd.hg",
      "poem/poem-hg20-phases.hg",
      "poem/poem-hg20-cg3.hg",
    ],
  ],
  [
    "tree/index.json",
    ["tree/tree-none.hg", "tree/tree-gzip.hg", "tree/tree-zstd.hg", "tree/getbundle-full.hg20"],
  ],
  ["tricky/texts-tree.json", ["tricky/tricky-tree-hg20-none.hg"]],
  ["tricky/texts-nofiles.json", ["tricky/nofiles-hg20-none.hg"]],
] as const;

describe("whole repositories", () => {
  test.each(WHOLE.flatMap(([texts, bundles]) => bundles.map((bundle) => [bundle, texts] as const)))(
    "%s",
    async (bundle, texts) => {
      const store = createMemoryStore();
      const revisions = readFixture(HG + texts);
      const changesets = revisions.filter((r) => r.kind === "changelog");
      const received = await receive(store, fixture(bundle));
      expect(received.nodes).toEqual(changesets.map((r) => r.node));
      expect(received.revisions).toBe(revisions.length - changesets.length);
      expect(revisionsOf(viewOf(store))).toEqual(expected(revisions));
      expect(problemsOf(store)).toEqual([]);
      const again = await receive(store, fixture(bundle));
      expect([again.nodes, again.revisions, again.known]).toEqual([[], 0, revisions.length]);
      expect(store.view().generation).toBe(1);
    },
  );
});

describe("parts of repositories", () => {
  const parts = [
    ["poem/poem-hg10un-base1.hg", "poem/texts.json", 1, 5],
    ["poem/poem-hg20-none-base1.hg", "poem/texts.json", 1, 5],
    ["tree/tree-none-base5-rev11.hg", "tree/index.json", 5, 11],
    ["tree/getbundle-common5-heads11.hg20", "tree/index.json", 5, 11],
  ] as const;

  test.each(parts)("%s", async (bundle, texts, base, head) => {
    const revisions = readFixture(HG + texts);
    const store = createMemoryStore();
    await expect(receive(store, fixture(bundle))).rejects.toMatchObject({
      code: "exchange.unknown-parent",
    });
    expect(store.view().generation).toBe(0);
    await importTexts(
      store,
      revisions.filter((r) => r.linkrev <= base),
    );
    await receive(store, fixture(bundle));
    expect(revisionsOf(viewOf(store))).toEqual(
      expected(revisions.filter((r) => r.linkrev <= head)),
    );
    expect(problemsOf(store)).toEqual([]);
  });

  test.each(["tree/tree-none-rev8.hg", "tree/getbundle-only-rev8.hg20"])(
    "%s, then all",
    async (bundle) => {
      const store = createMemoryStore();
      await receive(store, fixture(bundle));
      const sent = (await partsOf(fixture(bundle))).find((p) => p.header.type === "changegroup");
      const nodes = itemsOf(sent?.payload ?? new Uint8Array(0), "03").flatMap((i) =>
        i.kind === "revision" ? [i.node] : [],
      );
      const all = readFixture(`${HG}tree/index.json`);
      expect(revisionsOf(viewOf(store))).toEqual(
        expected(all.filter((r) => nodes.includes(r.node))),
      );
      expect(problemsOf(store)).toEqual([]);
      await receive(store, fixture("tree/tree-none.hg"));
      expect(revisionsOf(viewOf(store))).toEqual(expected(all));
      expect(problemsOf(store)).toEqual([]);
    },
  );
});

test("flat manifests with directories are refused by reason", async () => {
  for (const name of ["tricky/tricky-flat-hg10un.hg", "tricky/tricky-flat-hg20-none.hg"]) {
    const store = createMemoryStore();
    await expect(receive(store, fixture(name))).rejects.toMatchObject({
      code: "exchange.flat-manifest",
    });
    expect(store.view().generation).toBe(0);
  }
});

test("a first changeset that lists its whole manifest is stored without the list", async () => {
  const store = createMemoryStore();
  await receive(store, fixture("tree/tree-none.hg"));
  const { changelog } = viewOf(store);
  expect(changelog.entry(toRev(0)).listLength).toBe(0xffff_ffff);
  expect(changelog.entry(toRev(1)).listLength).not.toBe(0xffff_ffff);
});

test("a writer that was given up leaves the lock free", async () => {
  const store = createMemoryStore();
  await expect(receive(store, fixture("poem/poem-hg20-none.hg").slice(0, 900))).rejects.toThrow();
  new CatalogWriter(store.begin()).abort();
});
