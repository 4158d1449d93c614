// Bundles that Mercurial wrote, taken into a catalog: exactly the revisions that Mercurial says are in them.
import { describe, expect, test } from "vitest";
import { CatalogWriter } from "../../src/catalog/catalog-writer.ts";
import { LIST_IS_MANIFEST } from "../../src/catalog/changeset-index.ts";
import { DeltaWriter } from "../../src/catalog/delta.ts";
import { verifyCatalog } from "../../src/catalog/verify.ts";
import { byteString, bytesOf } from "../../src/core/bytes.ts";
import { nodeOf } from "../../src/core/hash.ts";
import { type NodeId, toRev } from "../../src/core/ids.ts";
import { newProgress } from "../../src/core/progress.ts";
import { ChangegroupApplier } from "../../src/exchange/apply.ts";
import type { ChangegroupItem } from "../../src/exchange/changegroup.ts";
import { Outgoing } from "../../src/exchange/outgoing.ts";
import { produceChangegroup } from "../../src/exchange/produce.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import type { Store } from "../../src/store/store.ts";
import { type FixtureRevision, importTexts, readFixture } from "../catalog/import-texts.ts";
import { receive, revisionLine, revisionsOf, viewOf } from "./catalogs.ts";
import { fixture, HG, itemsOf, joined, partsOf } from "./fixture-bundles.ts";

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

describe("lists of first changesets", () => {
  async function apply(items: readonly ChangegroupItem[], pendingBytes: number): Promise<Store> {
    const store = createMemoryStore();
    const writer = new CatalogWriter(store.begin());
    const applier = new ChangegroupApplier(writer, newProgress(), pendingBytes);
    for (const item of items) applier.take(item);
    applier.finish();
    await writer.commit();
    return store;
  }

  async function poem(head: number): Promise<ChangegroupItem[]> {
    const store = createMemoryStore();
    await receive(store, fixture("poem/poem-hg20-none.hg"));
    const view = viewOf(store);
    const outgoing = new Outgoing(view, [toRev(head)], [], newProgress());
    const chunks = produceChangegroup(view, outgoing, "02", newProgress());
    return itemsOf(await joined(chunks), "02");
  }

  /** The first changeset lists a file more than its manifest has; its revisions are linked to the new node. */
  function listingMore(items: readonly ChangegroupItem[]): ChangegroupItem[] {
    let node: NodeId | null = null;
    return items.map((item) => {
      if (item.kind !== "revision") return item;
      if (node !== null) return { ...item, link: node };
      const text = bytesOf(byteString(item.delta.subarray(12)).replace("\n\n", "\nzz\n\n"));
      node = nodeOf(text, item.p1, item.p2);
      const delta = new DeltaWriter();
      delta.hunk(0, 0, text);
      return { ...item, node, link: node, delta: delta.finish() };
    });
  }

  const listLengths = (store: Store): number[] => {
    const { changelog } = viewOf(store);
    return Array.from(
      { length: changelog.count },
      (_, rev) => changelog.entry(toRev(rev)).listLength,
    );
  };

  test("one that lists its whole manifest is stored without the list, held back or not", async () => {
    const items = await poem(5);
    const held = await apply(items, 1 << 20);
    const presumed = await apply(items, 0);
    expect(listLengths(held)[0]).toBe(LIST_IS_MANIFEST);
    expect(listLengths(held)[1]).not.toBe(LIST_IS_MANIFEST);
    expect(listLengths(presumed)).toEqual(listLengths(held));
    expect(revisionsOf(viewOf(presumed))).toEqual(revisionsOf(viewOf(held)));
    expect(revisionsOf(viewOf(held))).toEqual(expected(readFixture(`${HG}poem/texts.json`)));
  });

  test("another list is stored, or refused where it cannot be held", async () => {
    const items = listingMore(await poem(0));
    const store = await apply(items, 1 << 20);
    expect(viewOf(store).changelog.files(toRev(0))).toEqual(["pome.txt", "zz"]);
    expect(listLengths(store)[0]).not.toBe(LIST_IS_MANIFEST);
    await expect(apply(items, 0)).rejects.toMatchObject({ code: "exchange.other-list" });
  });
});

test("a writer that was given up leaves the lock free", async () => {
  const store = createMemoryStore();
  await expect(receive(store, fixture("poem/poem-hg20-none.hg").slice(0, 900))).rejects.toThrow();
  new CatalogWriter(store.begin()).abort();
});
