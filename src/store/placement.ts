// Where things go: the policy of the Fast File System over groups, as pure functions, and the store's
// allocator over them. Related things lie together, unrelated ones far apart. docs/format/store.md, section 6.
//
// A directory (the manifest of one) goes to the group with most free slots; a file's history to the group
// of its directory; data goes with its history until a history is large.
import { assert } from "../core/errors.ts";
import { toHistoryId, type HistoryId } from "../core/ids.ts";
import type { GroupState } from "./store.ts";

/**
 * Histories of a group. 2^15 index runs and names are some 2 MB, read in 10 ms at 200 MB/s, which is what
 * one positioning costs; a million files make about 41 groups, 82 files.
 */
export const GROUP_SLOTS = 32_768;

/** A group is kept below 3/4 full, so that the files a directory gets later still fit beside it. */
const FILL_NUMERATOR = 3;
const FILL_DENOMINATOR = 4;

/**
 * What one history may hold in a group before its further data goes on in the next: at 200 MB/s and 8 ms
 * of positioning the chapter's formula gives 84 % of the disk's rate for 8 MiB (90 % would take 14 MB).
 */
export const LARGE_HISTORY_BYTES = 8 * 1024 * 1024;

/**
 * The group for a new directory: groups are looked at in steps of `faraway` from 0, each with the free
 * slots of the `faraway` groups from there on (wrapping); the first with most wins. -1 if all are full.
 */
export function directoryGroup(free: ArrayLike<number>, faraway = 1): number {
  const count = free.length;
  let best = -1;
  let most = 0;
  for (let group = 0; group < count; group += faraway) {
    let sum = 0;
    for (let i = 0; i < faraway; i++) sum += free[(group + i) % count] as number;
    if (sum > most) {
      most = sum;
      best = group;
    }
  }
  return best;
}

/** The group for a file: that of its directory, or the nearest with room, +1, -1, +2, -2 … -1 if all are full. */
export function fileGroup(free: ArrayLike<number>, home: number): number {
  const count = free.length;
  if ((free[home] as number) > 0) return home;
  for (let step = 1; step < count; step++) {
    const distance = (step + 1) >> 1;
    const group = (home + (step % 2 === 1 ? distance : count - distance)) % count;
    if ((free[group] as number) > 0) return group;
  }
  return -1;
}

/** The group of a history's n-th chunk of data, from 0: each further chunk in the next group, in turn. */
export function chunkGroup(home: number, chunk: number, groupCount: number): number {
  return (home + chunk) % groupCount;
}

/** The large-file exception: the group for the next data of a history that holds `historyBytes` already. */
export function dataGroupFor(home: number, historyBytes: number, groupCount: number): number {
  return chunkGroup(home, Math.floor(historyBytes / LARGE_HISTORY_BYTES), groupCount);
}

export function groupOf(history: HistoryId): number {
  return Math.floor(history / GROUP_SLOTS);
}

export function slotOf(history: HistoryId): number {
  return history % GROUP_SLOTS;
}

/** Hands out history numbers; slots are taken in order and never given back. */
export class StorePlacement {
  private readonly histories: number[];
  private readonly directories: number[];
  /** Free slots, as the choosers want them. */
  private readonly free: number[];
  private taken = 0;

  constructor(groups: readonly GroupState[]) {
    this.histories = groups.map((group) => group.histories);
    this.directories = groups.map((group) => group.directories);
    this.free = this.histories.map((histories) => GROUP_SLOTS - histories);
    for (const histories of this.histories) this.taken += histories;
  }

  /** Opens as many groups as keep all of them below 3/4 when `count` histories have come; at least one. */
  reserve(count: number): void {
    const wanted = Math.ceil(
      ((this.taken + count) * FILL_DENOMINATOR) / (GROUP_SLOTS * FILL_NUMERATOR),
    );
    while (this.histories.length < Math.max(1, wanted)) this.openGroup();
  }

  /** A slot for a directory, in the group with most free ones. */
  placeDirectory(): HistoryId {
    this.reserve(1);
    const group = directoryGroup(this.free);
    assert(group >= 0, "a group below 3/4 has a free slot");
    this.directories[group] = (this.directories[group] as number) + 1;
    return this.take(group);
  }

  /** A slot for a file, in its directory's group or the nearest with room. */
  placeFile(directory: HistoryId): HistoryId {
    const home = groupOf(directory);
    assert(home < this.histories.length, "the directory lies in a group of this store");
    const near = fileGroup(this.free, home);
    return this.take(near >= 0 ? near : this.openGroup());
  }

  /** The table for the next commit. */
  groups(): GroupState[] {
    return this.histories.map((histories, group) => ({
      histories,
      directories: this.directories[group] as number,
    }));
  }

  private openGroup(): number {
    this.directories.push(0);
    this.free.push(GROUP_SLOTS);
    return this.histories.push(0) - 1;
  }

  private take(group: number): HistoryId {
    const slot = this.histories[group] as number;
    assert(slot < GROUP_SLOTS, "a free slot in the chosen group");
    this.histories[group] = slot + 1;
    this.free[group] = GROUP_SLOTS - slot - 1;
    this.taken++;
    return toHistoryId(group * GROUP_SLOTS + slot);
  }
}
