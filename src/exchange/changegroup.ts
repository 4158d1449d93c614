// Codec of changegroups 01, 02 and 03: revisions as deltas, group by group. docs/format/bundle.md, section 2.
// A chunk is its length with itself (4), then the rest; length 0 ends a group or a segment. A delta chunk:
//   0 20  node     40 20  second parent           80 20  link: the changeset (01: at 60; 02, 03: here)
//  20 20  parent   60 20  base of the delta (not in 01)  100  2  flags (03 only)
import { byteString, type ByteString, ByteWriter } from "../core/bytes.ts";
import { NODE_BYTES, type NodeId, nodeAt, NULL_NODE } from "../core/ids.ts";
import { ByteFeed } from "./byte-feed.ts";
import { damaged, endsEarly, tooLarge } from "./damage.ts";

export const CHANGEGROUP_VERSIONS = ["01", "02", "03"] as const;
export type ChangegroupVersion = (typeof CHANGEGROUP_VERSIONS)[number];

export function isChangegroupVersion(text: string): text is ChangegroupVersion {
  return (CHANGEGROUP_VERSIONS as readonly string[]).includes(text);
}

/** Twice the longest text that Reel hashes in one piece; a receiver must be ready to hold it. */
export const CHUNK_BYTES_MAX = 512 << 20;
/** 4000 directories of names that escaping has made long. */
export const PATH_BYTES_MAX = 1 << 20;

const LENGTH_BYTES = 4;
const HEADER_BYTES: Readonly<Record<ChangegroupVersion, number>> = {
  "01": 80,
  "02": 100,
  "03": 102,
};

export type Segment = "changesets" | "manifests" | "trees" | "files";

export interface SentRevision {
  readonly kind: "revision";
  readonly node: NodeId;
  readonly p1: NodeId;
  readonly p2: NodeId;
  /** What the delta is against; the null id is the empty text. */
  readonly base: NodeId;
  readonly link: NodeId;
  readonly flags: number;
  readonly delta: Uint8Array;
}

export type ChangegroupItem =
  /** Revisions of one history follow; `path` is that of a file or, without its last slash, of a directory. */
  | { readonly kind: "group"; readonly segment: Segment; readonly path: ByteString }
  | SentRevision
  | { readonly kind: "end" };

function segmentsOf(version: ChangegroupVersion): readonly Segment[] {
  return version === "03"
    ? ["changesets", "manifests", "trees", "files"]
    : ["changesets", "manifests", "files"];
}

const WHAT = "the changegroup";

/** Takes bytes as they come and gives the items they complete. Deltas are views that the next push may end. */
export class ChangegroupDecoder {
  private readonly version: ChangegroupVersion;
  private readonly segments: readonly Segment[];
  private readonly feed = new ByteFeed();
  private segment = 0;
  /** Revisions of the group so far; -1 between the groups of a segment. */
  private inGroup = 0;
  private previous: NodeId | null = null;
  /** Length of the chunk whose bytes are awaited, without its own field; -1 while that is awaited. */
  private wanted = -1;

  constructor(version: ChangegroupVersion) {
    this.version = version;
    this.segments = segmentsOf(version);
  }

  /** Throws `exchange.damaged`, `exchange.too-large`. */
  push(bytes: Uint8Array): ChangegroupItem[] {
    this.feed.push(bytes);
    const items: ChangegroupItem[] = [];
    for (;;) {
      const segment = this.segments[this.segment];
      if (segment === undefined) {
        if (this.feed.available > 0) throw damaged(WHAT, "bytes after its end");
        return items;
      }
      if (this.wanted < 0) {
        if (this.feed.available < LENGTH_BYTES) return items;
        if (this.segment === 0 && this.inGroup === 0 && this.previous === null)
          items.push({ kind: "group", segment, path: "" });
        if (!this.startChunk(this.feed.u32(), segment, items)) continue;
      }
      if (this.feed.available < this.wanted) return items;
      const chunk = this.feed.take(this.wanted);
      this.wanted = -1;
      items.push(this.inGroup < 0 ? this.group(segment, chunk) : this.revision(chunk));
    }
  }

  /** Throws `exchange.truncated` unless all was there. */
  finish(): void {
    if (this.segment < this.segments.length)
      throw endsEarly(WHAT, `in its ${this.segments[this.segment]}`);
  }

  /** Gives whether there is a chunk to read. */
  private startChunk(length: number, segment: Segment, items: ChangegroupItem[]): boolean {
    if (length === 0) {
      this.endOfGroup(segment, items);
      return false;
    }
    const limit = this.inGroup < 0 ? PATH_BYTES_MAX : CHUNK_BYTES_MAX;
    if (length <= LENGTH_BYTES) throw damaged(WHAT, `a chunk of length ${length}`);
    if (length > limit)
      throw tooLarge(
        this.inGroup < 0 ? "a path in the changegroup" : "a chunk of the changegroup",
        length,
        limit,
      );
    this.wanted = length - LENGTH_BYTES;
    return true;
  }

