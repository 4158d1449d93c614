// The changelog: heads where `log` reads them, file lists apart, joined only to hash, serve or verify.
import { crc32 } from "node:zlib";
import { byteString, type ByteString, EMPTY } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { NODE_BYTES, type NodeId, NULL_REV, type Rev, toRev } from "../core/ids.ts";
import {
  CHANGESET_HEADS,
  CHANGESET_INDEX,
  CHANGESET_LISTS,
  type ReadView,
} from "../store/store.ts";
import { decodeSegment } from "../store/segment.ts";
import type { ChangelogReader, ChangesetHead } from "./changelog-reader.ts";
import {
  CHANGESET_ENTRY_BYTES,
  type ChangesetEntry,
  decodeChangesetEntry,
  LIST_IS_MANIFEST,
} from "./changeset-index.ts";
import { decodeFileList, decodeHead, joinChangeset } from "./changeset-text.ts";
import { SEGMENT } from "./group-index.ts";

/** How many index entries or bytes of heads one read brings in. */
const ENTRIES_READ = 1024;
const HEAD_BYTES_READ = 64 << 10;
const HEADS_KEPT_MAX = 20_000;

/** Gives the file list of a changeset whose list is that of its manifest. */
export type ManifestList = (rev: Rev, head: ChangesetHead) => Uint8Array;
/** Gives the tags of the catalog: name to revision. */
export type TagSource = () => ReadonlyMap<ByteString, Rev>;

export class Changelog implements ChangelogReader {
  readonly count: number;
  private readonly store: ReadView;
  private readonly index: Uint8Array;
  private readonly loaded: Uint8Array;
  private readonly heads = new Map<number, ChangesetHead>();
  private headBlock: { readonly at: number; readonly bytes: Uint8Array } = { at: 0, bytes: EMPTY };
  private byNode: Map<string, number> | null = null;
  private tagCache: ReadonlyMap<ByteString, Rev> | null = null;
  private tagsByRev: ReadonlyMap<number, readonly ByteString[]> | null = null;
  /** Set by whoever can read manifests. */
  manifestList: ManifestList | null = null;
  tagSource: TagSource | null = null;
  /** How many file lists were read or derived: `log` reads none. */
  listsRead = 0;

  constructor(store: ReadView) {
    this.store = store;
    const size = store.size(CHANGESET_INDEX);
    this.count = Math.floor(size / CHANGESET_ENTRY_BYTES);
    this.index = new Uint8Array(size);
    this.loaded = new Uint8Array(Math.ceil(this.count / ENTRIES_READ));
  }

  private load(rev: number): number {
    if (!(rev >= 0 && rev < this.count))
      throw new ReelError("catalog.no-such-rev", { found: rev, count: this.count });
    const block = Math.floor(rev / ENTRIES_READ);
    if (this.loaded[block] === 0) {
      const from = block * ENTRIES_READ * CHANGESET_ENTRY_BYTES;
      const length = Math.min(
        ENTRIES_READ * CHANGESET_ENTRY_BYTES,
        this.count * CHANGESET_ENTRY_BYTES - from,
      );
      this.index.set(this.store.read(CHANGESET_INDEX, from, length), from);
      this.loaded[block] = 1;
    }
    return rev * CHANGESET_ENTRY_BYTES;
  }

  entry(rev: Rev): ChangesetEntry {
    return decodeChangesetEntry(this.index, this.load(rev), rev);
  }

  node(rev: Rev): NodeId {
    return this.entry(rev).node;
  }

  p1(rev: Rev): Rev {
    return this.parent(rev, 28);
  }

  p2(rev: Rev): Rev {
    return this.parent(rev, 32);
  }

  /** A walk goes down by parents: one that is not below its child is damage, and `entry` says so. */
  private parent(rev: Rev, field: number): Rev {
    const parent = Buffer.from(this.index.buffer).readInt32BE(this.load(rev) + field);
    if (parent >= rev || parent < NULL_REV) this.entry(rev);
    return toRev(parent);
  }

  head(rev: Rev): ChangesetHead {
    const known = this.heads.get(rev);
    if (known) return known;
    const head = decodeHead(this.headBytes(rev));
    if (this.heads.size >= HEADS_KEPT_MAX) this.heads.clear();
    this.heads.set(rev, head);
    return head;
  }

