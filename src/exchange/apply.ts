// Taking a changegroup into a catalog: every node is recomputed, every reference followed, and nothing is
// visible before the writer commits. Memory is bounded by one revision, an index of what is new, and the
// texts of changesets up to PENDING_BYTES_MAX.
import type { CatalogWriter } from "../catalog/catalog-writer.ts";
import { ROOT_HISTORY, type CatalogView } from "../catalog/catalog-view.ts";
import { applyDelta, makeDelta, patchedLength } from "../catalog/delta.ts";
import { contentOffset } from "../catalog/filelog-text.ts";
import type { GroupIndex } from "../catalog/group-index.ts";
import { HISTORY } from "../catalog/group-index.ts";
import { decodeManifest, type ManifestEntry } from "../catalog/manifest-text.ts";
import { type ByteString, EMPTY, showBytes } from "../core/bytes.ts";
import { Int32Column } from "../core/columns.ts";
import { ReelError } from "../core/errors.ts";
import {
  type HistoryId,
  type NodeId,
  NULL_NODE,
  NULL_REV,
  type Rev,
  toHistoryId,
} from "../core/ids.ts";
import { type Progress, startPhase } from "../core/progress.ts";
import { groupOf, slotOf } from "../store/placement.ts";
import { PENDING_BYTES_MAX, ReceivedChangesets } from "./apply-changesets.ts";
import type { ChangegroupItem, Segment, SentRevision } from "./changegroup.ts";
import { received, tooLarge } from "./damage.ts";
import {
  checkedManifest,
  checkNode,
  checkPath,
  insertedBytes,
  isCutAtLines,
  manifestOf,
  TEXT_BYTES_MAX,
} from "./received-texts.ts";

/** What Mercurial calls the flags, so that a refusal can name them. */
const FLAGS: readonly (readonly [number, string])[] = [
  [0x8000, "censored"],
  [0x4000, "ellipsis"],
  [0x2000, "stored elsewhere"],
  [0x1000, "copy information apart"],
];

export interface Applied {
  readonly changesets: number;
  /** Revisions of manifests and of files. */
  readonly revisions: number;
  /** Revisions that were here already. */
  readonly known: number;
  /** The new changesets, in the order they came. */
  readonly nodes: readonly NodeId[];
}

export class ChangegroupApplier {
  private readonly writer: CatalogWriter;
  private readonly view: CatalogView;
  private readonly progress: Progress;
  private readonly changesets: ReceivedChangesets;
  /** Manifest revisions that came: their lines are followed at the end, when all that they may name is here. */
  private readonly manifestHistories = new Int32Column(64);
  private readonly manifestEntries = new Int32Column(64);
  private readonly directories = new Map<HistoryId, ByteString>([[ROOT_HISTORY, ""]]);
  private segment: Segment = "changesets";
  private path: ByteString = "";
  private history: HistoryId = ROOT_HISTORY;
  private last: {
    readonly history: HistoryId;
    readonly node: NodeId;
    readonly text: Uint8Array;
  } | null = null;
  private revisions = 0;
  private known = 0;

  /** `pendingBytes`: how many bytes of changesets are held until their manifests are here. */
  constructor(writer: CatalogWriter, progress: Progress, pendingBytes = PENDING_BYTES_MAX) {
    this.writer = writer;
    this.view = writer.view;
    this.progress = progress;
    this.changesets = new ReceivedChangesets(writer, pendingBytes);
  }

  /** Items in the order of the stream. Throws `exchange.*`; the writer must then be aborted. */
  take(item: ChangegroupItem): void {
    if (item.kind === "group") this.enter(item.segment, item.path);
    else if (item.kind === "revision") this.revision(item);
  }

  private enter(segment: Segment, path: ByteString): void {
    if (segment !== this.segment || segment === "changesets")
      startPhase(this.progress, `receiving ${segment}`, "revisions");
    this.segment = segment;
    this.path = path;
    this.history = ROOT_HISTORY;
    if (segment !== "trees" && segment !== "files") return;
    checkPath(path);
    if (segment === "trees") {
      this.history = this.directory(path);
      this.directories.set(this.history, path);
      return;
    }
    const history = this.historyOf(path, HISTORY.file);
    if (history === null) throw new ReelError("exchange.stray-history", { path: showBytes(path) });
    this.history = history;
  }

  /** The view's own look-up takes a catalog without commits to be empty; the writer has made its root. */
  private historyOf(path: ByteString, kind: number): HistoryId | null {
    const names = path.split("/");
    let at: HistoryId | null = ROOT_HISTORY;
    for (let i = 0; at !== null && i < names.length; i++) {
      at = this.view.child(at, names[i] as string, i + 1 < names.length ? HISTORY.directory : kind);
    }
    return at;
  }

  /** The history of a directory, made where its parent's manifest is still to come. */
  private directory(path: ByteString): HistoryId {
    const known = this.historyOf(path, HISTORY.directory);
    if (known !== null) return known;
    let at = ROOT_HISTORY;
    for (const name of path.split("/"))
      at = this.writer.histories(at, [name], HISTORY.directory)[0] as HistoryId;
    return at;
  }

