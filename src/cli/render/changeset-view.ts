// One changeset as the renderers and templates see it. What costs a read is a function.
import type { ChangelogReader } from "../../catalog/changelog-reader.ts";
import type { ByteString } from "../../core/bytes.ts";
import type { HistoryStep, PathChanges } from "../../job/requests.ts";
import { NULL_NODE, NULL_REV, type NodeId, type Rev } from "../../core/ids.ts";

export interface ParentView {
  readonly rev: Rev;
  readonly node: NodeId;
}

export interface ChangesetView {
  readonly rev: Rev;
  readonly node: NodeId;
  /** Null revision and node where there is none. */
  readonly p1: ParentView;
  readonly p2: ParentView;
  readonly manifest: NodeId;
  readonly user: ByteString;
  readonly time: number;
  readonly zone: number;
  readonly branch: ByteString;
  /** In byte order, "tip" among them. */
  readonly tags: readonly ByteString[];
  /** `branch` among them, as Mercurial shows them. */
  readonly extras: ReadonlyMap<ByteString, ByteString>;
  readonly description: ByteString;
  /** It closes its branch. */
  readonly closed: boolean;
  /** It is `.`. */
  readonly current: boolean;
  /** Reads the file list. */
  readonly files: () => readonly ByteString[];
  /** Reads manifests; null where the catalog cannot tell. */
  readonly changes: () => PathChanges | null;
  /** In the history of one path: what became of it here. */
  readonly step: HistoryStep | null;
  /** Number of the manifest in its revlog, or null. */
  readonly manifestRev: () => number | null;
}

/** What the changelog alone does not know. */
export interface ViewSources {
  readonly current: Rev;
  readonly changes?: (rev: Rev) => PathChanges;
  readonly manifestRev?: (manifest: NodeId) => number;
  readonly step?: HistoryStep;
}

export function viewChangeset(
  reader: ChangelogReader,
  rev: Rev,
  sources: ViewSources,
): ChangesetView {
  const head = reader.head(rev);
  const tags = [...reader.tagsOf(rev)];
  if (rev === reader.count - 1) tags.push("tip");
  const branch = head.extras.get("branch") ?? "default";
  const extras = new Map(
    [...head.extras, ["branch", branch] as const].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const { changes, manifestRev } = sources;
  return {
    rev,
    node: reader.node(rev),
    p1: parentView(reader, reader.p1(rev)),
    p2: parentView(reader, reader.p2(rev)),
    manifest: head.manifest,
    user: head.user,
    time: head.time,
    zone: head.zone,
    branch,
    tags: tags.sort(),
    extras,
    description: head.description,
    closed: head.extras.has("close"),
    current: rev === sources.current,
    step: sources.step ?? null,
    files: () => reader.files(rev),
    changes: () => (changes === undefined ? null : changes(rev)),
    manifestRev: () => (manifestRev === undefined ? null : manifestRev(head.manifest)),
  };
}

function parentView(reader: ChangelogReader, rev: Rev): ParentView {
  return rev < 0 ? { rev: NULL_REV, node: NULL_NODE } : { rev, node: reader.node(rev) };
}

/** The parents worth showing: none where the only one is the revision before; a later root shows its lack. */
export function parentsShown(view: ChangesetView, debug: boolean): readonly ParentView[] {
  if (debug || view.p2.rev >= 0) return [view.p1, view.p2];
  return view.p1.rev < view.rev - 1 ? [view.p1] : [];
}

/** The character that stands for it in a drawn graph. */
export function graphSymbol(view: ChangesetView): string {
  return view.current ? "@" : view.closed ? "_" : "o";
}
