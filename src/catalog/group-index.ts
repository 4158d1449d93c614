// The index of one group: every revision of the histories placed in it, in columns, and the names of the
// directories among them. Loaded whole when a group is first touched: a group is bounded, so this does not
// grow with the catalog. Invariants, asserted when a batch is added and when it is read:
//   (1) a parent or delta base is an earlier entry of the same history;
//   (2) entries lie in the order of their segments, each wholly in one segment;
//   (3) nothing committed changes: a batch only adds.
import { bufferOver, type ByteString } from "../core/bytes.ts";
import { Float64Column, Int32Column } from "../core/columns.ts";
import { assert } from "../core/errors.ts";
import { type HistoryId, NODE_BYTES, type NodeId, nodeAt } from "../core/ids.ts";

/** Kinds of segments (store/segment.ts) that the catalog writes. */
export const SEGMENT = { index: 1, nodes: 2, data: 3, list: 4 } as const;

/** Kinds of histories. */
export const HISTORY = { file: 0, directory: 1 } as const;

/** Names added to one directory by one batch, ascending; decoded when first asked for. */
export interface NameRun {
  readonly names: readonly ByteString[];
  /** History of each name. */
  readonly ids: readonly HistoryId[];
}

export class GroupIndex {
  readonly group: number;
  /** Columns by entry. Parents, bases and `previous` are entries of this group or -1. */
  readonly slot = new Int32Column(256);
  /** The entry before this one in the same history. */
  readonly previous = new Int32Column(256);
  readonly p1 = new Int32Column(256);
  readonly p2 = new Int32Column(256);
  /** Entry that the stored chunk is a delta against; -1 is a full text. */
  readonly base = new Int32Column(256);
  readonly link = new Int32Column(256);
  readonly fullLength = new Int32Column(256);
  readonly storedLength = new Int32Column(256);
  readonly segment = new Int32Column(256);
  /** Place of the chunk in its segment's raw bytes. */
  readonly start = new Int32Column(256);
  /** Columns by segment: the group whose data file holds it, and the offset there. */
  readonly segmentGroup = new Int32Column(16);
  readonly segmentOffset = new Float64Column(16);
  /** Columns by slot: the newest entry, and the kind. */
  readonly last = new Int32Column(64);
  readonly kind = new Int32Column(64);
  private nodes: Uint8Array = new Uint8Array(256 * NODE_BYTES);
  /** Nodes of the newest entries, still as hex. */
  private waiting: NodeId[] = [];
  /** Entries whose nodes are raw. */
  private settled = 0;
  private readonly runs = new Map<number, NameRun[]>();

  constructor(group: number) {
    this.group = group;
  }

  get entries(): number {
    return this.slot.length;
  }

  get histories(): number {
    return this.last.length;
  }

  addHistory(kind: number): number {
    this.last.push(-1);
    return this.kind.push(kind);
  }

  /** Adds an entry's index fields; `segment` and `start` say where its chunk lies. */
  addEntry(
    slot: number,
    node: NodeId | Uint8Array,
    p1: number,
    p2: number,
    base: number,
    link: number,
    fullLength: number,
    storedLength: number,
    segment: number,
    start: number,
  ): number {
    const entry = this.slot.push(slot);
    assert(p1 < entry && p2 < entry && base < entry, "a revision refers to a later one");
    this.previous.push(this.last.at(slot));
    this.last.set(slot, entry);
    this.p1.push(p1);
    this.p2.push(p2);
    this.base.push(base);
    this.link.push(link);
    this.fullLength.push(fullLength);
    this.storedLength.push(storedLength);
    this.segment.push(segment);
    this.start.push(start);
    if (typeof node === "string") {
      this.waiting.push(node);
      return entry;
    }
    this.rawNodes(entry + 1).set(node, entry * NODE_BYTES);
    this.settled = entry + 1;
    return entry;
  }

  /** The raw nodes, with room for `entries`; those that came as hex are converted many at a time. */
  private rawNodes(entries: number): Uint8Array {
    if (entries * NODE_BYTES > this.nodes.byteLength) {
      const next = new Uint8Array(Math.max(entries * NODE_BYTES, this.nodes.byteLength * 2));
      next.set(this.nodes);
      this.nodes = next;
    }
    if (this.waiting.length > 0) {
      bufferOver(this.nodes).write(this.waiting.join(""), this.settled * NODE_BYTES, "hex");
      this.settled += this.waiting.length;
      this.waiting = [];
    }
    return this.nodes;
  }

  node(entry: number): NodeId {
    return this.waiting[entry - this.settled] ?? nodeAt(this.nodes, entry * NODE_BYTES);
  }

  /** Raw nodes of entries `from` on; a view. */
  nodesFrom(from: number): Uint8Array {
    return this.rawNodes(this.entries).subarray(from * NODE_BYTES, this.entries * NODE_BYTES);
  }

  /** Entry of a node in one history, or -1; looks from the newest back. */
  find(slot: number, node: NodeId): number {
    let entry = slot < this.last.length ? this.last.at(slot) : -1;
    if (entry < 0) return -1;
    const first = Number.parseInt(node.slice(0, 8), 16);
    const nodes = this.rawNodes(this.entries);
    for (; entry >= 0; entry = this.previous.at(entry)) {
      const at = entry * NODE_BYTES;
      const here =
        (nodes[at] as number) * 0x1000000 +
        (((nodes[at + 1] as number) << 16) |
          ((nodes[at + 2] as number) << 8) |
          (nodes[at + 3] as number));
      if (here === first && this.node(entry) === node) return entry;
    }
    return -1;
  }

  /** Entries of a history, oldest first. */
  entriesOf(slot: number): number[] {
    const entries: number[] = [];
    for (let entry = this.last.at(slot); entry >= 0; entry = this.previous.at(entry))
      entries.push(entry);
    return entries.reverse();
  }

  addRun(directorySlot: number, run: NameRun): void {
    const runs = this.runs.get(directorySlot);
    if (runs) runs.push(run);
    else this.runs.set(directorySlot, [run]);
  }

  runsOf(directorySlot: number): readonly NameRun[] {
    return this.runs.get(directorySlot) ?? [];
  }
}