  private get what(): string {
    if (this.segment === "changesets") return "a changeset";
    return this.segment === "files"
      ? `a revision of ${showBytes(this.path)}`
      : manifestOf(showBytes(this.path));
  }

  private revision(sent: SentRevision): void {
    this.progress.done++;
    const { node, flags } = sent;
    if (flags !== 0) {
      const names = FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
      throw new ReelError("exchange.flags", {
        what: this.what,
        node,
        found: `0x${flags.toString(16)}`,
        names,
      });
    }
    if (this.segment === "changesets") {
      if (!this.changesets.add(sent)) this.known++;
      return;
    }
    const index = this.view.group(groupOf(this.history));
    if (index.find(slotOf(this.history), node) >= 0) {
      this.known++;
      return;
    }
    this.newRevision(sent, index);
  }

  private newRevision(sent: SentRevision, index: GroupIndex): void {
    const { history, writer, what } = this;
    const { node, p1, p2, base, delta } = sent;
    const slot = slotOf(history);
    for (const parent of [p1, p2]) {
      if (parent !== NULL_NODE && index.find(slot, parent) < 0)
        throw new ReelError("exchange.unknown-parent", { what, node, parent });
    }
    if (base !== NULL_NODE && index.find(slot, base) < 0)
      throw new ReelError("exchange.unknown-base", { what, node, base });
    const link = this.changesets.revOf(sent.link);
    if (link === NULL_REV)
      throw new ReelError("exchange.unknown-link", { what, node, link: sent.link });
    const baseText = base === NULL_NODE ? EMPTY : this.textOf(base);
    const text = received(what, () => {
      const length = patchedLength(baseText.byteLength, delta);
      if (length > TEXT_BYTES_MAX) throw tooLarge(what, length, TEXT_BYTES_MAX);
      return applyDelta(baseText, delta);
    });
    checkNode(what, text, p1, p2, node);
    if (this.segment === "files") {
      received(what, () => contentOffset(text));
      writer.add(history, text, p1, p2, link, base === NULL_NODE ? null : { base, delta });
    } else this.manifest(text, baseText, sent, link, index);
    this.revisions++;
    this.last = { history, node, text };
  }

  private textOf(node: NodeId): Uint8Array {
    const { last } = this;
    return last && last.history === this.history && last.node === node
      ? last.text
      : this.view.text(this.history, node);
  }

  private manifest(
    text: Uint8Array,
    baseText: Uint8Array,
    { p1, p2, base, delta }: SentRevision,
    link: Rev,
    index: GroupIndex,
  ): void {
    const entries = checkedManifest(text, this.path);
    let lines = entries;
    let offered = null;
    if (base !== NULL_NODE) {
      // Readers take the lines that a stored delta brings in for what changed: it must be cut at lines.
      const cut = isCutAtLines(baseText, delta) ? delta : makeDelta(baseText, text, true);
      lines = decodeManifest(insertedBytes(cut));
      offered = { base, delta: cut };
    }
    this.makeHistories(lines);
    this.writer.add(this.history, text, p1, p2, link, offered);
    this.manifestHistories.push(this.history);
    this.manifestEntries.push(index.entries - 1);
  }

  /** Many names at once: one by one, each would sort the directory's names again. */
  private makeHistories(lines: readonly ManifestEntry[]): void {
    for (const kind of [HISTORY.directory, HISTORY.file]) {
      const names = lines
        .filter(({ flag }) => (flag === "t") === (kind === HISTORY.directory))
        .map(({ name }) => name);
      if (names.length > 0) this.writer.histories(this.history, names, kind);
    }
  }

  /** What must hold of the whole; then the changesets are added. Throws `exchange.*`. */
  finish(): Applied {
    startPhase(this.progress, "checking manifests", "revisions", this.manifestEntries.length);
    for (let i = 0; i < this.manifestEntries.length; i++) {
      this.progress.done++;
      this.checkLines(toHistoryId(this.manifestHistories.at(i)), this.manifestEntries.at(i));
    }
    this.changesets.finish(
      (manifest) => manifest === NULL_NODE || this.find(ROOT_HISTORY, manifest) >= 0,
    );
    const { nodes } = this.changesets;
    return { changesets: nodes.length, revisions: this.revisions, known: this.known, nodes };
  }

  /** Lines that a delta keeps were followed with the revision that brought them in. */
  private checkLines(history: HistoryId, entry: number): void {
    const index = this.view.group(groupOf(history));
    const base = index.base.at(entry);
    const text =
      base < 0 ? this.view.entryText(index, entry) : insertedBytes(this.view.chunk(index, entry));
    for (const { name, node, flag } of decodeManifest(text)) {
      const child = this.view.child(history, name, flag === "t" ? HISTORY.directory : HISTORY.file);
      if (child === null || this.find(child, node) < 0) {
        const directory = this.directories.get(history) ?? "";
        throw new ReelError("exchange.missing-revision", {
          what: manifestOf(showBytes(directory)),
          name: showBytes(name),
          node,
        });
      }
    }
  }

  private find(history: HistoryId, node: NodeId): number {
    return this.view.group(groupOf(history)).find(slotOf(history), node);
  }
}
