// The figures of all rounds as tables: medians, their spread, and ratios. A reading during which others used
// the machine counts only where there is no better one.
import type { Comparison, Count, Reading, Step } from "./peer.ts";

/** Readings of one line of one step, over the rounds. */
export interface Series {
  readonly step: Step;
  readonly line: string;
  readonly readings: Reading[];
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Those taken while nobody else used the machine; all, if there are none. */
function quiet(series: Series): readonly Reading[] {
  const undisturbed = series.readings.filter((each) => !each.disturbed);
  return undisturbed.length > 0 ? undisturbed : series.readings;
}

function known(series: Series, of: Comparison["of"]): number[] {
  return quiet(series)
    .map((each) => each[of])
    .filter((value) => value !== null);
}

/** The median of a column; null where no round knows it. */
export function median(series: Series, of: Comparison["of"]): number | null {
  const values = known(series, of);
  return values.length === 0 ? null : medianOf(values);
}

/** Rows as a Markdown table; the first column is left, the others right. */
function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (i === 0 ? (cells[i] ?? "").padEnd(width) : (cells[i] ?? "").padStart(width))).join(" | ")} |`;
  const rule = widths.map((width, i) =>
    i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

function seconds(value: number | null): string {
  return value === null ? "" : value.toFixed(value < 0.1 ? 3 : 2);
}

function megabytes(value: number | null): string {
  return value === null ? "" : (value / 1e6).toFixed(value < 1e7 ? 2 : 0);
}

export function stepTable(all: readonly Series[], step: Step): string {
  const rows = all
    .filter((series) => series.step === step)
    .map((series) => {
      const times = known(series, "seconds");
      return [
        // Markdown drops leading blanks.
        series.line.replace(/^ +/, "· "),
        seconds(median(series, "seconds")),
        times.length > 1 ? `${seconds(Math.min(...times))}–${seconds(Math.max(...times))}` : "",
        seconds(median(series, "cpuSeconds")),
        megabytes(median(series, "bytes")),
        `${series.readings.filter((each) => !each.disturbed).length} of ${series.readings.length}`,
      ];
    });
  return markdown([step, "seconds", "from–to", "CPU s", "MB", "quiet rounds"], rows);
}

/** The ratio of medians; null where one of the lines was not measured. */
export function ratioOf(all: readonly Series[], comparison: Comparison): number | null {
  const find = (line: string): number | null => {
    const series = all.find((each) => each.step === comparison.step && each.line === line);
    return series === undefined ? null : median(series, comparison.of);
  };
  const above = find(comparison.line);
  const below = find(comparison.beside);
  return above === null || below === null || below === 0 ? null : above / below;
}

const WORD: Readonly<Record<Comparison["of"], string>> = {
  seconds: "time",
  cpuSeconds: "CPU time",
  bytes: "bytes",
};

export function ratioTable(all: readonly Series[], comparisons: readonly Comparison[]): string {
  const rows = comparisons.flatMap((comparison) => {
    const ratio = ratioOf(all, comparison);
    if (ratio === null) return [];
    const { step, line, beside, of, target } = comparison;
    const what = `${step}: ${line.trim()}, ${WORD[of]}, over ${beside.trim()}`;
    return [[what, ratio.toPrecision(3), target === null ? "" : String(target)]];
  });
  return markdown(["ratio of medians", "is", "at most"], rows);
}

export function countTable(counts: readonly Count[]): string {
  const rows = counts.map(({ line, value, max }) => [
    line,
    value.toLocaleString("en-US"),
    max === null ? "" : String(max),
  ]);
  return markdown(["count", "is", "at most"], rows);
}
