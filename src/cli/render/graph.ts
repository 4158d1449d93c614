// History as drawn lines, character for character as `hg log -G` draws it (docs/cli/graph.md has the
// rules). Every open line of descent has a column, two characters wide. A node's text hangs beside its
// symbol; below the symbol comes the link line, where columns join, split or shift by one.
import type { EdgeKind, GraphNode } from "../../catalog/graph.ts";

/** What a column is drawn with, by the edge that opened it; null: it ends at once, with a `~`. */
export type GraphStyle = Readonly<Record<EdgeKind, string | null>>;

export const GRAPH_STYLE: GraphStyle = { parent: "|", grandparent: ":", missing: null };
/** All edges alike, as Mercurial draws under HGPLAIN. */
export const PLAIN_GRAPH_STYLE: GraphStyle = { parent: "|", grandparent: "|", missing: "|" };

/** Link lines go down at most this many columns at a time; more parents get rows of their own. */
const FRESH_PARENTS_PER_ROW = 2;

/** A character of the drawing; null is a column that ends here. */
type Cell = string | null;

/** A line from one column of a row to a column of the next. */
interface Link {
  from: number;
  to: number;
}

/** One step of the drawing: a node, or an intermediate row of a node with many parents. */
interface Row {
  readonly symbol: string;
  /** The node's column. */
  readonly at: number;
  readonly links: Link[];
  /** Columns above the link line, and how many more there are below it: -1, 0 or 1. */
  readonly columns: number;
  readonly growth: number;
}

/** Draws node after node; holds the open columns and nothing else. */
export class GraphPen {
  private readonly style: GraphStyle;
  /** Revision that each open column leads to. */
  private open: number[] = [];
  private readonly glyphs = new Map<number, string | null>();
  private lastAt = 0;
  private lastGrowth = 0;

  constructor(style: GraphStyle = GRAPH_STYLE) {
    this.style = style;
  }

  /** Characters that the drawing takes beside the node's text; ask before `draw`. */
  widthAt(node: GraphNode): number {
    const columns = this.open.length + (this.open.includes(node.rev) ? 0 : 1);
    const fresh = node.edges.filter((e) => e.rev !== node.rev && !this.open.includes(e.rev)).length;
    return columns * 2 + 1 + (fresh > 1 ? 2 : 0);
  }

  /** The lines of a node, without line ends or trailing blanks; at least two, at least as many as `text`. */
  draw(node: GraphNode, symbol: string, text: readonly string[]): string[] {
    const lines: string[] = [];
    let beside = text;
    for (const row of this.rowsOf(node, symbol)) {
      this.drawRow(row, beside, lines);
      beside = [];
    }
    return lines;
  }

  private rowsOf(node: GraphNode, symbol: string): Row[] {
    if (!this.open.includes(node.rev)) this.open.push(node.rev);
    let at = this.open.indexOf(node.rev);
    let columns = this.open.length;
    const known: number[] = [];
    const fresh: number[] = [];
    for (const edge of node.edges) {
      if (edge.rev === node.rev) continue;
      if (this.open.includes(edge.rev)) {
        known.push(edge.rev);
      } else {
        fresh.push(edge.rev);
        this.glyphs.set(edge.rev, this.style[edge.kind]);
      }
    }
    this.open.splice(at, 1, ...fresh);
    let links: Link[] = known.map((rev) => ({ from: at, to: this.open.indexOf(rev) }));

    const rows: Row[] = [];
    let left = fresh.length;
    let mark = symbol;
    for (; left > FRESH_PARENTS_PER_ROW; left--) {
      links.push({ from: at, to: at }, { from: at, to: at + 1 });
      rows.push({ symbol: mark, at, links, columns, growth: 1 });
      mark = "\\";
      links = [];
      at++;
      columns++;
    }
    if (left > 0) links.push({ from: at, to: at });
    if (left > 1) links.push({ from: at, to: at + 1 });
    this.glyphs.delete(node.rev);
    rows.push({ symbol: mark, at, links, columns, growth: this.open.length - columns });
    return rows;
  }

  private drawRow(row: Row, text: readonly string[], into: string[]): void {
    const { at, columns, growth, links } = row;
    const below = this.cellsBelow(columns + growth);
    if (growth < 0) {
      // The columns right of the node have not shifted yet when the node's own line is drawn.
      for (const link of links) if (link.to > link.from) link.to++;
    }
    const padded = text.length > 2 && growth < 0 && links.some((l) => l.from + 1 < l.to);
    const sloping = text.length <= 2 && !padded && growth !== 0 && growth === this.lastGrowth;

    const nodeLine = below.slice(0, at * 2);
    nodeLine.push(row.symbol, " ");
    pushCells(nodeLine, sloping ? this.slope(row, below) : rightmost(below, columns - at - 1));
    const linkLine = below.slice(0, at * 2);
    for (let i = 0; i < 2 + growth; i++) linkLine.push(" ");
    pushCells(linkLine, linkTail(row, below));
    drawLinks(links, below, nodeLine, linkLine);

    const lines = [nodeLine];
    if (padded) lines.push(paddingLine(row, below));
    lines.push(linkLine);
    const filler = below.slice(0, (columns + growth) * 2);
    while (lines.length < text.length) lines.push(filler.slice());
    this.endColumns(lines, filler);

    const width = 2 * Math.max(columns, columns + growth) + 1;
    lines.forEach((cells, i) => {
      into.push((cells.join("").padEnd(width) + (text[i] ?? "")).replace(/\s+$/, ""));
    });
    this.lastGrowth = growth;
    this.lastAt = at;
  }

