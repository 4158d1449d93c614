// Catalogs that tests exchange, and all that is in one, to compare.
import { CatalogView, ROOT_HISTORY } from "../../src/catalog/catalog-view.ts";
import { CatalogWriter } from "../../src/catalog/catalog-writer.ts";
import { HISTORY } from "../../src/catalog/group-index.ts";
import { manifestFileList } from "../../src/catalog/tree-walk.ts";
import { byteString } from "../../src/core/bytes.ts";
import { sha1Hex } from "../../src/core/hash.ts";
import { type HistoryId, NULL_NODE, toRev } from "../../src/core/ids.ts";
import { newProgress } from "../../src/core/progress.ts";
import { receiveBundle, type Received } from "../../src/exchange/receive.ts";
import { groupOf, slotOf } from "../../src/store/placement.ts";
import type { Store } from "../../src/store/store.ts";
import { inPieces } from "./fixture-bundles.ts";

export function receive(store: Store, bundle: Uint8Array): Promise<Received> {
  const writer = new CatalogWriter(store.begin());
  const signal = new AbortController().signal;
  return receiveBundle(inPieces(bundle, 4096), writer, newProgress(), signal);
}

export function viewOf(store: Store): CatalogView {
  const view = new CatalogView(store.view());
  view.changelog.manifestList = (_rev, head) => manifestFileList(view, head.manifest);
  return view;
}

/** Every revision of every history: what it is of, node, parents without their order, and the text's hash. */
export function revisionsOf(view: CatalogView): string[] {
  const lines: string[] = [];
  const { changelog } = view;
  for (let rev = 0; rev < changelog.count; rev++) {
    const parents = [changelog.p1(toRev(rev)), changelog.p2(toRev(rev))].map((p) =>
      p < 0 ? NULL_NODE : changelog.node(p),
    );
    lines.push(
      revisionLine(
        "changelog",
        "",
        changelog.node(toRev(rev)),
        parents,
        changelog.text(toRev(rev)),
      ),
    );
  }
  const history = (id: HistoryId, kind: string, path: string): void => {
    const index = view.group(groupOf(id));
    for (const entry of index.entriesOf(slotOf(id))) {
      const parents = [index.p1.at(entry), index.p2.at(entry)].map((p) =>
        p < 0 ? NULL_NODE : index.node(p),
      );
      lines.push(
        revisionLine(kind, path, index.node(entry), parents, view.entryText(index, entry)),
      );
    }
    if (kind !== "manifest") return;
    const { names, ids } = view.children(id);
    names.forEach((name, i) => {
      const child = ids[i] as HistoryId;
      const directory = view.kindOf(child) === HISTORY.directory;
      history(
        child,
        directory ? "manifest" : "filelog",
        directory ? `${path}${name}/` : path + name,
      );
    });
  };
  if (view.groupCount > 0) history(ROOT_HISTORY, "manifest", "");
  return lines.toSorted();
}

export function revisionLine(
  kind: string,
  path: string,
  node: string,
  parents: readonly string[],
  text: Uint8Array,
): string {
  // Mercurial swaps the parents of some revisions when it takes them: the node is the same.
  return `${kind} ${path} ${node} ${parents.toSorted().join(" ")} ${sha1Hex(text)} ${byteString(text).length}`;
}
