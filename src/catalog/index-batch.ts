// Codec of an index batch: what one commit adds to a group's index, in columns. docs/format/catalog.md.
import { ByteReader, type ByteString, ByteWriter } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { type HistoryId, NODE_BYTES, toHistoryId } from "../core/ids.ts";
import { type GroupIndex, HISTORY, type NameRun } from "./group-index.ts";

export const BATCH_VERSION = 1;

/** How much of a group index is committed; a batch holds what lies beyond. */
export interface BatchMark {
  readonly entries: number;
  readonly segments: number;
  readonly histories: number;
}

export function markOf(index: GroupIndex): BatchMark {
  return {
    entries: index.entries,
    segments: index.segmentGroup.length,
    histories: index.histories,
  };
}

/** Parents and bases: 0 none, 1 the entry before in the history, n + 1 the entry n places back. */
function putReference(out: ByteWriter, index: GroupIndex, entry: number, to: number): void {
  if (to < 0) out.varint(0);
  else if (to === index.previous.at(entry)) out.varint(1);
  else out.varint(entry - to + 1);
}

/** The batch's bytes without the nodes, which follow in a segment of their own since they do not compress. */
export function encodeBatch(
  index: GroupIndex,
  from: BatchMark,
  runs: readonly (readonly [number, NameRun])[],
): Uint8Array {
  const out = new ByteWriter(4096);
  const to = markOf(index);
  out.varint(BATCH_VERSION);
  out.varint(from.entries);
  out.varint(from.segments);
  out.varint(from.histories);
  out.varint(to.histories - from.histories);
  for (let slot = from.histories; slot < to.histories; slot++) out.u8(index.kind.at(slot));
  out.varint(to.segments - from.segments);
  for (let s = from.segments; s < to.segments; s++) {
    out.varint(index.segmentGroup.at(s));
    out.varint(index.segmentOffset.at(s));
  }
  out.varint(to.entries - from.entries);
  const each = (put: (entry: number) => void): void => {
    for (let entry = from.entries; entry < to.entries; entry++) put(entry);
  };
  let last = 0;
  each((e) => {
    out.svarint(index.slot.at(e) - last);
    last = index.slot.at(e);
  });
  last = 0;
  each((e) => {
    out.svarint(index.link.at(e) - last);
    last = index.link.at(e);
  });
  each((e) => putReference(out, index, e, index.p1.at(e)));
  each((e) => putReference(out, index, e, index.p2.at(e)));
  each((e) => putReference(out, index, e, index.base.at(e)));
  each((e) => out.varint(index.fullLength.at(e)));
  each((e) => out.varint(index.storedLength.at(e)));
  last = from.segments;
  each((e) => {
    out.varint(index.segment.at(e) - last);
    last = index.segment.at(e);
  });
  out.varint(runs.length);
  for (const [slot, run] of runs) putRun(out, slot, run);
  return out.finish();
}

function putRun(out: ByteWriter, slot: number, run: NameRun): void {
  out.varint(slot);
  out.varint(run.names.length);
  let name = "";
  for (const next of run.names) {
    let shared = 0;
    const most = Math.min(name.length, next.length);
    while (shared < most && name.charCodeAt(shared) === next.charCodeAt(shared)) shared++;
    out.varint(shared);
    out.varint(next.length - shared);
    out.byteString(next.slice(shared));
    name = next;
  }
  let id = -1;
  for (const next of run.ids) {
    out.svarint(next - id - 1);
    id = next;
  }
}

function readRun(input: ByteReader, count: number): NameRun {
  const names: ByteString[] = [];
  let name = "";
  for (let i = 0; i < count; i++) {
    const shared = input.varint();
    if (shared > name.length) throw damaged(input, "a name that shares more than there is");
    const next = name.slice(0, shared) + input.byteString(input.varint());
    if (i > 0 && next <= name) throw damaged(input, "names that are not ascending");
    names.push(next);
    name = next;
  }
  const ids: HistoryId[] = [];
  let id = -1;
  for (let i = 0; i < count; i++) {
    id = within(input, id + input.svarint() + 1);
    ids.push(toHistoryId(id));
  }
  return { names, ids };
}