  /** The columns that are open below the row: a glyph and a blank for each. */
  private cellsBelow(atLeast: number): Cell[] {
    const cells: Cell[] = [];
    for (const rev of this.open) {
      const glyph = this.glyphs.get(rev);
      cells.push(glyph === undefined ? "|" : glyph, " ");
    }
    while (cells.length < atLeast * 2) cells.push("|", " ");
    return cells;
  }

  /** Right of a node whose predecessor shifted the same way: the shift goes on through the node's line. */
  private slope(row: Row, below: readonly Cell[]): Cell[] {
    const { at, columns, growth } = row;
    if (growth > 0) return repeated("\\", columns - at - 1);
    const start = Math.max(at + 1, this.lastAt);
    return [...below.slice(at * 2, (start - 1) * 2), ...repeated("/", columns - start)];
  }

  /**
   * Columns whose parent is not shown end in `|` and `~` under the node, and the columns to their right
   * move in, one character a line.
   */
  private endColumns(lines: Cell[][], filler: readonly Cell[]): void {
    const ended: number[] = [];
    for (const [rev, glyph] of this.glyphs) if (glyph === null) ended.push(rev);
    if (ended.length === 0) return;

    let right = filler.length;
    while (right > 0 && filler[right - 2] === null) right -= 2;
    let between = 0;
    for (let i = 0; i < right; i += 2) if (filler[i] === null) between++;
    const shiftLines = Math.max(between * 2 - 1, 0);
    while (lines.length < 3 + shiftLines) lines.push(filler.slice());
    if (shiftLines > 0) shiftColumns(lines.slice(-shiftLines), filler);

    lines.forEach((line, i) => {
      const end = i === 1 ? "|" : i === 2 ? "~" : " ";
      for (let c = 0; c < line.length; c++) line[c] ??= end;
    });
    for (const rev of ended) this.glyphs.delete(rev);
    this.open = this.open.filter((rev) => !ended.includes(rev));
  }
}

function pushCells(line: Cell[], cells: readonly Cell[]): void {
  for (const cell of cells) line.push(cell);
}

function repeated(stroke: string, columns: number): Cell[] {
  const cells: Cell[] = [];
  for (let i = 0; i < columns; i++) cells.push(stroke, " ");
  return cells;
}

function rightmost(cells: readonly Cell[], columns: number): readonly Cell[] {
  return columns > 0 ? cells.slice(-2 * columns) : [];
}

function linkTail(row: Row, below: readonly Cell[]): readonly Cell[] {
  if (row.growth < 0) return repeated("/", row.columns - row.at - 1);
  if (row.growth > 0) return repeated("\\", row.columns - row.at - 1);
  return below.slice((row.at + 1) * 2, row.columns * 2);
}

/** Links to the next column are strokes of the link line; longer ones run along the node's line to a `+`. */
function drawLinks(
  links: readonly Link[],
  below: readonly Cell[],
  nodeLine: Cell[],
  linkLine: Cell[],
): void {
  for (const { from, to } of links) {
    if (to === from - 1) linkLine[2 * to + 1] = "/";
    else if (to === from + 1) linkLine[2 * from + 1] = "\\";
    else if (to === from) linkLine[2 * from] = below[2 * from] ?? null;
    else if (2 * to < nodeLine.length) {
      nodeLine[2 * to] = "+";
      for (let i = 2 * Math.min(from, to) + 1; i < 2 * Math.max(from, to); i++) {
        if (nodeLine[i] !== "+") nodeLine[i] = "-";
      }
    }
  }
}

/** Keeps a line of plain columns between a `+` and the strokes that leave it. */
function paddingLine(row: Row, below: readonly Cell[]): Cell[] {
  const { at, links } = row;
  const goesOn = links.some((l) => l.from === at && (l.to === at || l.to === at - 1));
  const own = goesOn ? below.slice(at * 2, at * 2 + 2) : [" ", " "];
  return [...below.slice(0, at * 2), ...own, ...rightmost(below, row.columns - at - 1)];
}

/** Moves every column right of the first ended one to its new place, one character to the left in each line. */
function shiftColumns(lines: readonly Cell[][], filler: readonly Cell[]): void {
  const first = filler.indexOf(null);
  const moving: number[] = [];
  for (let i = first; i < filler.length; i += 2) if (filler[i] !== null) moving.push(i);
  const place = [...moving];
  for (const line of lines) {
    for (let c = first; c < line.length; c++) line[c] = " ";
    moving.forEach((origin, i) => {
      const target = first + 2 * i;
      const next = (place[i] as number) - 1;
      place[i] = Math.max(next, target);
      line[next] = next > target ? "/" : (filler[origin] as Cell);
    });
  }
}
