// A writer that reads back what it has added: several changesets in one transaction are the same as one each.
import { expect, test } from "vitest";
import { CatalogView } from "../../src/catalog/catalog-view.ts";
import { CatalogWriter } from "../../src/catalog/catalog-writer.ts";
import { commitTree } from "../../src/catalog/tree-commit.ts";
import { manifestFileList } from "../../src/catalog/tree-walk.ts";
import { verifyCatalog } from "../../src/catalog/verify.ts";
import { type NodeId, NULL_NODE, toRev } from "../../src/core/ids.ts";
import { newProgress } from "../../src/core/progress.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import type { Store } from "../../src/store/store.ts";
import { Random } from "../series/random.ts";
import { type Tree, treeChange } from "./tree-change.ts";

/** More than a segment holds, in texts that are put together in segments. */
const FILES = 60;
const FILE_BYTES = 20_000;

function trees(seed: number): Tree[] {
  const random = new Random(seed);
  const all: Tree[] = [];
  let tree: Tree = new Map();
  for (let n = 0; n < 5; n++) {
    const next = new Map(tree);
    for (let i = 0; i < FILES; i++) {
      const path = `d${random.below(3)}/f${random.below(200)}`;
      if (random.chance(0.2)) next.delete(path);
      else next.set(path, random.bytes(random.below(FILE_BYTES)).toString("latin1"));
    }
    all.push(next);
    tree = next;
  }
  return all;
}

/** Commits the trees one upon the other, as many to a transaction as `together`. */
async function commitAll(store: Store, all: readonly Tree[], together: number): Promise<NodeId[]> {
  const nodes: NodeId[] = [];
  let manifest: NodeId = NULL_NODE;
  for (let n = 0; n < all.length; ) {
    const writer = new CatalogWriter(store.begin());
    for (const end = Math.min(all.length, n + together); n < end; n++) {
      const change = treeChange(all[n - 1] ?? new Map<string, string>(), all[n] as Tree);
      const { list, files, listIsManifest, ...made } = commitTree(writer, change, manifest);
      manifest = made.manifest;
      const head = {
        manifest,
        user: "op",
        time: n,
        zone: 0,
        extras: new Map<string, string>(),
        description: "x",
      };
      const parent = nodes.at(-1) ?? NULL_NODE;
      nodes.push(writer.addChangeset(head, list, files, listIsManifest, parent, NULL_NODE).node);
    }
    await writer.commit();
  }
  return nodes;
}

test.each([1, 2, 3, 4])(
  "changesets in one transaction are those of one each: trees %i",
  async (seed) => {
    const all = trees(seed);
    const wanted = await commitAll(createMemoryStore(), all, 1);
    for (const together of [2, 5]) {
      const store = createMemoryStore();
      expect(await commitAll(store, all, together)).toEqual(wanted);
      const view = new CatalogView(store.view());
      view.changelog.manifestList = (_, head) => manifestFileList(view, head.manifest);
      expect(verifyCatalog(view, true, newProgress()).problems).toEqual([]);
      expect(all.map((_, rev) => view.changelog.node(toRev(rev)))).toEqual(wanted);
    }
  },
);
