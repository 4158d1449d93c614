// A writer reads what it has just added: a receiver of changesets builds texts on texts of the same
// transaction, in the segment being filled, being packed, and in the store.
import { expect, test } from "vitest";
import { CatalogWriter } from "../../src/catalog/catalog-writer.ts";
import { ROOT_HISTORY } from "../../src/catalog/catalog-view.ts";
import { makeDelta } from "../../src/catalog/delta.ts";
import { HISTORY } from "../../src/catalog/group-index.ts";
import { type HistoryId, type NodeId, NULL_NODE } from "../../src/core/ids.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";

test("texts of open transactions", async () => {
  const writer = new CatalogWriter(createMemoryStore().begin());
  const [history] = writer.histories(ROOT_HISTORY, ["file"], HISTORY.file) as [HistoryId];
  const texts: Uint8Array[] = [];
  const nodes: NodeId[] = [];
  for (let i = 0; i < 400; i++) {
    const text = new Uint8Array(50_000 + i).map(
      (_, at) => (at * 7 + (at === 25_000 ? i : 0)) & 0xff,
    );
    const p1 = nodes.at(-1) ?? NULL_NODE;
    const before = texts.at(-1);
    const offered =
      before && i % 3 === 0 ? { base: p1, delta: makeDelta(before, text, false) } : null;
    nodes.push(writer.add(history, text, p1, NULL_NODE, writer.nextRev, offered));
    texts.push(text);
  }
  for (let i = 0; i < 400; i += 7) {
    expect(
      Buffer.compare(writer.view.text(history, nodes[i] as NodeId), texts[i] as Uint8Array),
    ).toBe(0);
  }
  writer.abort();
});