  private endOfGroup(segment: Segment, items: ChangegroupItem[]): void {
    const named = segment === "trees" || segment === "files";
    if (named && this.inGroup === 0) throw damaged(WHAT, "a group without revisions");
    if (named && this.inGroup > 0) {
      this.inGroup = -1;
      return;
    }
    this.segment++;
    const next = this.segments[this.segment];
    this.inGroup = next === "manifests" ? 0 : -1;
    this.previous = null;
    if (next === undefined) items.push({ kind: "end" });
    else if (next === "manifests") items.push({ kind: "group", segment: next, path: "" });
  }

  private group(segment: Segment, chunk: Uint8Array): ChangegroupItem {
    const path = byteString(chunk);
    this.inGroup = 0;
    this.previous = null;
    if (segment === "files") return { kind: "group", segment, path };
    if (!path.endsWith("/"))
      throw damaged(WHAT, `the directory ${JSON.stringify(path)} without a slash at its end`);
    return { kind: "group", segment, path: path.slice(0, -1) };
  }

  private revision(chunk: Uint8Array): SentRevision {
    const headerBytes = HEADER_BYTES[this.version];
    if (chunk.byteLength < headerBytes)
      throw damaged(WHAT, `a revision of ${chunk.byteLength} bytes`);
    const id = (place: number): NodeId => nodeAt(chunk, place * NODE_BYTES);
    const node = id(0);
    const p1 = id(1);
    const base = this.version === "01" ? (this.previous ?? p1) : id(3);
    const link = id(this.version === "01" ? 3 : 4);
    const flags =
      this.version === "03" ? ((chunk[100] as number) << 8) | (chunk[101] as number) : 0;
    this.previous = node;
    this.inGroup++;
    return {
      kind: "revision",
      node,
      p1,
      p2: id(2),
      base,
      link,
      flags,
      delta: chunk.subarray(headerBytes),
    };
  }
}

/** How many bytes are gathered before they are handed on. */
const BATCH_BYTES = 64 << 10;

/** Builds a changegroup; `ready` says when `take` is due. Segments must be begun in their order, each once. */
export class ChangegroupEncoder {
  readonly version: ChangegroupVersion;
  private readonly segments: readonly Segment[];
  private out = new ByteWriter(BATCH_BYTES * 2);
  private segment = 0;
  private open = true;

  constructor(version: ChangegroupVersion) {
    this.version = version;
    this.segments = segmentsOf(version);
  }

  /** Ends the group before, if there is one, and begins that of a file or a directory. */
  group(segment: "trees" | "files", path: ByteString): void {
    this.enter(segment);
    if (this.open) this.out.u32be(0);
    this.open = true;
    const name = segment === "trees" ? `${path}/` : path;
    this.out.u32be(LENGTH_BYTES + name.length);
    this.out.byteString(name);
  }

  /** Ends segments up to the one named. */
  enter(segment: Segment): void {
    while (this.segments[this.segment] !== segment) this.endSegment();
  }

  finish(): void {
    while (this.segment < this.segments.length) this.endSegment();
  }

  private endSegment(): void {
    const named =
      this.segments[this.segment] === "trees" || this.segments[this.segment] === "files";
    if (named && this.open) this.out.u32be(0);
    this.out.u32be(0);
    this.segment++;
    this.open = this.segments[this.segment] === "manifests";
  }

  /** In version 01 the base is not written: it must be p1 for a group's first revision, then the one before. */
  revision(
    node: NodeId,
    p1: NodeId,
    p2: NodeId,
    base: NodeId,
    link: NodeId,
    delta: Uint8Array,
  ): void {
    this.header(node, p1, p2, base, link, delta.byteLength);
    this.out.put(delta);
  }

  /** A revision as its full text. Not for version 01. */
  fullText(node: NodeId, p1: NodeId, p2: NodeId, link: NodeId, text: Uint8Array): void {
    // An empty text is an empty delta of the empty text.
    this.header(node, p1, p2, NULL_NODE, link, text.byteLength === 0 ? 0 : 12 + text.byteLength);
    if (text.byteLength === 0) return;
    this.out.u32be(0);
    this.out.u32be(0);
    this.out.u32be(text.byteLength);
    this.out.put(text);
  }

  private header(
    node: NodeId,
    p1: NodeId,
    p2: NodeId,
    base: NodeId,
    link: NodeId,
    deltaBytes: number,
  ): void {
    const { out, version } = this;
    out.u32be(LENGTH_BYTES + HEADER_BYTES[version] + deltaBytes);
    out.hex(version === "01" ? node + p1 + p2 + link : node + p1 + p2 + base + link);
    if (version === "03") out.u16be(0);
  }

  get ready(): boolean {
    return this.out.length >= BATCH_BYTES;
  }

  /** What was built since; memory of its own. */
  take(): Uint8Array {
    const bytes = this.out.finish();
    this.out = new ByteWriter(BATCH_BYTES * 2);
    return bytes;
  }
}
