// How long the steps of a job took, one after the other without gaps.
import type { PhaseTime } from "../requests.ts";

export class PhaseTimes {
  readonly phases: PhaseTime[] = [];
  private readonly start: number = performance.now();
  private last: number = this.start;

  /** Ends a phase: it began where the one before ended. */
  end(name: string): void {
    const now = performance.now();
    this.phases.push({ name, seconds: (now - this.last) / 1000 });
    this.last = now;
  }

  /** Since the first phase began. */
  get seconds(): number {
    return (performance.now() - this.start) / 1000;
  }
}
