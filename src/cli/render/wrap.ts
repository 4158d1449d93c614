// Paragraphs broken at blanks to a width, as the `fill` of Mercurial's templates does it.
import type { ByteString } from "../../core/bytes.ts";
import { columnsOf, cutToColumns } from "./text.ts";

/** Paragraphs are apart by an empty line or begin with a bullet; what stands between them is kept. */
const BETWEEN_PARAGRAPHS = /(\n\n|\n\s*[-*]\s*)/;

export function wrapText(
  text: ByteString,
  width: number,
  firstIndent = "",
  hangingIndent = "",
): ByteString {
  return text
    .split(BETWEEN_PARAGRAPHS)
    .map((part, i) =>
      i % 2 === 1 ? part : wrapParagraph(part, Math.max(1, width), firstIndent, hangingIndent),
    )
    .join("");
}

function wrapParagraph(
  text: ByteString,
  width: number,
  firstIndent: string,
  hangingIndent: string,
): ByteString {
  const lines: string[] = [];
  let line = firstIndent;
  let empty = true;
  let gap = /^\s/.test(text) ? " " : "";
  const finishLine = () => {
    lines.push(line);
    line = hangingIndent;
    empty = true;
    gap = "";
  };
  for (const whole of text.split(/\s+/).filter((w) => w !== "")) {
    let word = whole;
    while (columnsOf(line + gap + word) > width) {
      const fitsAlone = columnsOf(hangingIndent + word) <= width;
      if (fitsAlone && !empty) {
        finishLine();
        continue;
      }
      // A word too long for any line fills up this one, with at least one character.
      const piece = cutToColumns(word, Math.max(1, width - columnsOf(line + gap))) || word;
      line += gap + piece;
      word = word.slice(piece.length);
      finishLine();
    }
    if (word === "") continue;
    line += gap + word;
    empty = false;
    gap = " ";
  }
  if (!empty) lines.push(line);
  return lines.join("\n");
}
