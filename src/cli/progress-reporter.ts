// Samples a job's counters on a timer and keeps one line of the terminal up to date.
import type { Progress } from "../core/progress.ts";
import type { Io } from "./io.ts";
import { renderProgress } from "./render/progress.ts";

/** Quick jobs show nothing. */
const FIRST_AFTER_MS = 1000;
const EVERY_MS = 200;

export class ProgressReporter {
  private readonly io: Io;
  private readonly progress: Progress;
  private readonly started: number = performance.now();
  private timer: NodeJS.Timeout;
  private shown = false;

  constructor(progress: Progress, io: Io) {
    this.io = io;
    this.progress = progress;
    this.timer = setTimeout(() => {
      this.timer = setInterval(() => this.show(), EVERY_MS);
      this.show();
    }, FIRST_AFTER_MS);
  }

  private show(): void {
    const seconds = (performance.now() - this.started) / 1000;
    this.io.err(`\r${renderProgress(this.progress, seconds, this.io.width)}\x1b[K`);
    this.shown = true;
  }

  /** Takes the line away. */
  stop(): void {
    clearTimeout(this.timer);
    if (this.shown) this.io.err("\r\x1b[K");
  }
}
