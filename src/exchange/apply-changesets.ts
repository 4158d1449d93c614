// The changesets of a changegroup, which come first and can only be judged last. They are held back until
// the manifests are here, since a first changeset that lists all its files is stored without its list
// (docs/format/catalog.md, section 5). Where they are too many to hold, that is taken for granted of every
// first changeset and checked at the end.
import type { CatalogWriter } from "../catalog/catalog-writer.ts";
import { joinChangeset } from "../catalog/changeset-text.ts";
import { applyDelta, patchedLength } from "../catalog/delta.ts";
import { manifestFileList } from "../catalog/tree-walk.ts";
import { bufferOver, EMPTY } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { sha256 } from "../core/hash.ts";
import { type NodeId, NULL_NODE, NULL_REV, type Rev, toRev } from "../core/ids.ts";
import type { SentRevision } from "./changegroup.ts";
import { damaged, received, tooLarge } from "./damage.ts";
import {
  checkedChangeset,
  checkNode,
  type ReceivedChangeset,
  TEXT_BYTES_MAX,
} from "./received-texts.ts";

/** Texts of changesets that are held: a million changed paths of 64 bytes. */
export const PENDING_BYTES_MAX = 64 << 20;

const WHAT = "a changeset";

interface Pending extends ReceivedChangeset {
  readonly node: NodeId;
  readonly p1: NodeId;
  readonly p2: NodeId;
}

/** A first changeset whose list was taken to be its manifest's. */
interface Presumed {
  readonly node: NodeId;
  readonly manifest: NodeId;
  readonly listDigest: Uint8Array;
}

export class ReceivedChangesets {
  /** The new ones, as they came. */
  readonly nodes: NodeId[] = [];
  private readonly writer: CatalogWriter;
  private readonly pendingMax: number;
  private readonly revs = new Map<NodeId, Rev>();
  private readonly first: number;
  private pending: Pending[] = [];
  private readonly pendingByNode = new Map<NodeId, Pending>();
  private pendingBytes = 0;
  private readonly manifests: { readonly node: NodeId; readonly manifest: NodeId }[] = [];
  private readonly presumed: Presumed[] = [];
  private last: { readonly node: NodeId; readonly text: Uint8Array } | null = null;
  private holding = true;

  constructor(writer: CatalogWriter, pendingMax: number) {
    this.writer = writer;
    this.pendingMax = pendingMax;
    this.first = writer.nextRev;
    const { view } = writer;
    view.changelog.manifestList = (_rev, head) => manifestFileList(view, head.manifest);
  }

  /** Revision of a changeset that is here or came; -1 otherwise. */
  revOf(node: NodeId): Rev {
    return this.revs.get(node) ?? (node === NULL_NODE ? NULL_REV : this.writer.revOf(node));
  }

  /** Gives false for one that is here already. Throws `exchange.*`. */
  add({ node, p1, p2, base, link, delta }: SentRevision): boolean {
    if (this.revOf(node) !== NULL_REV) return false;
    for (const parent of [p1, p2]) {
      if (parent !== NULL_NODE && this.revOf(parent) === NULL_REV)
        throw new ReelError("exchange.unknown-parent", { what: WHAT, node, parent });
    }
    if (link !== node) throw damaged(WHAT, `linked to ${link}, not to itself`);
    const baseText = this.textOf(base, node);
    const text = received(WHAT, () => {
      const length = patchedLength(baseText.byteLength, delta);
      if (length > TEXT_BYTES_MAX) throw tooLarge(WHAT, length, TEXT_BYTES_MAX);
      return applyDelta(baseText, delta);
    });
    checkNode(WHAT, text, p1, p2, node);
    const changeset = checkedChangeset(text);
    this.revs.set(node, toRev(this.first + this.nodes.length));
    this.nodes.push(node);
    this.manifests.push({ node, manifest: changeset.head.manifest });
    this.last = { node, text };
    this.hold({ ...changeset, node, p1, p2 });
    return true;
  }

  private textOf(base: NodeId, node: NodeId): Uint8Array {
    if (base === NULL_NODE) return EMPTY;
    if (this.last?.node === base) return this.last.text;
    const pending = this.pendingByNode.get(base);
    if (pending) return joinChangeset(pending.headBytes, pending.list);
    const { changelog } = this.writer.view;
    const rev = changelog.revOf(base);
    if (rev === NULL_REV) throw new ReelError("exchange.unknown-base", { what: WHAT, node, base });
    return changelog.text(rev);
  }

  private hold(changeset: Pending): void {
    if (this.holding) {
      this.pending.push(changeset);
      this.pendingByNode.set(changeset.node, changeset);
      this.pendingBytes += changeset.headBytes.byteLength + changeset.list.byteLength;
      if (this.pendingBytes <= this.pendingMax) return;
      this.holding = false;
      for (const each of this.pending) this.presume(each);
      this.pending = [];
      this.pendingByNode.clear();
    } else this.presume(changeset);
  }

  private presume(changeset: Pending): void {
    const first = isFirst(changeset);
    if (first) {
      const { node, head, list } = changeset;
      this.presumed.push({ node, manifest: head.manifest, listDigest: sha256(list) });
    }
    this.store(changeset, first);
  }

  private store({ headBytes, list, files, p1, p2 }: Pending, listIsManifest: boolean): void {
    this.writer.addChangeset(headBytes, list, files, listIsManifest, p1, p2);
  }

  /** When all revisions are here: each must find its manifest. Throws `exchange.*`. */
  finish(hasManifest: (manifest: NodeId) => boolean): void {
    const { view } = this.writer;
    for (const { node, manifest } of this.manifests) {
      if (!hasManifest(manifest))
        throw new ReelError("exchange.missing-revision", {
          what: `changeset ${node}`,
          name: "its root manifest",
          node: manifest,
        });
    }
    for (const { node, manifest, listDigest } of this.presumed) {
      if (!bufferOver(sha256(manifestFileList(view, manifest))).equals(listDigest))
        throw new ReelError("exchange.other-list", { node });
    }
    for (const changeset of this.pending) {
      const { head, list } = changeset;
      this.store(
        changeset,
        isFirst(changeset) && bufferOver(manifestFileList(view, head.manifest)).equals(list),
      );
    }
  }
}

function isFirst({ p1, p2, files, head }: Pending): boolean {
  return p1 === NULL_NODE && p2 === NULL_NODE && files > 0 && head.manifest !== NULL_NODE;
}
