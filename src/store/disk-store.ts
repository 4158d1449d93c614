// A store in a directory. Readers take no lock: a view is a commit record, and what lies beyond its lengths
// does not exist for it. docs/format/store.md.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { EMPTY } from "../core/bytes.ts";
import { assert, errnoOf, ReelError } from "../core/errors.ts";
import type { Progress } from "../core/progress.ts";
import { checkStore } from "./check.ts";
import { encodeCommitCopies, readLastCommit, type LastCommit } from "./commit-log.ts";
import { EMPTY_EXTENT, extentOf, type CommitRecord } from "./commit-record.ts";
import { nodeFiles, type FileLayer } from "./file-layer.ts";
import { FilePool } from "./file-pool.ts";
import {
  COMMITS_NAME,
  HEADER_BYTES,
  LOCK_NAME,
  storeFileName,
  storeFileNamed,
  SUPERBLOCK_NAME,
} from "./layout.ts";
import { WriterLock } from "./lock.ts";
import { systemProcesses, type ProcessTable } from "./process-table.ts";
import {
  carryOutRecovery,
  describeRecovery,
  planRecovery,
  type RecoveryAct,
} from "./recovery-plan.ts";
import {
  FIRST_GROUP_FILE,
  type GroupState,
  type ReadView,
  type Store,
  type StoreFile,
  type StoreProblem,
  type WriteTx,
} from "./store.ts";
import { findSuperblock, readHeader, writeMainSuperblock } from "./superblock-file.ts";
import {
  checkRequirements,
  decodeSuperblock,
  encodeSuperblock,
  GROUPS_REQUIREMENT,
  type Superblock,
} from "./superblock.ts";
import { DiskTransaction } from "./transaction.ts";

export interface DiskStoreOptions {
  /** Requirement words of the catalog that the caller understands, besides the store's own. */
  readonly understood?: readonly string[];
  /** Told in a sentence what was put right: a lock broken, a tail cut, a superblock restored. */
  readonly notice?: (text: string) => void;
  /** Told the same as values. */
  readonly recovered?: (acts: readonly RecoveryAct[]) => void;
  readonly files?: FileLayer;
  readonly processes?: ProcessTable;
}

export interface CreateStoreOptions extends DiskStoreOptions {
  /** 40 hex digits; random if not given. */
  readonly catalogId?: string;
  /** Words of the catalog that every later reader must understand. */
  readonly requirements?: readonly string[];
}

class DiskView implements ReadView {
  readonly generation: number;
  readonly groups: readonly GroupState[];
  readonly root: Uint8Array;
  private readonly record: CommitRecord;
  private readonly store: DiskStore;

  constructor(record: CommitRecord, store: DiskStore) {
    this.generation = record.generation;
    this.groups = record.groups;
    this.root = record.root;
    this.record = record;
    this.store = store;
  }

  size(file: StoreFile): number {
    return extentOf(this.record, file).length;
  }

  read(file: StoreFile, offset: number, length: number): Uint8Array {
    const size = this.size(file);
    if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
      throw new ReelError("store.out-of-bounds", {
        file: storeFileName(file),
        offset,
        end: offset + length,
        found: size,
      });
    }
    return length === 0 ? EMPTY : this.store.readCommitted(file, offset, length, size);
  }
}

class DiskStore implements Store {
  readonly catalogId: string;
  readonly requirements: readonly string[];
  private readonly directory: string;
  private readonly files: FileLayer;
  private readonly options: DiskStoreOptions;
  private readonly superblock: Uint8Array;
  private readonly pool: FilePool;
  private last: LastCommit;
  private lastView: ReadView;
  private writer: WriteTx | undefined;
  private closed = false;

  constructor(directory: string, superblock: Superblock, options: DiskStoreOptions) {
    this.directory = directory;
    this.options = options;
    this.files = options.files ?? nodeFiles;
    this.catalogId = superblock.catalogId;
    this.requirements = superblock.requirements;
    this.superblock = encodeSuperblock(superblock);
    this.pool = new FilePool(this.files, "read");
    this.last = readLastCommit(this.files, directory, superblock.catalogId);
    this.lastView = new DiskView(this.last.record, this);
  }

  view(): ReadView {
    assert(!this.closed, "view of an open store");
    const { last } = this;
    const state = this.files.stat(join(this.directory, COMMITS_NAME));
    // A torn tail may be cut and written again to the same length: then only reading tells.
    const same =
      state?.size === last.end && last.fileBytes === last.end && state.identity === last.identity;
    return same
      ? this.lastView
      : this.see(readLastCommit(this.files, this.directory, this.catalogId));
  }

