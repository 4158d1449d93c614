// Reading a catalog at one committed state: groups loaded when touched, texts rebuilt from their chunks.
import { byteString, type ByteString, EMPTY } from "../core/bytes.ts";
import { assert, ReelError } from "../core/errors.ts";
import { type HistoryId, type NodeId, type Rev, toHistoryId, toRev } from "../core/ids.ts";
import { groupOf, slotOf } from "../store/placement.ts";
import { decodeSegment } from "../store/segment.ts";
import { storeFileName } from "../store/layout.ts";
import { groupDataFile, groupIndexFile, type ReadView } from "../store/store.ts";
import { Changelog } from "./changelog.ts";
import { applyDelta } from "./delta.ts";
import { GroupIndex, HISTORY, SEGMENT } from "./group-index.ts";
import { decodeBatch } from "./index-batch.ts";
import { SegmentCache } from "./segment-cache.ts";

/** History 0: the manifests of the root directory. */
export const ROOT_HISTORY: HistoryId = toHistoryId(0);

/** Names of a directory ever seen, ascending, with their histories; a name may be a file's and a directory's. */
export interface Children {
  readonly names: readonly ByteString[];
  readonly ids: readonly HistoryId[];
}

export class CatalogView {
  readonly store: ReadView;
  readonly changelog: Changelog;
  /** Set by a writer: the raw bytes of a segment that is not in the store yet. */
  pendingSegment: ((index: GroupIndex, segment: number) => Uint8Array | null) | null = null;
  private readonly groups: (GroupIndex | undefined)[] = [];
  private readonly childrenOf = new Map<HistoryId, Children>();
  private readonly segments: SegmentCache;
  private lastText: {
    readonly index: GroupIndex;
    readonly entry: number;
    readonly text: Uint8Array;
  } | null = null;

  constructor(store: ReadView) {
    this.store = store;
    this.segments = new SegmentCache(store);
    this.changelog = new Changelog(store);
  }

  get groupCount(): number {
    return this.store.groups.length;
  }

  /** The group's index; a group that the store does not have yet is empty. */
  group(group: number): GroupIndex {
    let index = this.groups[group];
    if (!index) {
      index = new GroupIndex(group);
      this.loadGroup(index);
      this.groups[group] = index;
    }
    return index;
  }

  private loadGroup(index: GroupIndex): void {
    const file = groupIndexFile(index.group);
    const size = this.store.size(file);
    if (size === 0) return;
    const bytes = this.store.read(file, 0, size);
    const what = storeFileName(file);
    for (let at = 0; at < size; ) {
      const batch = decodeSegment(bytes, at, what);
      const nodes = decodeSegment(bytes, batch.next, what);
      if (batch.kind !== SEGMENT.index || nodes.kind !== SEGMENT.nodes) {
        throw new ReelError("format.damaged", {
          what,
          found: `segments of kind ${batch.kind} and ${nodes.kind} at ${at}`,
        });
      }
      decodeBatch(index, batch.raw, nodes.raw, what);
      at = nodes.next;
    }
    const state = this.store.groups[index.group];
    if (state && state.histories !== index.histories) {
      throw new ReelError("format.damaged", {
        what,
        found: `${index.histories} histories, ${state.histories} committed`,
      });
    }
  }

  children(directory: HistoryId): Children {
    const known = this.childrenOf.get(directory);
    if (known) return known;
    const runs = this.group(groupOf(directory)).runsOf(slotOf(directory));
    let children: Children;
    const only = runs[0];
    if (only && runs.length === 1) children = { names: only.names, ids: only.ids };
    else {
      const pairs = runs.flatMap((run) =>
        run.names.map((name, i) => [name, run.ids[i] as HistoryId] as const),
      );
      pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
      children = { names: pairs.map((p) => p[0]), ids: pairs.map((p) => p[1]) };
    }
    this.childrenOf.set(directory, children);
    return children;
  }

  /** For a writer that has just added names. */
  forgetChildren(directory: HistoryId): void {
    this.childrenOf.delete(directory);
  }

  kindOf(history: HistoryId): number {
    return this.group(groupOf(history)).kind.at(slotOf(history));
  }

