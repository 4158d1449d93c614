// Which lines of descent to draw between the revisions of a selection: the walk that a drawn graph is made
// from. A parent outside the selection is replaced by the nearest selected ancestors behind it.
import type { Rev } from "../core/ids.ts";

/** Parents only: all that the walk needs. */
export interface ParentReader {
  readonly count: number;
  p1(rev: Rev): Rev;
  p2(rev: Rev): Rev;
}

/** "grandparent": revisions in between are not shown. "missing": none of its ancestors is shown. */
export type EdgeKind = "parent" | "grandparent" | "missing";

export interface GraphEdge {
  readonly kind: EdgeKind;
  readonly rev: Rev;
}

export interface GraphNode {
  readonly rev: Rev;
  readonly edges: readonly GraphEdge[];
}

/** The revisions shown; `min` is the lowest of them (below it nothing is looked for). */
export interface Selection {
  readonly min: Rev;
  has(rev: Rev): boolean;
}

/** The selection of everything: no edge is ever elided, nothing is held in memory. */
export const EVERYTHING: Selection = { min: 0 as Rev, has: () => true };

export function selectionOf(revs: Iterable<Rev>): Selection {
  const set = new Set<Rev>();
  let min = Number.MAX_SAFE_INTEGER;
  for (const rev of revs) {
    set.add(rev);
    if (rev < min) min = rev;
  }
  return { min: min as Rev, has: (rev) => set.has(rev) };
}

/**
 * The nearest selected ancestors of revisions that are not selected themselves, ascending. Each revision
 * is looked at once however often it is asked for: a linear walk, not one for each elided edge.
 */
class NearestSelected {
  private readonly known = new Map<Rev, readonly Rev[]>();
  private readonly reader: ParentReader;
  private readonly selection: Selection;

  constructor(reader: ParentReader, selection: Selection) {
    this.reader = reader;
    this.selection = selection;
  }

  of(start: Rev): readonly Rev[] {
    const pending: Rev[] = [start];
    while (pending.length > 0) {
      const rev = pending[pending.length - 1] as Rev;
      if (this.settled(rev) !== undefined) {
        pending.pop();
        continue;
      }
      const p1 = this.settled(this.reader.p1(rev));
      const p2 = this.settled(this.reader.p2(rev));
      if (p1 === undefined) pending.push(this.reader.p1(rev));
      if (p2 === undefined) pending.push(this.reader.p2(rev));
      if (p1 !== undefined && p2 !== undefined) {
        this.known.set(rev, union(p1, p2));
        pending.pop();
      }
    }
    return this.settled(start) as readonly Rev[];
  }

  private settled(rev: Rev): readonly Rev[] | undefined {
    if (rev < this.selection.min) return NONE;
    const known = this.known.get(rev);
    if (known !== undefined) return known;
    return this.selection.has(rev) ? [rev] : undefined;
  }
}

const NONE: readonly Rev[] = [];

function union(a: readonly Rev[], b: readonly Rev[]): readonly Rev[] {
  // Along a chain of single parents the same array is handed on: no copy for each revision.
  if (b.length === 0 || a === b) return a;
  if (a.length === 0) return b;
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}

/**
 * The nodes in the order of `revs` (descending, or children before parents) with the edges to draw:
 * selected parents ascending, then what stands for the others. `selection` must hold exactly `revs`.
 */
export function* walkGraph(
  reader: ParentReader,
  revs: Iterable<Rev>,
  selection: Selection,
): Generator<GraphNode> {
  const nearest = new NearestSelected(reader, selection);
  for (const rev of revs) {
    yield { rev, edges: edgesOf(rev, reader, selection, nearest) };
  }
}

function edgesOf(
  rev: Rev,
  reader: ParentReader,
  selection: Selection,
  nearest: NearestSelected,
): GraphEdge[] {
  const shown: Rev[] = [];
  const hidden: Rev[] = [];
  for (const parent of [reader.p1(rev), reader.p2(rev)]) {
    if (parent >= 0) (selection.has(parent) ? shown : hidden).push(parent);
  }
  shown.sort((a, b) => a - b);
  const edges: GraphEdge[] = shown.map((parent) => ({ kind: "parent", rev: parent }));
  const reached = new Set(shown);
  for (const parent of hidden) {
    const ancestors = nearest.of(parent);
    if (ancestors.length === 0) edges.push({ kind: "missing", rev: parent });
    for (const ancestor of ancestors) {
      if (reached.has(ancestor)) continue;
      reached.add(ancestor);
      edges.push({ kind: "grandparent", rev: ancestor });
    }
  }
  return edges;
}
