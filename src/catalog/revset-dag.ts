// Sets of revisions as one byte a revision, and the walks over the changelog's graph that revsets are made
// of. Each is one pass over the revisions that it can touch.
import type { Rev } from "../core/ids.ts";
import type { ParentReader } from "./graph.ts";

/** 1 for each revision in the set. */
export type RevBits = Uint8Array;

export function bitsOf(revs: Iterable<Rev>, count: number): RevBits {
  const bits = new Uint8Array(count);
  for (const rev of revs) if (rev >= 0) bits[rev] = 1;
  return bits;
}

/** Ascending. */
export function revsOf(bits: RevBits): Rev[] {
  const revs: Rev[] = [];
  for (let rev = bits.indexOf(1); rev >= 0; rev = bits.indexOf(1, rev + 1)) revs.push(rev as Rev);
  return revs;
}

/** The set with all that it comes from; `depth` counts generations, infinite by default. */
export function ancestorsOf(
  reader: ParentReader,
  of: RevBits,
  depth = Number.POSITIVE_INFINITY,
): RevBits {
  if (depth !== Number.POSITIVE_INFINITY) return walkGenerations(reader, of, depth, "down");
  const bits = Uint8Array.from(of);
  for (let rev = bits.lastIndexOf(1); rev >= 0; rev--) {
    if (bits[rev] === 0) continue;
    const p1 = reader.p1(rev as Rev);
    const p2 = reader.p2(rev as Rev);
    if (p1 >= 0) bits[p1] = 1;
    if (p2 >= 0) bits[p2] = 1;
  }
  return bits;
}

/** The set with all that comes from it. */
export function descendantsOf(
  reader: ParentReader,
  of: RevBits,
  depth = Number.POSITIVE_INFINITY,
): RevBits {
  if (depth !== Number.POSITIVE_INFINITY) return walkGenerations(reader, of, depth, "up");
  const bits = Uint8Array.from(of);
  const first = bits.indexOf(1);
  if (first < 0) return bits;
  for (let rev = first + 1; rev < bits.length; rev++) {
    const p1 = reader.p1(rev as Rev);
    const p2 = reader.p2(rev as Rev);
    if ((p1 >= 0 && bits[p1] === 1) || (p2 >= 0 && bits[p2] === 1)) bits[rev] = 1;
  }
  return bits;
}

/** Members and what lies at most `depth` generations off: the least distance counts. */
function walkGenerations(
  reader: ParentReader,
  of: RevBits,
  depth: number,
  way: "up" | "down",
): RevBits {
  const distance = new Int32Array(of.length).fill(0x7fff_ffff);
  for (let rev = 0; rev < of.length; rev++) if (of[rev] === 1) distance[rev] = 0;
  const step = (from: Rev, to: Rev) => {
    if (from >= 0 && to >= 0)
      distance[to] = Math.min(distance[to] as number, (distance[from] as number) + 1);
  };
  if (way === "down") {
    for (let rev = of.length - 1; rev >= 0; rev--) {
      if ((distance[rev] as number) >= depth) continue;
      step(rev as Rev, reader.p1(rev as Rev));
      step(rev as Rev, reader.p2(rev as Rev));
    }
  } else {
    for (let rev = 0; rev < of.length; rev++) {
      for (const parent of [reader.p1(rev as Rev), reader.p2(rev as Rev)]) {
        if (parent >= 0 && (distance[parent] as number) < depth) step(parent, rev as Rev);
      }
    }
  }
  return Uint8Array.from(distance, (d) => (d <= depth ? 1 : 0));
}

/** Members that are no member's parent. */
export function headsOf(reader: ParentReader, of: RevBits): RevBits {
  const bits = Uint8Array.from(of);
  for (let rev = 0; rev < of.length; rev++) {
    if (of[rev] === 0) continue;
    const p1 = reader.p1(rev as Rev);
    const p2 = reader.p2(rev as Rev);
    if (p1 >= 0) bits[p1] = 0;
    if (p2 >= 0) bits[p2] = 0;
  }
  return bits;
}

/** Members without a parent among the members. */
export function rootsOf(reader: ParentReader, of: RevBits): RevBits {
  return Uint8Array.from(of, (bit, rev) => {
    const p1 = reader.p1(rev as Rev);
    const p2 = reader.p2(rev as Rev);
    return bit === 1 && !(p1 >= 0 && of[p1] === 1) && !(p2 >= 0 && of[p2] === 1) ? 1 : 0;
  });
}

export function childrenOf(reader: ParentReader, of: RevBits): RevBits {
  const bits = new Uint8Array(of.length);
  for (let rev = 0; rev < of.length; rev++) {
    const p1 = reader.p1(rev as Rev);
    const p2 = reader.p2(rev as Rev);
    if ((p1 >= 0 && of[p1] === 1) || (p2 >= 0 && of[p2] === 1)) bits[rev] = 1;
  }
  return bits;
}

/** Children of each revision, counted. */
export function childCounts(reader: ParentReader): Uint32Array {
  const counts = new Uint32Array(reader.count);
  for (let rev = 0; rev < reader.count; rev++) {
    const p1 = reader.p1(rev as Rev);
    const p2 = reader.p2(rev as Rev);
    if (p1 >= 0) counts[p1] = (counts[p1] as number) + 1;
    if (p2 >= 0) counts[p2] = (counts[p2] as number) + 1;
  }
  return counts;
}
