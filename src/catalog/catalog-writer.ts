// Adding to a catalog: histories, revisions and changesets gathered by group, data written in segments as
// it comes, the index last, and everything made visible by one commit of the store.
import { crc32 } from "node:zlib";
import { bufferOver, type ByteString, ByteWriter } from "../core/bytes.ts";
import { assert } from "../core/errors.ts";
import { nodeOf } from "../core/hash.ts";
import { type HistoryId, type NodeId, NULL_NODE, NULL_REV, type Rev, toRev } from "../core/ids.ts";
import { dataGroupFor, groupOf, slotOf, StorePlacement } from "../store/placement.ts";
import {
  encodeSegment,
  encodeSegmentAside,
  SEGMENT_RAW_BYTES,
  storeSegment,
} from "../store/segment.ts";
import {
  CHANGESET_HEADS,
  CHANGESET_INDEX,
  CHANGESET_LISTS,
  groupDataFile,
  groupIndexFile,
  type ReadView,
  type StoreFile,
  type WriteTx,
} from "../store/store.ts";
import { CatalogView, ROOT_HISTORY } from "./catalog-view.ts";
import type { ChangesetHead } from "./changelog-reader.ts";
import { encodeChangesetEntry, LIST_IS_MANIFEST } from "./changeset-index.ts";
import { encodeHead, joinChangeset } from "./changeset-text.ts";
import { type GroupIndex, HISTORY, type NameRun, SEGMENT } from "./group-index.ts";
import { type BatchMark, encodeBatch, markOf } from "./index-batch.ts";

/** A chunk over this is cut over segments of its own: a reader need not hold a list of 256 MiB at once. */
const PIECE_BYTES = 16 << 20;
/** From here on a chunk counts for the large-file exception of placement. */
const LARGE_CHUNK_BYTES = 64 << 10;
/** A delta chain holds at most as many bytes as its text and this many links, so that reading stays short. */
const CHAIN_LINKS_MAX = 100;

/** Segments in work at once: 32 MiB raw. Beyond, they are packed on the spot. */
const PACKING_MAX = 128;

/** A delta that makes the text from that parent's or another earlier revision's text. */
export interface OfferedDelta {
  readonly base: NodeId;
  readonly delta: Uint8Array;
}

interface GroupBatch {
  readonly mark: BatchMark;
  readonly runs: [number, NameRun][];
  readonly data: ByteWriter;
  /** Entries that refer to the segment being filled. */
  entriesInSegment: number;
}

export class CatalogWriter {
  readonly view: CatalogView;
  readonly placement: StorePlacement;
  private readonly tx: WriteTx;
  private readonly batches = new Map<number, GroupBatch>();
  private changesets: number;
  /** Data segments being packed on other threads, in the order they were made. */
  private readonly packing: {
    index: GroupIndex;
    segment: number;
    raw: Uint8Array;
    packed: Promise<Uint8Array>;
  }[] = [];
  private readonly newNodes = new Map<string, Rev>();

  constructor(tx: WriteTx) {
    this.tx = tx;
    const { generation, groups, root } = tx.base;
    const size = (file: StoreFile): number => tx.size(file);
    this.view = new CatalogView({
      generation,
      groups,
      root,
      size,
      read: (file, offset, length) => tx.read(file, offset, length),
    });
    this.view.pendingSegment = (index, segment) => this.pending(index, segment);
    this.placement = new StorePlacement(tx.base.groups);
    this.changesets = this.view.changelog.count;
    if (tx.base.groups.every((group) => group.histories === 0)) {
      const root = this.create(HISTORY.directory, null);
      assert(root === ROOT_HISTORY, "the root directory is history 0");
    }
  }

  /** The revision that the next changeset will have: what its file revisions are linked to. */
  get nextRev(): Rev {
    return toRev(this.changesets);
  }

  private batch(group: number): GroupBatch {
    let batch = this.batches.get(group);
    if (!batch) {
      batch = {
        mark: markOf(this.view.group(group)),
        runs: [],
        data: new ByteWriter(4096),
        entriesInSegment: 0,
      };
      this.batches.set(group, batch);
    }
    return batch;
  }

  private create(kind: number, directory: HistoryId | null): HistoryId {
    const id =
      kind === HISTORY.directory || directory === null
        ? this.placement.placeDirectory()
        : this.placement.placeFile(directory);
    const group = groupOf(id);
    this.batch(group);
    const slot = this.view.group(group).addHistory(kind);
    assert(slot === slotOf(id), "slots are taken in order");
    return id;
  }