  /** The stored head. Throws `format.damaged` if its checksum is wrong. */
  headBytes(rev: Rev): Uint8Array {
    const { headOffset, headLength, headCrc } = this.entry(rev);
    let block = this.headBlock;
    if (headOffset < block.at || headOffset + headLength > block.at + block.bytes.byteLength) {
      const size = this.store.size(CHANGESET_HEADS);
      // A walk goes down from the tip: read the block that ends with this head, and some after it.
      const at = Math.max(0, Math.min(headOffset, headOffset + headLength - HEAD_BYTES_READ));
      const length = Math.min(size - at, Math.max(headOffset + headLength - at, HEAD_BYTES_READ));
      block = { at, bytes: this.store.read(CHANGESET_HEADS, at, length) };
      this.headBlock = block;
    }
    const bytes = block.bytes.subarray(headOffset - block.at, headOffset - block.at + headLength);
    if (crc32(bytes) !== headCrc) {
      throw new ReelError("format.damaged", {
        what: `the head of changeset ${rev}`,
        found: "a wrong checksum",
      });
    }
    return bytes;
  }

  /** The file list as bytes, each path with its LF. */
  listBytes(rev: Rev): Uint8Array {
    this.listsRead++;
    const { listOffset, listLength, files } = this.entry(rev);
    if (files === 0) return EMPTY;
    if (listLength === LIST_IS_MANIFEST) {
      if (!this.manifestList)
        throw new ReelError("internal", { found: "a changelog without its manifests" });
      return this.manifestList(rev, this.head(rev));
    }
    const what = `the file list of changeset ${rev}`;
    const bytes = this.store.read(CHANGESET_LISTS, listOffset, listLength);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.byteLength; ) {
      const segment = decodeSegment(bytes, at, what);
      if (segment.kind !== SEGMENT.list)
        throw new ReelError("format.damaged", { what, found: `a segment of kind ${segment.kind}` });
      parts.push(segment.raw);
      at = segment.next;
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  files(rev: Rev): readonly ByteString[] {
    return decodeFileList(this.listBytes(rev));
  }

  /** The whole text, as it is hashed. */
  text(rev: Rev): Uint8Array {
    return joinChangeset(this.headBytes(rev), this.listBytes(rev));
  }

  tags(): ReadonlyMap<ByteString, Rev> {
    this.tagCache ??= this.tagSource ? this.tagSource() : new Map();
    return this.tagCache;
  }

  tagsOf(rev: Rev): readonly ByteString[] {
    if (!this.tagsByRev) {
      const byRev = new Map<number, ByteString[]>();
      for (const [name, at] of this.tags()) byRev.set(at, [...(byRev.get(at) ?? []), name]);
      this.tagsByRev = byRev;
    }
    return this.tagsByRev.get(rev) ?? [];
  }

  revOf(node: NodeId): Rev {
    if (!this.byNode) {
      this.byNode = new Map();
      for (let rev = 0; rev < this.count; rev++) this.byNode.set(this.node(toRev(rev)), rev);
    }
    return toRev(this.byNode.get(node) ?? NULL_REV);
  }

  byPrefix(hex: string): Rev | "ambiguous" | "unknown" {
    const prefix = hex.toLowerCase();
    if (!/^[0-9a-f]{1,40}$/.test(prefix)) return "unknown";
    const whole = prefix.length >> 1;
    const wanted = Buffer.from(prefix.slice(0, whole * 2), "hex");
    const half = prefix.length % 2 === 1 ? Number.parseInt(prefix.at(-1) as string, 16) : -1;
    let found = NULL_REV;
    for (let rev = 0; rev < this.count; rev++) {
      const at = this.load(rev) + 36;
      let i = 0;
      while (i < whole && this.index[at + i] === wanted[i]) i++;
      if (i < whole || (half >= 0 && (this.index[at + whole] as number) >> 4 !== half)) continue;
      if (found !== NULL_REV) return "ambiguous";
      found = toRev(rev);
    }
    if (found !== NULL_REV) return found;
    return prefix === "0".repeat(prefix.length) ? NULL_REV : "unknown";
  }

  /** Raw nodes of all changesets, 20 bytes each: for peers. */
  nodes(): Uint8Array {
    const nodes = new Uint8Array(this.count * NODE_BYTES);
    for (let rev = 0; rev < this.count; rev++) {
      const at = this.load(rev) + 36;
      nodes.set(this.index.subarray(at, at + NODE_BYTES), rev * NODE_BYTES);
    }
    return nodes;
  }

  /** For messages. */
  describe(rev: Rev): string {
    return `${rev}:${this.node(rev).slice(0, 12)} ${byteString(this.headBytes(rev)).split("\n").at(-1)}`;
  }
}
