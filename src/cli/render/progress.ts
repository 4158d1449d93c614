// A job's counters on one line.
import type { Progress } from "../../core/progress.ts";
import { showCount, showDuration, showSize } from "./quantities.ts";

/** Cut to the width, with the phase first: that is what is read. */
export function renderProgress(progress: Progress, seconds: number, width: number): string {
  const { phase, unit, done, total, bytes } = progress;
  const count =
    total > 0 ? `${showCount(done)} of ${showCount(total)} ${unit}` : `${showCount(done)} ${unit}`;
  const parts = [phase, count];
  if (bytes > 0) parts.push(showSize(bytes), `${showSize(bytes / Math.max(seconds, 0.001))}/s`);
  parts.push(showDuration(seconds));
  return parts
    .filter((part) => part !== "")
    .join(", ")
    .slice(0, Math.max(1, width - 1));
}