  /** Histories of names (ascending, of one kind) in a directory; those that are not there are made. */
  histories(directory: HistoryId, names: readonly ByteString[], kind: number): HistoryId[] {
    const found: HistoryId[] = [];
    const fresh: ByteString[] = [];
    const ids: HistoryId[] = [];
    const known = this.view.children(directory);
    const all = names.length * 4 > known.names.length;
    let at = 0;
    for (const name of names) {
      let id: HistoryId | null = null;
      if (known.names.length > 0) {
        if (all) {
          while (at < known.names.length && (known.names[at] as string) < name) at++;
          for (let i = at; known.names[i] === name; i++) {
            if (this.view.kindOf(known.ids[i] as HistoryId) === kind)
              id = known.ids[i] as HistoryId;
          }
        } else id = this.view.child(directory, name, kind);
      }
      if (id === null) {
        id = this.create(kind, directory);
        fresh.push(name);
        ids.push(id);
      }
      found.push(id);
    }
    if (fresh.length > 0) {
      const group = groupOf(directory);
      const run: NameRun = { names: fresh, ids };
      this.batch(group).runs.push([slotOf(directory), run]);
      this.view.group(group).addRun(slotOf(directory), run);
      this.view.forgetChildren(directory);
    }
    return found;
  }

  /**
   * Adds a revision unless its node is there, and gives the node. Parents are nodes of the same history
   * that are there already.
   */
  add(
    history: HistoryId,
    text: Uint8Array,
    p1: NodeId,
    p2: NodeId,
    link: Rev,
    offered: OfferedDelta | null = null,
  ): NodeId {
    const node = nodeOf(text, p1, p2);
    const index = this.view.group(groupOf(history));
    const slot = slotOf(history);
    if (index.find(slot, node) >= 0) return node;
    const batch = this.batch(index.group);
    const p1Entry = p1 === NULL_NODE ? -1 : this.view.entry(history, p1);
    const p2Entry = p2 === NULL_NODE ? -1 : this.view.entry(history, p2);
    let base = -1;
    let chunk = text;
    if (offered) {
      const entry = this.view.entry(history, offered.base);
      if (this.chainAllows(index, entry, offered.delta.byteLength, text.byteLength)) {
        base = entry;
        chunk = offered.delta;
      }
    }
    const { segment, start } = this.put(index, batch, slot, chunk);
    index.addEntry(
      slot,
      node,
      p1Entry,
      p2Entry,
      base,
      link,
      text.byteLength,
      chunk.byteLength,
      segment,
      start,
    );
    return node;
  }

  private chainAllows(
    index: GroupIndex,
    base: number,
    deltaBytes: number,
    textBytes: number,
  ): boolean {
    let bytes = deltaBytes;
    let links = 1;
    for (let at = base; index.base.at(at) >= 0; at = index.base.at(at)) {
      bytes += index.storedLength.at(at);
      if (++links > CHAIN_LINKS_MAX) return false;
    }
    return bytes <= textBytes;
  }

  private put(
    index: GroupIndex,
    batch: GroupBatch,
    slot: number,
    chunk: Uint8Array,
  ): { segment: number; start: number } {
    if (chunk.byteLength >= LARGE_CHUNK_BYTES) return this.putLarge(index, batch, slot, chunk);
    if (batch.data.length + chunk.byteLength > SEGMENT_RAW_BYTES) this.flushSegment(index, batch);
    const start = batch.data.length;
    batch.data.put(chunk);
    batch.entriesInSegment++;
    return { segment: index.segmentGroup.length, start };
  }