function damaged(input: ByteReader, found: string): ReelError {
  return new ReelError("format.damaged", { what: input.what, found });
}

/** Numbers are kept in columns of 32 bits. */
function within(input: ByteReader, n: number): number {
  if (n < 0 || n > 0x7fff_ffff) throw damaged(input, `the number ${n}`);
  return n;
}

function bounded(input: ByteReader, count: number): number {
  if (count > input.remaining) throw damaged(input, `a count of ${count}`);
  return count;
}

/** Adds a batch to the index. `nodes` are its entries' raw nodes. Throws `format.damaged`. */
export function decodeBatch(
  index: GroupIndex,
  batch: Uint8Array,
  nodes: Uint8Array,
  what: string,
): void {
  const input = new ByteReader(batch, what);
  const version = input.varint();
  if (version !== BATCH_VERSION)
    throw new ReelError("format.newer-record", { found: version, known: BATCH_VERSION });
  const before = markOf(index);
  if (
    input.varint() !== before.entries ||
    input.varint() !== before.segments ||
    input.varint() !== before.histories
  ) {
    throw damaged(input, "a batch that does not follow the one before");
  }
  for (let n = bounded(input, input.varint()); n > 0; n--) {
    const kind = input.u8();
    if (kind !== HISTORY.file && kind !== HISTORY.directory)
      throw damaged(input, `a history of kind ${kind}`);
    index.addHistory(kind);
  }
  for (let n = bounded(input, input.varint()); n > 0; n--) {
    index.segmentGroup.push(within(input, input.varint()));
    index.segmentOffset.push(input.varint());
  }
  const count = bounded(input, input.varint());
  if (nodes.byteLength !== count * NODE_BYTES)
    throw damaged(input, `${nodes.byteLength} bytes of nodes for ${count} entries`);
  decodeEntries(index, input, count, nodes, before.segments);
  for (let n = bounded(input, input.varint()); n > 0; n--) {
    const slot = input.varint();
    index.addRun(slot, readRun(input, bounded(input, input.varint())));
  }
  if (input.remaining > 0) throw damaged(input, `${input.remaining} bytes too many`);
}

function decodeEntries(
  index: GroupIndex,
  input: ByteReader,
  count: number,
  nodes: Uint8Array,
  firstSegment: number,
): void {
  const column = (read: () => number): Int32Array => {
    const values = new Int32Array(count);
    for (let i = 0; i < count; i++) values[i] = within(input, read());
    return values;
  };
  let last = 0;
  const running = (): number => {
    last += input.svarint();
    return last;
  };
  const plain = (): number => input.varint();
  const slots = column(running);
  last = 0;
  const links = column(running);
  const p1 = column(plain);
  const p2 = column(plain);
  const base = column(plain);
  const fullLength = column(plain);
  const storedLength = column(plain);
  const steps = column(plain);
  const first = index.entries;
  let segment = firstSegment;
  let start = 0;
  for (let i = 0; i < count; i++) {
    const slot = slots[i] as number;
    if (slot < 0 || slot >= index.histories)
      throw damaged(input, `slot ${slot} of ${index.histories}`);
    if ((steps[i] as number) > 0) {
      segment += steps[i] as number;
      start = 0;
    }
    if (segment >= index.segmentGroup.length) throw damaged(input, `segment ${segment}`);
    const previous = index.last.at(slot);
    const entry = first + i;
    const refer = (code: number): number => {
      const to = code === 0 ? -1 : code === 1 ? previous : entry - (code - 1);
      if (code !== 0 && (to < 0 || to >= entry || index.slot.at(to) !== slot))
        throw damaged(input, "a parent in another history");
      return to;
    };
    index.addEntry(
      slot,
      nodes.subarray(i * NODE_BYTES, (i + 1) * NODE_BYTES),
      refer(p1[i] as number),
      refer(p2[i] as number),
      refer(base[i] as number),
      links[i] as number,
      fullLength[i] as number,
      storedLength[i] as number,
      segment,
      start,
    );
    start += storedLength[i] as number;
  }
}
