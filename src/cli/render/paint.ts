// Colour: labels name what a piece of text is, one table says what it looks like.
import type { ByteString } from "../../core/bytes.ts";

const EFFECTS: Readonly<Record<string, string>> = {
  bold: "1",
  dim: "2",
  italic: "3",
  underline: "4",
  inverse: "7",
  black: "30",
  red: "31",
  green: "32",
  yellow: "33",
  blue: "34",
  magenta: "35",
  cyan: "36",
  white: "37",
};

const LABELS: Readonly<Record<string, readonly string[]>> = {
  "log.changeset": ["yellow"],
  "graph.current": ["bold"],
  "status.added": ["green", "bold"],
  "status.modified": ["blue", "bold"],
  "status.removed": ["red", "bold"],
  "status.renamed": ["magenta", "bold"],
  "tape.missing": ["red", "bold"],
  "tape.here": ["green"],
  "ui.error": ["red"],
  "ui.remedy": ["bold"],
  "ui.heading": ["bold"],
};

/** Wraps text in what the labels (names of the table or effects, apart by blanks) look like. */
export type Paint = (labels: string, text: ByteString) => ByteString;

export const plainPaint: Paint = (_, text) => text;

export const colourPaint: Paint = (labels, text) => {
  const codes = labels
    .split(/\s+/)
    .flatMap((label) => LABELS[label] ?? (label in EFFECTS ? [label] : []))
    .map((effect) => EFFECTS[effect] as string);
  if (codes.length === 0 || text === "") return text;
  // Each line on its own, so that a pager or the graph may cut between them.
  return text
    .split("\n")
    .map((line) => (line === "" ? "" : `\x1b[${codes.join(";")}m${line}\x1b[0m`))
    .join("\n");
};
