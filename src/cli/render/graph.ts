// Draws the graph beside `log -G`, character for character as hg prints it. What the drawing looks like
// is described in docs/cli/graph.md.
//
// A lane is an open line on its way down to the revision that it awaits; lane n is drawn in column n, two
// characters wide. A node is first planned as rows, each with one symbol and at most one column more or
// fewer below it than above; each row is then painted as lines of cells: the symbol's line, the link line,
// lines for the rest of the text, lines in which lanes end. Only the open lanes are kept between nodes,
// and a row costs what it prints.
import type { EdgeKind, GraphNode } from "../../catalog/graph.ts";

/** The character of a lane for each kind of edge; null ends the lane with a `~` under its node. */
export type GraphStyle = Readonly<Record<EdgeKind, string | null>>;

export const GRAPH_STYLE: GraphStyle = { parent: "|", grandparent: ":", missing: null };
/** All edges alike, as Mercurial draws under HGPLAIN. */
export const PLAIN_GRAPH_STYLE: GraphStyle = { parent: "|", grandparent: "|", missing: "|" };

const DEFAULT_STROKE = "|";
/** With more lines of text than this, lanes stand upright beside the symbol and strokes keep apart. */
const SHORT_TEXT_LINES = 2;
/** The node's row opens at most so many lanes. */
const OPENED_PER_ROW = 2;
const ASCII_BLANKS = " \t\v\f\r";

interface Lane {
  readonly awaits: number;
  readonly stroke: string;
  /** Nothing that is shown lies at its lower end. */
  readonly ends: boolean;
}

/** How a node meets the lanes. */
interface Arrival {
  /** The open lanes with the node's own, which is new at the right for a head. */
  readonly lanes: readonly Lane[];
  /** The node's column. */
  readonly at: number;
  /** Columns of the other lanes to which the node leads. */
  readonly joined: readonly number[];
  /** Lanes that begin at the node. */
  readonly opened: readonly Lane[];
}

/** One symbol, and how the columns change under it. */
interface Row {
  readonly symbol: string;
  readonly at: number;
  /** Columns beside the symbol, its own included, and the lanes whose strokes stand there. */
  readonly columns: number;
  readonly above: readonly Lane[];
  /** How far the columns right of the symbol move: -1, 0 or 1. */
  readonly slide: number;
  /** The lanes as they will be under the last row of the node: what is under this one shows their strokes. */
  readonly settled: readonly Lane[];
  /** Columns to which lines go from the symbol: as they will be, or as they are if lanes move left. */
  readonly targets: readonly number[];
  readonly text: readonly string[];
}

/** What a row leaves for the next to know. */
type Movement = Pick<Row, "at" | "slide">;

/** A line of the drawing, a character each. */
type Cells = string[];

/** Draws nodes one after another, children before parents. */
export class GraphPen {
  private readonly style: GraphStyle;
  private lanes: readonly Lane[] = [];
  private previous: Movement = { at: 0, slide: 0 };

  constructor(style: GraphStyle = GRAPH_STYLE) {
    this.style = style;
  }

  /** Characters that the drawing takes beside the node's text; ask before `draw`. */
  widthAt(node: GraphNode): number {
    const { lanes, opened } = this.meet(node);
    return 2 * (lanes.length + (opened.length > 1 ? 1 : 0)) + 1;
  }

  /** The lines of a node, without line ends or trailing blanks; at least two, at least as many as `text`. */
  draw(node: GraphNode, symbol: string, text: readonly string[]): string[] {
    const lines: string[] = [];
    for (const row of planRows(this.meet(node), symbol, text)) {
      const cells = paintRow(row, this.previous);
      cells.forEach((line, n) => lines.push(trimmed(`${line.join("")} ${row.text[n] ?? ""}`)));
      this.lanes = row.settled;
      this.previous = { at: row.at, slide: row.slide };
    }
    this.lanes = this.lanes.filter((lane) => !lane.ends);
    return lines;
  }

  private meet(node: GraphNode): Arrival {
    const ahead = new Map<number, Lane>();
    for (const { rev, kind } of node.edges) ahead.set(rev, this.laneTo(rev, kind));
    let at = -1;
    const joined: number[] = [];
    // One pass over the lanes: many edges and many lanes do not multiply.
    for (let column = 0; column < this.lanes.length; column++) {
      const { awaits } = this.lanes[column] as Lane;
      if (awaits === node.rev) at = column;
      else if (ahead.delete(awaits)) joined.push(column);
    }
    const opened = [...ahead.values()];
    if (at >= 0) return { lanes: this.lanes, at, joined, opened };
    const lanes = [...this.lanes, this.laneTo(node.rev, "parent")];
    return { lanes, at: this.lanes.length, joined, opened };
  }

  private laneTo(awaits: number, kind: EdgeKind): Lane {
    const stroke = this.style[kind];
    return { awaits, stroke: stroke ?? DEFAULT_STROKE, ends: stroke === null };
  }
}

/**
 * The node's own row, then a row without text for each lane that it opens beyond two, standing on the lane
 * opened last. Lanes that end do so under the first row; hg still counts their columns in the rows after it.
 */
