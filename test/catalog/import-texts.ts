// Builds a catalog from the texts of a repository that Mercurial wrote: raw revisions, as an exchange
// would add them.
import { readFileSync } from "node:fs";
import { makeDelta } from "../../src/catalog/delta.ts";
import { CatalogWriter } from "../../src/catalog/catalog-writer.ts";
import { ROOT_HISTORY } from "../../src/catalog/catalog-view.ts";
import { splitChangeset } from "../../src/catalog/changeset-text.ts";
import { HISTORY } from "../../src/catalog/group-index.ts";
import { utf8ToByteString } from "../../src/core/bytes.ts";
import { type HistoryId, type NodeId, NULL_NODE, toRev } from "../../src/core/ids.ts";
import type { Store } from "../../src/store/store.ts";

export interface FixtureRevision {
  readonly kind: "changelog" | "manifest" | "filelog";
  /** A string of bytes. */
  readonly path: string;
  readonly rev: number;
  readonly node: NodeId;
  readonly p1: NodeId;
  readonly p2: NodeId;
  readonly linkrev: number;
  readonly text: Uint8Array;
}

export function readFixture(path: string): FixtureRevision[] {
  const items = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>[];
  return items.map((item) => ({
    ...(item as unknown as FixtureRevision),
    path:
      item["pathEncoding"] === "latin1"
        ? (item["path"] as string)
        : utf8ToByteString(item["path"] as string),
    text:
      item["textBase64"] === undefined
        ? new Uint8Array(Buffer.from(item["text"] as string, "utf8"))
        : new Uint8Array(Buffer.from(item["textBase64"], "base64")),
  }));
}

export function historyOf(writer: CatalogWriter, path: string, kind: number): HistoryId {
  const names = path.replace(/\/$/, "").split("/");
  if (path === "") return ROOT_HISTORY;
  let at = ROOT_HISTORY;
  names.forEach((name, i) => {
    at = writer.histories(
      at,
      [name],
      i + 1 < names.length ? HISTORY.directory : kind,
    )[0] as HistoryId;
  });
  return at;
}

/** Adds every revision and checks that each node comes out. */
export async function importTexts(
  store: Store,
  revisions: readonly FixtureRevision[],
): Promise<void> {
  const writer = new CatalogWriter(store.begin());
  const texts = new Map<string, Uint8Array>();
  for (const r of revisions) {
    if (r.kind === "changelog") continue;
    const directory = r.kind === "manifest";
    const history = historyOf(writer, r.path, directory ? HISTORY.directory : HISTORY.file);
    const base = texts.get(`${r.kind}${r.path}${r.p1}`);
    const offered =
      base && r.p1 !== NULL_NODE ? { base: r.p1, delta: makeDelta(base, r.text, directory) } : null;
    const node = writer.add(history, r.text, r.p1, r.p2, toRev(r.linkrev), offered);
    if (node !== r.node) throw new Error(`${r.path} ${r.rev}: ${node} for ${r.node}`);
    texts.set(`${r.kind}${r.path}${r.node}`, r.text);
  }
  for (const r of revisions) {
    if (r.kind !== "changelog") continue;
    const { head, list } = splitChangeset(r.text);
    const files = list.reduce((n, byte) => n + (byte === 0x0a ? 1 : 0), 0);
    const { node } = writer.addChangeset(head, list, files, false, r.p1, r.p2);
    if (node !== r.node) throw new Error(`changeset ${r.rev}: ${node} for ${r.node}`);
  }
  await writer.commit();
}
