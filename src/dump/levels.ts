// Level and history → base. A dump's base is the most recent dump of the same identity with a lower level.
import { ReelError } from "../core/errors.ts";

export const LEVEL_MAX = 31;

export interface PastDump {
  /** What was dumped: volume and path in it, in any form that tells two of them apart. */
  readonly identity: string;
  readonly level: number;
  /** c_date in seconds. */
  readonly date: number;
  /** Breaks ties: the greater one counts as the later. */
  readonly node: string;
}

/** Throws `dump.unknown-level`. */
export function checkLevel(level: number): number {
  if (!Number.isInteger(level) || level < 0 || level > LEVEL_MAX) {
    throw new ReelError("dump.unknown-level", { found: level });
  }
  return level;
}

/**
 * The base for a dump of `identity` at `level`; null for level 0. `title` names the dump path in the
 * error. Throws `dump.unknown-level`, `dump.no-base`.
 */
export function chooseBase<D extends PastDump>(
  history: Iterable<D>,
  identity: string,
  level: number,
  title: string,
): D | null {
  if (checkLevel(level) === 0) return null;
  let base: D | null = null;
  for (const dump of history) {
    if (dump.identity !== identity || dump.level >= level) continue;
    if (
      base === null ||
      dump.date > base.date ||
      (dump.date === base.date && dump.node > base.node)
    )
      base = dump;
  }
  if (base === null) throw new ReelError("dump.no-base", { level, path: title });
  return base;
}
