// Rows in columns, as wide as what they hold.
import type { ByteString } from "../../core/bytes.ts";
import { columnsOf } from "./text.ts";

/** `right` names the columns that are numbers. The last column is not padded. */
export function renderTable(
  rows: readonly (readonly ByteString[])[],
  right: ReadonlySet<number>,
): ByteString {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, columnsOf(cell));
  }
  return rows
    .map(
      (row) => `${row.map((cell, i) => padded(cell, i, row.length, widths, right)).join("  ")}\n`,
    )
    .join("");
}

function padded(
  cell: ByteString,
  column: number,
  count: number,
  widths: readonly number[],
  right: ReadonlySet<number>,
): ByteString {
  const blanks = " ".repeat((widths[column] ?? 0) - columnsOf(cell));
  if (right.has(column)) return blanks + cell;
  return column === count - 1 ? cell : cell + blanks;
}
