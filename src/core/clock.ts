// The clock is a seam, so that tests and transcripts fix it.

export interface Clock {
  /** Nanoseconds since 1970, UTC; the system's own clock gives whole milliseconds. */
  now(): bigint;
  /** Seconds west of UTC at that moment, as Mercurial writes it (+0100 is -3600). */
  zone(seconds: number): number;
}

export const systemClock: Clock = {
  now: () => BigInt(Date.now()) * 1_000_000n,
  zone: (seconds) => new Date(seconds * 1000).getTimezoneOffset() * 60,
};
