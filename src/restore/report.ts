// What a restore says at its end: counts, and everything that is not as it was.
import type { ByteString } from "../core/bytes.ts";

/**
 * "plan": it could not be planned. "tape": its tape was not to be had. "damaged", "wrong-inode", "digest":
 * what the tape gave is not what was dumped. "create", "owner", "mode", "attributes", "times", "link": the
 * target refused.
 */
export type RestoreProblemKind =
  | "plan"
  | "tape"
  | "damaged"
  | "wrong-inode"
  | "digest"
  | "create"
  | "owner"
  | "mode"
  | "attributes"
  | "times"
  | "link";

export interface RestoreProblem {
  readonly kind: RestoreProblemKind;
  readonly path: ByteString;
  readonly what: string;
}

export interface RestoreReport {
  /** Names made or brought up to date. */
  readonly directories: number;
  readonly files: number;
  readonly others: number;
  readonly links: number;
  /** Files that stood there already, whole (`resume`). */
  readonly kept: number;
  /** Bytes of file content, holes included. */
  readonly contentBytes: number;
  /** What the drives were asked for. */
  readonly tapeBytes: number;
  readonly records: number;
  readonly tapes: readonly string[];
  /** Any of them makes the exit code 3. */
  readonly problems: readonly RestoreProblem[];
}

/** The report while it grows. */
export interface RestoreTally {
  directories: number;
  files: number;
  others: number;
  links: number;
  kept: number;
  contentBytes: number;
  tapeBytes: number;
  records: number;
  readonly tapes: string[];
  readonly problems: RestoreProblem[];
}

export function newTally(): RestoreTally {
  return {
    directories: 0,
    files: 0,
    others: 0,
    links: 0,
    kept: 0,
    contentBytes: 0,
    tapeBytes: 0,
    records: 0,
    tapes: [],
    problems: [],
  };
}
