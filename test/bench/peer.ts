// The seam of the bench: a peer does the same steps on the same volume, each in a process of its own, and
// says what they took. What it prepares for a step is not in the times.
import type { BenchOptions } from "./options.ts";
import type { Volume } from "./volume.ts";

export const STEPS = ["level 0", "incremental"] as const;
export type Step = (typeof STEPS)[number];

/** One figure line of a step: what it is called stays the same from round to round. */
export interface Reading {
  readonly line: string;
  readonly seconds: number;
  /** User and system time; null where it is not known apart. */
  readonly cpuSeconds: number | null;
  /** What it wrote or read, in the sense that its line says; null for none. */
  readonly bytes: number | null;
  /** Others used the machine meanwhile. */
  readonly disturbed: boolean;
}

/** A count that must hold, with what it must not pass. */
export interface Count {
  readonly line: string;
  readonly value: number;
  readonly max: number | null;
}

export interface Round {
  readonly volume: Volume;
  readonly options: BenchOptions;
  /** A folder for this peer and round, empty at its first step. */
  readonly folder: string;
  /** The folder of another peer in the same round. */
  folderOf(peer: string): string;
}

export interface Peer {
  readonly name: string;
  /** Takes minutes: it runs in fewer rounds. */
  readonly slow: boolean;
  /** Peers that must have run in the same round before it. */
  readonly after: readonly string[];
  /** Null if it can run here, otherwise what is missing. */
  missing(): string | null;
  /** One step of a round; the steps come in the order of STEPS, the volume changed in between. */
  step(step: Step, round: Round): Promise<readonly Reading[]>;
  /** Facts about what the last round left. */
  counts(round: Round): Promise<readonly Count[]>;
}

/** Two lines, possibly of different peers, whose ratio is of interest. */
export interface Comparison {
  readonly step: Step;
  readonly line: string;
  readonly beside: string;
  readonly of: "seconds" | "cpuSeconds" | "bytes";
  /** What the ratio should not pass; null for information. */
  readonly target: number | null;
}
