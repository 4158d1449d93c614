// reel diff: what differs between two changesets, by the records' text, so that it holds across full dumps.
// Equal directories are passed over by their manifest nodes.
import type { CatalogView } from "../catalog/catalog-view.ts";
import { fileContent } from "../catalog/filelog-text.ts";
import { DIRECTORY_NAME, escapePath, isReserved } from "../catalog/names.ts";
import { readTreeState, rowOfPath, type TreeState } from "../catalog/tree-state.ts";
import { findDirectory, findFile, type WalkedDirectory } from "../catalog/tree-walk.ts";
import { type ByteString } from "../core/bytes.ts";
import type { HistoryId, NodeId } from "../core/ids.ts";
import { TYPE } from "../core/inode.ts";
import { cleanPath } from "./files-job.ts";
import { openRepository } from "./repository.ts";
import type { DiffEntryView, DiffRequest, FileEntryView, JobContext } from "./requests.ts";
import { findRevision } from "./revision.ts";
import { entryView } from "./views.ts";

const NONE: ReadonlySet<string> = new Set();

export async function* runDiff(
  request: DiffRequest,
  context: JobContext,
): AsyncGenerator<DiffEntryView> {
  const repository = openRepository(context);
  try {
    const view = repository.view();
    const from = view.changelog.head(findRevision(view, request.from, context)).manifest;
    const to = view.changelog.head(findRevision(view, request.to, context)).manifest;
    yield* diffTrees(view, from, to, request.path);
  } finally {
    repository.close();
  }
}

/** Differences in byte order of paths; `only` (raw) limits them to a path and what is below it. */
export function diffTrees(
  view: CatalogView,
  from: NodeId,
  to: NodeId,
  only: ByteString | null,
): DiffEntryView[] {
  const differences: DiffEntryView[] = [];
  if (from === to) return differences;
  compare(view, findDirectory(view, from, ""), findDirectory(view, to, ""), from, to, differences);
  const wanted = only === null ? "" : cleanPath(only);
  const inside = (path: ByteString): boolean =>
    wanted === "" || path === wanted || path.startsWith(`${wanted}/`);
  const chosen = joinRenames(differences).filter(
    (d) => inside(d.path) || (d.status === "V" && inside((d.before as FileEntryView).path)),
  );
  return chosen.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Descends only where the manifests differ. */
function compare(
  view: CatalogView,
  before: WalkedDirectory | null,
  after: WalkedDirectory | null,
  from: NodeId,
  to: NodeId,
  out: DiffEntryView[],
): void {
  if (before && after && before.node === after.node && before.history === after.history) return;
  const path = (before ?? after)?.path ?? "";
  const old = before ? shallow(view, from, path) : new Map<ByteString, FileEntryView>();
  const now = after ? shallow(view, to, path) : new Map<ByteString, FileEntryView>();
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const a = old.get(name) ?? null;
    const b = now.get(name) ?? null;
    if (a && b && a.node === b.node) continue;
    if (a && b && sameRecord(a, b)) continue;
    const shown = (b ?? a) as FileEntryView;
    out.push({
      status: a === null ? "A" : b === null ? "R" : "M",
      path: shown.path,
      before: a,
      after: b,
    });
  }
  const below = new Set<ByteString>();
  for (const directory of [before, after])
    for (const entry of directory?.entries ?? []) if (entry.flag === "t") below.add(entry.name);
  for (const name of below) {
    const child = path === "" ? name : `${path}/${name}`;
    const a = before?.entries.find((e) => e.name === name && e.flag === "t");
    const b = after?.entries.find((e) => e.name === name && e.flag === "t");
    if (a && b && a.node === b.node) continue;
    compare(
      view,
      a ? findDirectory(view, from, child) : null,
      b ? findDirectory(view, to, child) : null,
      from,
      to,
      out,
    );
  }
}

/** The directory itself and its files, by name; "" is the directory. */
function shallow(
  view: CatalogView,
  root: NodeId,
  path: ByteString,
): Map<ByteString, FileEntryView> {
  const entries = new Map<ByteString, FileEntryView>();
  const state = readTreeState(view, root, path, 1);
  for (let row = 0; row < state.count; row++) {
    if (row > 0 && (state.type[row] === TYPE.directory || isReserved(state.names[row] as string)))
      continue;
    const entry = entryView(state, row, NONE, path);
    if (entry) entries.set(state.names[row] as string, entry);
  }
  return entries;
}

/** Equal but for what a renumbering changes: never; a record is compared whole. */
function sameRecord(a: FileEntryView, b: FileEntryView): boolean {
  return JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));
}

function comparable(entry: FileEntryView): unknown {
  const { node: _node, stale: _stale, sourceInode, attributes, ...rest } = entry;
  return {
    ...rest,
    sourceInode: String(sourceInode),
    attributes: attributes.map((a) => [a.name, Buffer.from(a.value).toString("hex")]),
  };
}

/** A removal and an addition of the same inode, born at the same time, are one rename. */
function joinRenames(differences: readonly DiffEntryView[]): DiffEntryView[] {
  const removed = new Map<string, DiffEntryView>();
  const key = (e: FileEntryView): string => `${e.sourceInode} ${e.birth} ${e.birthNs} ${e.type}`;
  for (const d of differences)
    if (d.status === "R" && d.before && (d.before.birth !== 0 || d.before.birthNs !== 0))
      removed.set(key(d.before), d);
  const gone = new Set<DiffEntryView>();
  const joined = differences.map((d): DiffEntryView => {
    const old = d.status === "A" && d.after ? removed.get(key(d.after)) : undefined;
    if (!old || gone.has(old)) return d;
    gone.add(old);
    return { status: "V", path: d.path, before: old.before, after: d.after };
  });
  return joined.filter((d) => !gone.has(d));
}

/** The entry at a raw path of a manifest; null if there is none. */
export function entryAt(
  view: CatalogView,
  root: NodeId,
  path: ByteString,
): { state: TreeState; row: number; above: ByteString } | null {
  const escaped = escapePath(path);
  const slash = escaped.lastIndexOf("/");
  if (findDirectory(view, root, escaped)) {
    const state = readTreeState(view, root, escaped, 1);
    return state.count > 0 ? { state, row: 0, above: escaped } : null;
  }
  const above = slash < 0 ? "" : escaped.slice(0, slash);
  const state = readTreeState(view, root, above, 1);
  const row = state.count === 0 ? -1 : rowOfPath(state, escaped.slice(slash + 1));
  return row > 0 ? { state, row, above } : null;
}

/** The file revision that holds the record of a raw path: of a directory its %dir's. */
export function revisionAt(
  view: CatalogView,
  root: NodeId,
  path: ByteString,
): { history: HistoryId; node: NodeId } | null {
  const escaped = escapePath(path);
  const file = escaped === "" ? null : findFile(view, root, escaped);
  return (
    file ?? findFile(view, root, escaped === "" ? DIRECTORY_NAME : `${escaped}/${DIRECTORY_NAME}`)
  );
}

/** The content of that revision; a record of Reel's, or whatever a plain Mercurial committed there. */
export function recordAt(view: CatalogView, root: NodeId, path: ByteString): Uint8Array | null {
  const found = revisionAt(view, root, path);
  return found && fileContent(view.text(found.history, found.node));
}