function* planRows(arrival: Arrival, symbol: string, text: readonly string[]): Generator<Row> {
  const { lanes, at, joined, opened } = arrival;
  let settled: readonly Lane[] = lanes.toSpliced(at, 1, ...opened);
  const growth = settled.length - lanes.length;
  const slide = Math.min(growth, OPENED_PER_ROW - 1);
  const targets = joined.map((column) => (column < at ? column : column + Math.max(growth, 0)));
  for (let n = 0; n < Math.min(opened.length, OPENED_PER_ROW); n++) targets.push(at + n);
  yield { symbol, at, columns: lanes.length, above: lanes, slide, settled, targets, text };

  settled = settled.filter((lane) => !lane.ends);
  for (let n = 1; n < growth; n++) {
    const columns = lanes.length + n;
    const fork = at + n;
    const row = { symbol: "\\", at: fork, columns, above: settled, slide: 1, settled };
    yield { ...row, targets: [fork, fork + 1], text: [] };
  }
}

function paintRow(row: Row, previous: Movement): Cells[] {
  const { columns, slide, settled, text } = row;
  const width = 2 * Math.max(columns, columns + slide);
  const under = settled.slice(0, columns + slide);
  const lines = [symbolLine(row, previous, width)];
  if (needsRoom(row)) lines.push(roomLine(row, width));
  lines.push(linkLine(row, width));
  const ended = settled.some((lane) => lane.ends);
  if (ended) lines.push(upright(under, width, "~"));
  const inward = ended ? inwardLines(under, width) : [];
  while (lines.length + inward.length < text.length) lines.push(upright(under, width, " "));
  return [...lines, ...inward];
}

/** Strokes straight down; `end` stands where a lane ends. */
function upright(lanes: readonly Lane[], width: number, end: string): Cells {
  const cells = new Array<string>(width).fill(" ");
  lanes.forEach((lane, column) => {
    cells[2 * column] = lane.ends ? end : lane.stroke;
  });
  return cells;
}

/** The symbol among the lanes above it, with the runs that go beyond the next column. */
function symbolLine(row: Row, previous: Movement, width: number): Cells {
  const { symbol, at, columns, slide, text } = row;
  const cells = upright(row.above.slice(0, columns), width, " ");
  if (text.length <= SHORT_TEXT_LINES && slide !== 0 && slide === previous.slide) {
    // Moving right, every lane can lean; moving left, those that the row before brought in leaning.
    const from = slide > 0 ? at + 1 : Math.max(at + 1, previous.at);
    for (let column = from; column < columns; column++) cells[2 * column] = slide > 0 ? "\\" : "/";
  }
  const ends = runEnds(row);
  cells.fill("-", 2 * Math.min(at, ...ends) + 1, 2 * Math.max(at, ...ends));
  for (const column of ends) cells[2 * column] = "+";
  cells[2 * at] = symbol;
  return cells;
}

/** Columns in which runs end. hg leaves a run out if its lane's new column is not there yet. */
function runEnds({ at, columns, targets }: Row): number[] {
  return targets.filter((column) => Math.abs(column - at) > 1 && column < columns);
}

/** Beside a long text, a `+` on the right and the `/` that would touch it are kept apart by a line. */
function needsRoom(row: Row): boolean {
  const { at, slide, text } = row;
  return text.length > SHORT_TEXT_LINES && slide < 0 && runEnds(row).some((column) => column > at);
}

function roomLine({ at, columns, above, settled, targets }: Row, width: number): Cells {
  const cells = upright(above.slice(0, columns), width, " ");
  const goesOn = targets.some((column) => Math.abs(column - at) <= 1);
  cells[2 * at] = goesOn ? strokeAt(settled, at) : " ";
  return cells;
}

/** From the columns above to those below, and from the symbol to targets in its own and the next columns. */
function linkLine({ at, columns, slide, settled, targets }: Row, width: number): Cells {
  const cells = upright(settled.slice(0, at), width, " ");
  for (let column = at + 1; column < columns; column++) {
    const upwards = strokeAt(settled, column);
    cells[2 * column + slide] = slide === 0 ? upwards : slide > 0 ? "\\" : "/";
  }
  for (const column of targets) {
    if (column === at - 1) cells[2 * at - 1] = "/";
    else if (column === at + 1 && slide >= 0) cells[2 * at + 1] = "\\";
    else if (column === at || column === at + 1) cells[2 * at] = strokeAt(settled, at);
  }
  return cells;
}

function strokeAt(lanes: readonly Lane[], column: number): string {
  return lanes[column]?.stroke ?? " ";
}

/** The lanes right of those that ended move in, one character a line, each until its new column is reached. */
function inwardLines(lanes: readonly Lane[], width: number): Cells[] {
  const open = lanes.flatMap(({ ends, stroke }, column) => (ends ? [] : [{ stroke, column }]));
  const lastColumn = open.at(-1)?.column ?? 0;
  // The lane furthest right has furthest to go: two characters for each lane that ended before it.
  const way = open.length === 0 ? 0 : 2 * (lastColumn - (open.length - 1));
  const lines: Cells[] = [];
  for (let step = 1; step < way; step++) {
    const cells = new Array<string>(width).fill(" ");
    open.forEach(({ stroke, column }, home) => {
      const at = Math.max(2 * home, 2 * column - step);
      cells[at] = at === 2 * home ? stroke : "/";
    });
    lines.push(cells);
  }
  return lines;
}

/** hg drops blanks in ASCII only: a line may end in a no-break space. */
function trimmed(line: string): string {
  let end = line.length;
  while (end > 0 && ASCII_BLANKS.includes(line.charAt(end - 1))) end--;
  return line.slice(0, end);
}
