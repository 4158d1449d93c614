// Making a changegroup of what a peer lacks. Stored deltas are sent as they are where the receiver has their
// base by then, else full texts; version 01, which knows no bases, gets deltas of its own.
import { type CatalogView, ROOT_HISTORY } from "../catalog/catalog-view.ts";
import { makeDelta } from "../catalog/delta.ts";
import { type GroupIndex, HISTORY } from "../catalog/group-index.ts";
import { EMPTY } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { type HistoryId, type NodeId, NULL_NODE, type Rev } from "../core/ids.ts";
import { type Progress, startPhase } from "../core/progress.ts";
import { groupOf } from "../store/placement.ts";
import { ChangegroupEncoder, type ChangegroupVersion } from "./changegroup.ts";
import type { Outgoing } from "./outgoing.ts";

/**
 * The changegroup, in pieces. Throws `exchange.needs-trees` where versions 01 and 02 cannot hold what there
 * is: they have no place for manifests of directories.
 */
export function* produceChangegroup(
  view: CatalogView,
  outgoing: Outgoing,
  version: ChangegroupVersion,
  progress: Progress,
): Generator<Uint8Array> {
  if (version !== "03") {
    for (const path of outgoing.directories.values())
      if (path !== "") throw new ReelError("exchange.needs-trees", { found: path });
  }
  yield* new Producer(view, outgoing, version, progress).run();
}

class Producer {
  private readonly view: CatalogView;
  private readonly outgoing: Outgoing;
  private readonly out: ChangegroupEncoder;
  private readonly progress: Progress;

  constructor(
    view: CatalogView,
    outgoing: Outgoing,
    version: ChangegroupVersion,
    progress: Progress,
  ) {
    this.view = view;
    this.outgoing = outgoing;
    this.out = new ChangegroupEncoder(version);
    this.progress = progress;
  }

  *run(): Generator<Uint8Array> {
    const { out, outgoing, progress, view } = this;
    startPhase(progress, "sending", "revisions", outgoing.missing.length + outgoing.revisions);
    yield* this.changesets();
    out.enter("manifests");
    if (outgoing.includes(ROOT_HISTORY)) yield* this.history(ROOT_HISTORY);
    for (const [history, path] of outgoing.directories) {
      if (history === ROOT_HISTORY) continue;
      out.group("trees", path);
      yield* this.history(history);
    }
    for (const [directory, path] of outgoing.directories) {
      const { names, ids } = view.children(directory);
      for (let i = 0; i < names.length; i++) {
        const file = ids[i] as HistoryId;
        if (!outgoing.includes(file) || view.kindOf(file) !== HISTORY.file) continue;
        out.group("files", path === "" ? (names[i] as string) : `${path}/${names[i] as string}`);
        yield* this.history(file);
      }
    }
    out.finish();
    yield out.take();
  }

  private *changesets(): Generator<Uint8Array> {
    const { out, view } = this;
    const { changelog } = view;
    const nodeOf = (rev: Rev): NodeId => (rev < 0 ? NULL_NODE : changelog.node(rev));
    let previous: { readonly rev: Rev; readonly text: Uint8Array } | null = null;
    for (const rev of this.outgoing.missing) {
      this.progress.done++;
      const node = changelog.node(rev);
      const p1 = changelog.p1(rev);
      const [first, second] = [nodeOf(p1), nodeOf(changelog.p2(rev))];
      const text = changelog.text(rev);
      if (out.version === "01") {
        const base: Rev = previous?.rev ?? p1;
        const baseText: Uint8Array = previous?.text ?? (p1 < 0 ? EMPTY : changelog.text(p1));
        out.revision(node, first, second, nodeOf(base), node, makeDelta(baseText, text, false));
        previous = { rev, text };
      } else out.fullText(node, first, second, node, text);
      if (out.ready) yield out.take();
    }
  }

  private *history(history: HistoryId): Generator<Uint8Array> {
    const { out, outgoing, progress, view } = this;
    const index = view.group(groupOf(history));
    const lines = view.kindOf(history) === HISTORY.directory;
    let previous = -1;
    for (const entry of outgoing.entriesOf(history)) {
      progress.done++;
      const nodeOf = (of: number): NodeId => (of < 0 ? NULL_NODE : index.node(of));
      const [node, p1, p2] = [
        index.node(entry),
        nodeOf(index.p1.at(entry)),
        nodeOf(index.p2.at(entry)),
      ];
      const link = view.changelog.node(outgoing.linkOf(index, entry));
      if (out.version === "01") {
        const base = previous >= 0 ? previous : index.p1.at(entry);
        out.revision(node, p1, p2, nodeOf(base), link, this.deltaOf(index, entry, base, lines));
        previous = entry;
      } else {
        const base = index.base.at(entry);
        if (base >= 0 && outgoing.has(index, base))
          out.revision(node, p1, p2, nodeOf(base), link, view.chunk(index, entry));
        else out.fullText(node, p1, p2, link, view.entryText(index, entry));
      }
      if (out.ready) yield out.take();
    }
  }

  private deltaOf(index: GroupIndex, entry: number, base: number, lines: boolean): Uint8Array {
    const { view } = this;
    if (base >= 0 && index.base.at(entry) === base) return view.chunk(index, entry);
    const baseText = base < 0 ? EMPTY : Uint8Array.from(view.entryText(index, base));
    return makeDelta(baseText, view.entryText(index, entry), lines);
  }
}