  /** A large chunk has segments to itself, in another group once its history has had its share of this one. */
  private putLarge(
    index: GroupIndex,
    batch: GroupBatch,
    slot: number,
    chunk: Uint8Array,
  ): { segment: number; start: number } {
    this.flushSegment(index, batch);
    let here = 0;
    for (let at = index.last.at(slot); at >= 0; at = index.previous.at(at))
      here += index.storedLength.at(at);
    const group = dataGroupFor(index.group, here, this.placement.groups().length);
    const segment = index.segmentGroup.length;
    for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) {
      this.appendData(index, group, chunk.subarray(at, at + PIECE_BYTES));
    }
    return { segment, start: 0 };
  }

  private appendData(index: GroupIndex, group: number, raw: Uint8Array): void {
    const segment = index.segmentGroup.push(group);
    index.segmentOffset.push(0);
    if (this.packing.length < PACKING_MAX && raw.byteLength <= SEGMENT_RAW_BYTES) {
      const copy = Uint8Array.from(raw);
      this.packing.push({
        index,
        segment,
        raw: copy,
        packed: encodeSegmentAside(SEGMENT.data, copy),
      });
    } else
      index.segmentOffset.set(
        segment,
        this.tx.append(groupDataFile(group), encodeSegment(SEGMENT.data, raw)),
      );
  }

  /** A segment that is being filled or packed. */
  private pending(index: GroupIndex, segment: number): Uint8Array | null {
    if (segment === index.segmentGroup.length)
      return this.batches.get(index.group)?.data.finish() ?? null;
    return this.packing.find((p) => p.index === index && p.segment === segment)?.raw ?? null;
  }

  /** Writes the segments that were packed aside. */
  private async writePacked(): Promise<void> {
    for (const { index, segment, packed } of this.packing) {
      index.segmentOffset.set(
        segment,
        this.tx.append(groupDataFile(index.segmentGroup.at(segment)), await packed),
      );
    }
    this.packing.length = 0;
  }

  private flushSegment(index: GroupIndex, batch: GroupBatch): void {
    if (batch.entriesInSegment === 0) return;
    this.appendData(index, index.group, batch.data.finish());
    batch.data.reset();
    batch.entriesInSegment = 0;
  }

  /** Revision of a changeset, those added here included; -1 if it is not known. */
  revOf(node: NodeId): Rev {
    return (
      this.newNodes.get(node) ?? (node === NULL_NODE ? NULL_REV : this.view.changelog.revOf(node))
    );
  }

  /**
   * Adds a changeset. `list` is its file list as bytes; with `listIsManifest` it is all files of the
   * manifest and is not stored. Gives its revision; a changeset that is there already is not added again.
   */
  addChangeset(
    head: ChangesetHead | Uint8Array,
    list: Uint8Array,
    files: number,
    listIsManifest: boolean,
    p1: NodeId,
    p2: NodeId,
  ): { readonly rev: Rev; readonly node: NodeId } {
    const headBytes = head instanceof Uint8Array ? head : encodeHead(head);
    const text = joinChangeset(headBytes, list);
    const node = nodeOf(text, p1, p2);
    const known = this.revOf(node);
    if (known !== NULL_REV) return { rev: known, node };
    const rev = this.nextRev;
    const p1Rev = this.revOf(p1);
    const p2Rev = this.revOf(p2);
    assert(
      (p1 === NULL_NODE || p1Rev >= 0) && (p2 === NULL_NODE || p2Rev >= 0),
      "the parents of a changeset are there",
    );
    const headOffset = this.tx.append(CHANGESET_HEADS, headBytes);
    const listOffset = this.tx.size(CHANGESET_LISTS);
    let listLength = 0;
    if (listIsManifest && files > 0) listLength = LIST_IS_MANIFEST;
    else {
      for (let at = 0; at < list.byteLength; at += SEGMENT_RAW_BYTES) {
        const segment = encodeSegment(SEGMENT.list, list.subarray(at, at + SEGMENT_RAW_BYTES));
        this.tx.append(CHANGESET_LISTS, segment);
        listLength += segment.byteLength;
      }
    }
    this.tx.append(
      CHANGESET_INDEX,
      encodeChangesetEntry({
        headOffset,
        headLength: headBytes.byteLength,
        listOffset,
        listLength,
        files,
        fullLength: text.byteLength,
        p1: p1Rev,
        p2: p2Rev,
        node,
        headCrc: crc32(bufferOver(headBytes)),
      }),
    );
    this.newNodes.set(node, rev);
    this.changesets++;
    return { rev, node };
  }

  /** Writes the indices and commits; the new state is durable when it resolves. */
  async commit(): Promise<ReadView> {
    for (const [group, batch] of this.batches) this.flushSegment(this.view.group(group), batch);
    await this.writePacked();
    const indices: { group: number; packed: Promise<Uint8Array>; nodes: Uint8Array }[] = [];
    for (const [group, batch] of this.batches) {
      const index = this.view.group(group);
      const to = markOf(index);
      if (
        to.entries === batch.mark.entries &&
        to.histories === batch.mark.histories &&
        batch.runs.length === 0
      )
        continue;
      const packed = encodeSegmentAside(SEGMENT.index, encodeBatch(index, batch.mark, batch.runs));
      indices.push({
        group,
        packed,
        nodes: storeSegment(SEGMENT.nodes, index.nodesFrom(batch.mark.entries)),
      });
    }
    for (const { group, packed, nodes } of indices) {
      this.tx.append(groupIndexFile(group), await packed);
      this.tx.append(groupIndexFile(group), nodes);
    }
    return this.tx.commit(this.placement.groups(), new Uint8Array(0));
  }

  abort(): void {
    this.tx.abort();
  }
}
