// The changesets in which a path changed, walked back from the newest: along first parents, across a full
// dump by record, and across a rename by copy information or inode and birth time.
import type { CatalogView } from "../catalog/catalog-view.ts";
import { EXTRA } from "../catalog/dump-list.ts";
import { decodeRecord, isRecord } from "../catalog/record.ts";
import { rowsByInode } from "./dump/selection.ts";
import { type ByteString, showBytes } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { type NodeId, type Rev, toRev } from "../core/ids.ts";
import { pathOfRow, readTreeState } from "../catalog/tree-state.ts";
import { unescapePath } from "../catalog/names.ts";
import { recordAt, revisionAt } from "./diff-job.ts";
import { cleanPath } from "./files-job.ts";
import { openRepository } from "./repository.ts";
import type { HistoryReport, HistoryRequest, HistoryStep, JobContext } from "./requests.ts";
import { findRevision } from "./revision.ts";

export async function runHistory(
  request: HistoryRequest,
  context: JobContext,
): Promise<HistoryReport> {
  const repository = openRepository(context);
  try {
    const view = repository.view();
    const path = cleanPath(request.path);
    const start =
      request.rev === null
        ? toRev(view.changelog.count - 1)
        : findRevision(view, request.rev, context);
    const steps = new Map<Rev, HistoryStep>();
    for (const lane of lanes(view, start)) follow(view, lane, path, steps);
    if (steps.size === 0)
      throw new ReelError("catalog.no-history-of-path", {
        path: showBytes(path),
        rev: view.changelog.count > 0 ? view.changelog.node(start).slice(0, 12) : "null",
      });
    return { steps: [...steps.values()].sort((a, b) => a.rev - b.rev) };
  } finally {
    repository.close();
  }
}

/** Dumps of one identity are one line of time, in order of date; a changeset that is no dump has its own. */
function lanes(view: CatalogView, start: Rev): Rev[][] {
  const byIdentity = new Map<string, Rev[]>();
  for (let rev = start; rev >= 0; rev = toRev(rev - 1)) {
    const { extras } = view.changelog.head(rev);
    const identity = extras.get(EXTRA.volume) ?? `branch ${extras.get("branch") ?? "default"}`;
    const lane = byIdentity.get(identity);
    if (lane) lane.push(rev);
    else byIdentity.set(identity, [rev]);
  }
  const date = (rev: Rev): number => view.changelog.head(rev).time;
  return [...byIdentity.values()].map((lane) => lane.sort((a, b) => date(a) - date(b) || a - b));
}

/** Walks a line of time backwards with the name that the file had; the change is told where it came in. */
function follow(
  view: CatalogView,
  lane: readonly Rev[],
  path: ByteString,
  steps: Map<Rev, HistoryStep>,
): void {
  let name = path;
  for (let i = lane.length - 1; i >= 0; i--) {
    const rev = lane[i] as Rev;
    const { manifest } = view.changelog.head(rev);
    const older = i > 0 ? view.changelog.head(lane[i - 1] as Rev).manifest : null;
    if (
      older !== null &&
      older !== manifest &&
      revisionAt(view, manifest, name)?.node === revisionAt(view, older, name)?.node
    )
      continue;
    const record = recordAt(view, manifest, name);
    const before = older === null ? null : recordAt(view, older, name);
    if (record === null) {
      if (before !== null) steps.set(rev, { rev, path: name, status: "R", from: null });
      continue;
    }
    if (before !== null && Buffer.compare(before, record) === 0) continue;
    if (before !== null) {
      steps.set(rev, { rev, path: name, status: "M", from: null });
      continue;
    }
    const old = older === null ? null : oldName(view, older, record);
    steps.set(rev, { rev, path: name, status: old === null ? "A" : "V", from: old });
    if (old !== null) name = old;
  }
}

/** The name that the same inode, born at the same time, had in an older tree and has no more. */
function oldName(view: CatalogView, older: NodeId, record: Uint8Array): ByteString | null {
  if (!isRecord(record)) return null;
  const now = decodeRecord(record);
  if (now.birth === 0 && now.birthNs === 0) return null;
  const state = readTreeState(view, older);
  const row = rowsByInode(state)(now.dumpInode);
  if (
    row < 0 ||
    state.birth[row] !== now.birth ||
    state.birthNs[row] !== now.birthNs ||
    state.type[row] !== now.type
  )
    return null;
  return row === 0 ? null : unescapePath(pathOfRow(state, row));
}
