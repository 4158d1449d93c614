// The seam of the store: a fixed set of append-only files, changed only by whole commits. It knows no
// revlog: the catalog decides what the bytes mean. docs/format/store.md.
import type { Progress } from "../core/progress.ts";

/**
 * Number of a store file. 0 changeset index, 1 changeset heads, 2 changeset file lists; group g has
 * GROUP_FILES files from FIRST_GROUP_FILE + g × GROUP_FILES on: its index, then its data.
 */
export type StoreFile = number;
export const CHANGESET_INDEX: StoreFile = 0;
export const CHANGESET_HEADS: StoreFile = 1;
export const CHANGESET_LISTS: StoreFile = 2;
export const FIRST_GROUP_FILE = 4;
export const GROUP_FILES = 2;

export function groupIndexFile(group: number): StoreFile {
  return FIRST_GROUP_FILE + group * GROUP_FILES;
}

export function groupDataFile(group: number): StoreFile {
  return FIRST_GROUP_FILE + group * GROUP_FILES + 1;
}

/** What placement needs to know of a group; kept in each commit record. */
export interface GroupState {
  /** Histories placed in the group: its slots 0..histories-1 are taken. */
  readonly histories: number;
  /** How many of them are directories. */
  readonly directories: number;
}

/** One committed state. It never changes; a reader takes no lock. */
export interface ReadView {
  /** Commits so far; 0 is the empty store. */
  readonly generation: number;
  readonly groups: readonly GroupState[];
  /** Small opaque bytes (under 64 KiB) that the catalog gave with the last commit. */
  readonly root: Uint8Array;
  /** Committed bytes of a file; 0 if it does not exist yet. */
  size(file: StoreFile): number;
  /**
   * Exactly `length` bytes from `offset`, all below `size(file)`; a copy that the caller owns. Throws
   * `store.out-of-bounds` beyond it, `store.file-missing` or `store.file-short` if the disk has less
   * than was committed.
   */
  read(file: StoreFile, offset: number, length: number): Uint8Array;
}

/** The one writer. What it appends is seen by nobody until `commit` resolves. */
export interface WriteTx {
  /** The state that it builds on, read after the lock was taken and uncommitted tails were cut. */
  readonly base: ReadView;
  /** Bytes of a file with what this transaction has appended. */
  size(file: StoreFile): number;
  /** Appends and gives the offset at which the bytes begin. The bytes are copied or written before it returns. */
  append(file: StoreFile, bytes: Uint8Array): number;
  /** Exactly `length` bytes from `offset`, what this transaction has appended included; a copy. Throws as ReadView.read. */
  read(file: StoreFile, offset: number, length: number): Uint8Array;
  /**
   * Makes everything durable and visible at once: appended files are synced, then the commit record is
   * written and synced. Resolves with the new state. After a failure nothing is visible and the
   * transaction is over.
   */
  commit(groups: readonly GroupState[], root: Uint8Array): Promise<ReadView>;
  /** Drops everything and gives the lock back; harmless after commit. */
  abort(): void;
}

export interface Store {
  /** 20 bytes in hex, chosen at creation and never changed. */
  readonly catalogId: string;
  /** Words a reader must understand. */
  readonly requirements: readonly string[];
  /** The newest committed state; looks at the disk again, cheaply, each time. */
  view(): ReadView;
  /**
   * Takes the writer's lock (host and process id; that of a dead owner on this host is broken, and
   * `notice` told so), cuts what lies beyond the committed lengths, and gives the transaction. Throws
   * `store.locked` with the owner.
   */
  begin(): WriteTx;
  /** Reads everything committed and reports what is wrong, by file and offset; never throws for damage. */
  check(progress?: Progress): StoreProblem[];
  close(): void;
}

export interface StoreProblem {
  readonly file: string;
  readonly offset: number;
  readonly what: string;
}