  /** The history of a name in a directory, of that kind; null if there never was one. */
  child(directory: HistoryId, name: ByteString, kind: number): HistoryId | null {
    const { names, ids } = this.children(directory);
    let low = 0;
    let high = names.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((names[middle] as string) < name) low = middle + 1;
      else high = middle;
    }
    for (; names[low] === name; low++) {
      const id = ids[low] as HistoryId;
      if (this.kindOf(id) === kind) return id;
    }
    return null;
  }

  /** The history of an escaped path: of the file, or with `kind` directory of its manifests. */
  history(path: ByteString, kind: number): HistoryId | null {
    if (this.store.groups.length === 0) return null;
    if (path === "") return kind === HISTORY.directory ? ROOT_HISTORY : null;
    let at: HistoryId | null = ROOT_HISTORY;
    const names = path.split("/");
    for (let i = 0; at !== null && i < names.length; i++) {
      at = this.child(at, names[i] as string, i + 1 < names.length ? HISTORY.directory : kind);
    }
    return at;
  }

  /** Entry of a node in a history. Throws `catalog.unknown-node`. */
  entry(history: HistoryId, node: NodeId): number {
    const index = this.group(groupOf(history));
    const entry = index.find(slotOf(history), node);
    if (entry < 0) throw new ReelError("catalog.unknown-node", { node, history });
    return entry;
  }

  /** The text of a revision; a view that must not be changed. Throws `catalog.unknown-node`, `format.damaged`. */
  text(history: HistoryId, node: NodeId): Uint8Array {
    return this.entryText(this.group(groupOf(history)), this.entry(history, node));
  }

  entryText(index: GroupIndex, entry: number): Uint8Array {
    const last = this.lastText;
    if (last && last.index === index && last.entry === entry) return last.text;
    const deltas: number[] = [];
    let at = entry;
    while (index.base.at(at) >= 0 && !(last && last.index === index && last.entry === at)) {
      deltas.push(at);
      at = index.base.at(at);
    }
    let text =
      last && last.index === index && last.entry === at ? last.text : this.chunk(index, at);
    while (deltas.length > 0) text = applyDelta(text, this.chunk(index, deltas.pop() as number));
    const wanted = index.fullLength.at(entry);
    if (text.byteLength !== wanted) {
      throw new ReelError("format.damaged", {
        what: `revision ${entry} of group ${index.group}`,
        found: `${text.byteLength} bytes for ${wanted}`,
      });
    }
    if (index.base.at(entry) >= 0) this.lastText = { index, entry, text };
    return text;
  }

  /** The stored bytes of an entry: a full text or a delta. */
  chunk(index: GroupIndex, entry: number): Uint8Array {
    const length = index.storedLength.at(entry);
    if (length === 0) return EMPTY;
    let segment = index.segment.at(entry);
    const start = index.start.at(entry);
    const pending = this.pendingSegment?.(index, segment);
    // What a writer is filling is written over when it is full: a text must outlive it.
    if (pending && start + length <= pending.byteLength)
      return Uint8Array.from(pending.subarray(start, start + length));
    let raw = this.segment(index, segment);
    if (start + length <= raw.byteLength) return raw.subarray(start, start + length);
    const pieces: Uint8Array[] = [];
    let filled = 0;
    let from = start;
    while (filled < length) {
      if (from >= raw.byteLength) {
        throw new ReelError("format.truncated", {
          what: `segment ${segment} of group ${index.group}`,
          wanted: start + length,
          found: raw.byteLength,
        });
      }
      const piece = raw.subarray(from, Math.min(raw.byteLength, from + length - filled));
      pieces.push(Uint8Array.from(piece));
      filled += piece.byteLength;
      from = 0;
      if (filled < length) raw = this.segment(index, ++segment);
    }
    return Buffer.concat(pieces);
  }

  private segment(index: GroupIndex, segment: number): Uint8Array {
    const pending = this.pendingSegment?.(index, segment);
    if (pending) return pending;
    if (segment >= index.segmentGroup.length) {
      throw new ReelError("format.damaged", {
        what: `group ${index.group}`,
        found: `segment ${segment} of ${index.segmentGroup.length}`,
      });
    }
    return this.segments.read(
      groupDataFile(index.segmentGroup.at(segment)),
      index.segmentOffset.at(segment),
      SEGMENT.data,
    );
  }

  /** Revision number of an entry within its history. */
  revOf(index: GroupIndex, entry: number): Rev {
    let rev = 0;
    for (let at = index.previous.at(entry); at >= 0; at = index.previous.at(at)) rev++;
    return toRev(rev);
  }

  /** For messages: the text as a string of bytes. */
  textAsString(history: HistoryId, node: NodeId): ByteString {
    return byteString(this.text(history, node));
  }

  linkOf(history: HistoryId, node: NodeId): Rev {
    const index = this.group(groupOf(history));
    const link = index.link.at(this.entry(history, node));
    assert(link < this.changelog.count, "a revision is linked to a changeset that is not there");
    return toRev(link);
  }
}
