// What a peer lacks: the changesets it does not have, and with them the revisions of manifests and files that
// no changeset of its own brings. The walk goes only where something is new, so that it costs what is new.
import { type CatalogView, ROOT_HISTORY } from "../catalog/catalog-view.ts";
import { type GroupIndex, HISTORY } from "../catalog/group-index.ts";
import { decodeManifest } from "../catalog/manifest-text.ts";
import { ancestorsOf, bitsOf, type RevBits, revsOf } from "../catalog/revset-dag.ts";
import type { ByteString } from "../core/bytes.ts";
import { type HistoryId, type NodeId, NULL_NODE, type Rev } from "../core/ids.ts";
import { type Progress, startPhase } from "../core/progress.ts";
import { groupOf, slotOf } from "../store/placement.ts";
import { insertedBytes } from "./received-texts.ts";

/** A group's revisions that are to be sent: for each entry 1 + the changeset to link it to, 0 for none. */
interface GroupMarks {
  readonly links: Int32Array;
  readonly slots: Uint8Array;
}

export class Outgoing {
  /** Ascending. */
  readonly missing: readonly Rev[];
  /** Directories with something to send, each after the one it is in; the root first. */
  readonly directories = new Map<HistoryId, ByteString>();
  /** Revisions of manifests and files to send. */
  revisions = 0;
  private readonly view: CatalogView;
  private readonly common: RevBits;
  private readonly marks = new Map<number, GroupMarks>();

  /**
   * `heads` with all that they come from, without `common` and what those come from. The receiver must have
   * the latter whole.
   */
  constructor(view: CatalogView, heads: Iterable<Rev>, common: Iterable<Rev>, progress: Progress) {
    const { changelog } = view;
    this.view = view;
    this.common = ancestorsOf(changelog, bitsOf(common, changelog.count));
    const wanted = ancestorsOf(changelog, bitsOf(heads, changelog.count));
    this.missing = revsOf(wanted.map((bit, rev) => bit & (1 - (this.common[rev] as number))));
    startPhase(progress, "looking for what is new", "changesets", this.missing.length);
    for (const rev of this.missing) {
      progress.done++;
      const { manifest } = changelog.head(rev);
      if (manifest !== NULL_NODE) this.walk(manifest, rev);
    }
  }

  private marksOf(index: GroupIndex): GroupMarks {
    let marks = this.marks.get(index.group);
    if (!marks) {
      marks = { links: new Int32Array(index.entries), slots: new Uint8Array(index.histories) };
      this.marks.set(index.group, marks);
    }
    return marks;
  }

  /** Whether the receiver has a revision by then: it is sent, or a common changeset brought it here. */
  has(index: GroupIndex, entry: number): boolean {
    return this.marksOf(index).links[entry] !== 0 || this.common[index.link.at(entry)] === 1;
  }

  /** Marks a revision that the receiver lacks; gives its entry, or -1 if there is nothing to do. */
  private mark(history: HistoryId, node: NodeId, rev: Rev): number {
    const index = this.view.group(groupOf(history));
    const entry = this.view.entry(history, node);
    if (this.has(index, entry)) return -1;
    const marks = this.marksOf(index);
    marks.links[entry] = rev + 1;
    marks.slots[slotOf(history)] = 1;
    this.revisions++;
    return entry;
  }

  /** The first changeset sent that holds a revision is the one it is linked to. */
  private walk(root: NodeId, rev: Rev): void {
    const stack: { history: HistoryId; path: ByteString; node: NodeId }[] = [
      { history: ROOT_HISTORY, path: "", node: root },
    ];
    for (let at = stack.pop(); at; at = stack.pop()) {
      const { history, path, node } = at;
      const entry = this.mark(history, node, rev);
      if (entry < 0) continue;
      if (!this.directories.has(history)) this.directories.set(history, path);
      for (const line of decodeManifest(this.newLines(history, entry))) {
        const isDirectory = line.flag === "t";
        const child = this.view.child(
          history,
          line.name,
          isDirectory ? HISTORY.directory : HISTORY.file,
        );
        if (child === null) continue;
        if (!isDirectory) this.mark(child, line.node, rev);
        else
          stack.push({
            history: child,
            path: path === "" ? line.name : `${path}/${line.name}`,
            node: line.node,
          });
      }
    }
  }

  /** Lines that the revision's stored delta keeps come with its base. */
  private newLines(history: HistoryId, entry: number): Uint8Array {
    const index = this.view.group(groupOf(history));
    const base = index.base.at(entry);
    return base >= 0 && this.has(index, base)
      ? insertedBytes(this.view.chunk(index, entry))
      : this.view.entryText(index, entry);
  }

  /** Whether anything of a history is to be sent. */
  includes(history: HistoryId): boolean {
    return this.marks.get(groupOf(history))?.slots[slotOf(history)] === 1;
  }

  /** Entries of a history to send, oldest first. */
  entriesOf(history: HistoryId): number[] {
    const index = this.view.group(groupOf(history));
    const { links } = this.marksOf(index);
    const entries: number[] = [];
    for (let entry = index.last.at(slotOf(history)); entry >= 0; entry = index.previous.at(entry)) {
      if (links[entry] !== 0) entries.push(entry);
    }
    return entries.reverse();
  }

  /** The changeset that an entry to send is linked to. */
  linkOf(index: GroupIndex, entry: number): Rev {
    return ((this.marksOf(index).links[entry] as number) - 1) as Rev;
  }
}
