// The worked example of docs/format/catalog.md, made by the catalog's own code: three files, then one of them
// changed and one removed.
import { CatalogWriter } from "../../src/catalog/catalog-writer.ts";
import type { TreeChange } from "../../src/catalog/tree-commit.ts";
import { commitTree } from "../../src/catalog/tree-commit.ts";
import { type NodeId, NULL_NODE } from "../../src/core/ids.ts";
import { createDiskStore } from "../../src/store/disk-store.ts";
import { decodeSegment, storeSegment } from "../../src/store/segment.ts";
import { CHANGESET_HEADS, CHANGESET_INDEX, type WriteTx } from "../../src/store/store.ts";

/** Rows of each directory; a null content removes the name. */
type Directories = readonly (readonly [
  path: string,
  rows: readonly (readonly [name: string, content: string | null])[],
])[];

function changeOf(directories: Directories): TreeChange {
  const rows = directories.flatMap(([, of]) => of);
  const bytes = rows.map(([, content]) => content ?? "").join("");
  const first = [0];
  for (const [, of] of directories) first.push((first.at(-1) as number) + of.length);
  let at = 0;
  const start = rows.map(([, content]) => {
    const from = at;
    at += content?.length ?? 0;
    return content === null ? -1 : from;
  });
  return {
    directories: directories.map(([path]) => path),
    first: Int32Array.from(first),
    names: rows.map(([name]) => name),
    start: Int32Array.from(start),
    length: Int32Array.from(rows.map(([, content]) => content?.length ?? 0)),
    bytes: Buffer.from(bytes, "latin1"),
    copies: new Map(),
  };
}

/** Segments are stored as they are, so that the page can show what is in them. */
function unpacked(tx: WriteTx): WriteTx {
  const append = tx.append.bind(tx);
  tx.append = (file, bytes) => {
    if (file === CHANGESET_INDEX || file === CHANGESET_HEADS) return append(file, bytes);
    const { kind, raw } = decodeSegment(bytes, 0, "a segment of the example");
    return append(file, storeSegment(kind, raw));
  };
  return tx;
}

/** Makes the store in a directory that is empty or not there. */
export async function writeExample(directory: string): Promise<void> {
  const words = ["catalog-1", "tree-manifests"];
  const catalogId = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3";
  const store = createDiskStore(directory, { catalogId, requirements: words, understood: words });
  let parent: NodeId = NULL_NODE;
  let manifest: NodeId = NULL_NODE;
  const commit = async (time: number, description: string, tree: Directories): Promise<void> => {
    const writer = new CatalogWriter(unpacked(store.begin()));
    const done = commitTree(writer, changeOf(tree), manifest);
    manifest = done.manifest;
    const extras = new Map([["branch", "/vol"]]);
    const head = { manifest, user: "ann", time, zone: -3600, extras, description };
    const { list, files, listIsManifest } = done;
    parent = writer.addChangeset(head, list, files, listIsManifest, parent, NULL_NODE).node;
    await writer.commit();
  };
  await commit(1_000_000_000, "first", [
    [
      "",
      [
        ["mail", "hello\n"],
        ["mbox", "x\n"],
      ],
    ],
    ["d", [["b", "two\n"]]],
  ]);
  await commit(1_000_000_060, "second", [
    ["", [["mail", "hello, world\n"]]],
    ["d", [["b", null]]],
  ]);
  store.close();
}
