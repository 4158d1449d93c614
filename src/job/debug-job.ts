// reel debugindex and debugdata: the revisions of one history, and the stored text of one.
import { type CatalogView, ROOT_HISTORY } from "../catalog/catalog-view.ts";
import { HISTORY } from "../catalog/group-index.ts";
import { escapePath } from "../catalog/names.ts";
import { type ByteString, utf8ToByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { type HistoryId, type NodeId, NULL_NODE, type Rev, toRev } from "../core/ids.ts";
import { storeFileName } from "../store/layout.ts";
import { groupOf, slotOf } from "../store/placement.ts";
import { CHANGESET_HEADS, groupDataFile } from "../store/store.ts";
import { openRepository } from "./repository.ts";
import type { DebugDataRequest, DebugIndexRequest, DebugIndexRow } from "./debug-requests.ts";
import type { JobContext } from "./requests.ts";

const CHANGELOG = "changelog";
const MANIFEST = "manifest";

export async function runDebugIndex(
  request: DebugIndexRequest,
  context: JobContext,
): Promise<readonly DebugIndexRow[]> {
  const repository = openRepository(context);
  try {
    const view = repository.view();
    return request.path === CHANGELOG
      ? changelogRows(view)
      : historyRows(view, historyNamed(view, request.path));
  } finally {
    repository.close();
  }
}

export async function runDebugData(
  request: DebugDataRequest,
  context: JobContext,
): Promise<Uint8Array> {
  const repository = openRepository(context);
  try {
    const view = repository.view();
    if (request.path === CHANGELOG) {
      const { changelog } = view;
      const nodes = Array.from({ length: changelog.count }, (_, rev) => changelog.node(toRev(rev)));
      return Uint8Array.from(changelog.text(toRev(choose(nodes, request))));
    }
    const history = historyNamed(view, request.path);
    const index = view.group(groupOf(history));
    const entries = index.entriesOf(slotOf(history));
    const rev = choose(
      entries.map((entry) => index.node(entry)),
      request,
    );
    return Uint8Array.from(view.entryText(index, entries[rev] as number));
  } finally {
    repository.close();
  }
}

/** "manifest", "manifest:DIR", or a path: as users name it, or as it stands in the manifest. */
function historyNamed(view: CatalogView, name: string): HistoryId {
  const bytes = utf8ToByteString(name);
  let history: HistoryId | null;
  if (name === MANIFEST) history = ROOT_HISTORY;
  else if (name.startsWith(`${MANIFEST}:`)) {
    const path = bytes.slice(MANIFEST.length + 1).replace(/\/+$/, "");
    history = find(view, path, HISTORY.directory);
  } else history = find(view, bytes, HISTORY.file);
  if (history === null || view.groupCount === 0)
    throw new ReelError("catalog.no-such-history", { found: name });
  return history;
}

function find(view: CatalogView, path: ByteString, kind: number): HistoryId | null {
  return view.history(path, kind) ?? view.history(escapePath(path), kind);
}

/** A revision by number or by the beginning of its node. */
function choose(nodes: readonly NodeId[], request: DebugDataRequest): number {
  const { rev } = request;
  if (/^\d{1,9}$/.test(rev) && Number(rev) < nodes.length) return Number(rev);
  const matches = nodes.flatMap((node, i) => (node.startsWith(rev.toLowerCase()) ? [i] : []));
  if (matches.length !== 1 || rev === "") {
    throw new ReelError(matches.length > 1 ? "revset.ambiguous" : "revset.unknown", { found: rev });
  }
  return matches[0] as number;
}

function changelogRows(view: CatalogView): DebugIndexRow[] {
  const { changelog } = view;
  const node = (rev: Rev): NodeId => (rev < 0 ? NULL_NODE : changelog.node(rev));
  return Array.from({ length: changelog.count }, (_, i): DebugIndexRow => {
    const rev = toRev(i);
    const entry = changelog.entry(rev);
    return {
      rev: i,
      linkrev: i,
      node: entry.node,
      p1: node(toRev(entry.p1)),
      p2: node(toRev(entry.p2)),
      flags: 0,
      fullBytes: entry.fullLength,
      storedBytes: entry.headLength,
      base: i,
      place: `${storeFileName(CHANGESET_HEADS)} ${entry.headOffset}`,
    };
  });
}

function historyRows(view: CatalogView, history: HistoryId): DebugIndexRow[] {
  const index = view.group(groupOf(history));
  const entries = index.entriesOf(slotOf(history));
  const revOf = new Map(entries.map((entry, rev) => [entry, rev]));
  const node = (entry: number): NodeId => (entry < 0 ? NULL_NODE : index.node(entry));
  return entries.map((entry, rev): DebugIndexRow => {
    const segment = index.segment.at(entry);
    return {
      rev,
      linkrev: index.link.at(entry),
      node: index.node(entry),
      p1: node(index.p1.at(entry)),
      p2: node(index.p2.at(entry)),
      flags: 0,
      fullBytes: index.fullLength.at(entry),
      storedBytes: index.storedLength.at(entry),
      base: index.base.at(entry) < 0 ? rev : (revOf.get(index.base.at(entry)) ?? rev),
      place: `${storeFileName(groupDataFile(index.segmentGroup.at(segment)))} ${index.segmentOffset.at(segment)}+${index.start.at(entry)}`,
    };
  });
}
