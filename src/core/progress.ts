// Sampled counters: a job bumps plain numbers, a reporter looks at them on a timer.

export interface Progress {
  phase: string;
  /** What is being counted, for people: "files", "blocks". */
  unit: string;
  done: number;
  /** 0 while it is not known. */
  total: number;
  bytes: number;
}

export function newProgress(): Progress {
  return { phase: "", unit: "", done: 0, total: 0, bytes: 0 };
}

export function startPhase(progress: Progress, phase: string, unit: string, total = 0): void {
  progress.phase = phase;
  progress.unit = unit;
  progress.done = 0;
  progress.total = total;
}