  begin(): WriteTx {
    assert(!this.closed, "begin of an open store");
    const { directory, files, options, superblock, catalogId } = this;
    const notice = options.notice ?? (() => {});
    const lock = this.takeLock(notice);
    try {
      const mainGood =
        decodeSuperblock(readHeader(files, join(directory, SUPERBLOCK_NAME))) !== undefined;
      const acts = planRecovery(
        files,
        directory,
        readLastCommit(files, directory, catalogId),
        mainGood,
      );
      carryOutRecovery(files, directory, superblock, catalogId, acts);
      if (acts.length > 0) options.recovered?.(acts);
      for (const line of describeRecovery(acts)) notice(line);
      const base = this.see(readLastCommit(files, directory, catalogId));
      const committed = (last: LastCommit) => this.see(last);
      this.writer = new DiskTransaction({
        files,
        directory,
        superblock,
        lock,
        base,
        last: this.last,
        committed,
      });
      return this.writer;
    } catch (cause) {
      lock.release();
      throw cause instanceof ReelError
        ? cause
        : new ReelError("store.io", { path: directory, found: errnoOf(cause) }, { cause });
    }
  }

  check(progress?: Progress): StoreProblem[] {
    return checkStore(this.files, this.directory, this.catalogId, progress);
  }

  close(): void {
    if (this.closed) return;
    this.writer?.abort();
    this.pool.close();
    this.closed = true;
  }

  /** For the views: within the committed bytes. */
  readCommitted(file: StoreFile, offset: number, length: number, committed: number): Uint8Array {
    assert(!this.closed, "read of an open store");
    const name = storeFileName(file);
    const into = Buffer.allocUnsafeSlow(length);
    let found: number;
    try {
      found = this.files.read(
        this.pool.handle(join(this.directory, name)),
        into,
        HEADER_BYTES + offset,
      );
    } catch (cause) {
      if (errnoOf(cause) === "ENOENT")
        throw new ReelError("store.file-missing", { file: name, wanted: committed }, { cause });
      throw new ReelError(
        "store.io",
        { path: join(this.directory, name), found: errnoOf(cause) },
        { cause },
      );
    }
    if (found < length)
      throw new ReelError("store.file-short", {
        file: name,
        wanted: committed,
        found: offset + found,
      });
    return into;
  }

  private see(last: LastCommit): ReadView {
    if (last.record.generation !== this.last.record.generation)
      this.lastView = new DiskView(last.record, this);
    this.last = last;
    return this.lastView;
  }

  private takeLock(notice: (text: string) => void): WriterLock {
    const path = join(this.directory, LOCK_NAME);
    try {
      return WriterLock.take(this.files, path, this.options.processes ?? systemProcesses, notice);
    } catch (cause) {
      if (cause instanceof ReelError) throw cause;
      throw new ReelError("store.io", { path, found: errnoOf(cause) }, { cause });
    }
  }
}

/**
 * Makes an empty store at `directory`, and the directory if it is not there. Durable when it returns.
 * Throws `store.exists`.
 */
export function createDiskStore(directory: string, options: CreateStoreOptions = {}): Store {
  const files = options.files ?? nodeFiles;
  const catalogId = options.catalogId ?? randomBytes(20).toString("hex");
  const words = options.requirements ?? [];
  const superblock: Superblock = { catalogId, requirements: [GROUPS_REQUIREMENT, ...words] };
  const bytes = encodeSuperblock(superblock);
  files.makeDirectory(directory);
  refuseStoreIn(files, directory);
  // `commits` first: while there is no main superblock there is no store, and with one there is a record.
  const empty: CommitRecord = {
    catalogId,
    generation: 0,
    groups: [],
    extents: Array.from({ length: FIRST_GROUP_FILE }, () => EMPTY_EXTENT),
    root: EMPTY,
  };
  const handle = files.create(join(directory, COMMITS_NAME));
  try {
    files.write(handle, Buffer.concat([bytes, encodeCommitCopies(empty)]), 0);
    files.syncNow(handle);
  } finally {
    files.close(handle);
  }
  files.syncDirectory(directory);
  writeMainSuperblock(files, directory, bytes);
  return new DiskStore(directory, superblock, options);
}

/** A `commits` of generation 0 alone is what an interrupted creation leaves, and is written over. */
function refuseStoreIn(files: FileLayer, directory: string): void {
  const names = files.list(directory) ?? [];
  if (
    names.some((name) => name === SUPERBLOCK_NAME || storeFileNamed(name) !== undefined) ||
    hasCommits(files, directory)
  ) {
    throw new ReelError("store.exists", { path: directory });
  }
}

function hasCommits(files: FileLayer, directory: string): boolean {
  const header = decodeSuperblock(readHeader(files, join(directory, COMMITS_NAME)));
  if (header === undefined) return false;
  try {
    return readLastCommit(files, directory, header.catalogId).record.generation > 0;
  } catch {
    return false;
  }
}

/**
 * Opens for reading; nothing is written before `begin`. Throws `store.not-found`, `store.no-superblock`,
 * `store.newer-format`, `store.unknown-requirement`, `store.damaged`.
 */
export function openDiskStore(directory: string, options: DiskStoreOptions = {}): Store {
  const files = options.files ?? nodeFiles;
  const { superblock, name } = findSuperblock(files, directory);
  checkRequirements(superblock, [GROUPS_REQUIREMENT, ...(options.understood ?? [])]);
  if (name !== SUPERBLOCK_NAME)
    options.notice?.(`the superblock is damaged; its copy in '${name}' was used`);
  return new DiskStore(directory, superblock, options);
}
