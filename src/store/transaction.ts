// The one writer of a disk store, from begin to commit.
//
//             append, size                    (all durable)
//               ┌──┐
//   begin ──▶ open ── commit ──▶ committing ──▶ committed
//               │                    │
//             abort          any write or sync fails      (append that fails: open ──▶ failed)
//               ▼                    ▼
//            aborted               failed
//
//   open        holds the lock; tails of earlier writers are cut; bytes may lie beyond the committed lengths
//   committing  1. buffers written  2. appended files synced  3. new names synced  4. record written
//               5. `commits` synced. Up to 4 a crash leaves the old state; from 4 on the old or the new
//   committed   the record is durable, the lock given back
//   aborted, failed   appended tails cut as far as the disk allows, the lock given back; the next writer cuts the rest
//
// Invariants: (1) no byte below a committed length is ever written again; (2) a record is written only after
// every byte it speaks of is durable; (3) only the owner of the lock is in `open` or `committing`.
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { ByteWriter } from "../core/bytes.ts";
import { assert, errnoOf, ReelError } from "../core/errors.ts";
import { encodeCommitCopies, type LastCommit } from "./commit-log.ts";
import { extentOf, type CommitRecord, type Extent } from "./commit-record.ts";
import type { FileLayer } from "./file-layer.ts";
import { FilePool } from "./file-pool.ts";
import { COMMITS_NAME, HEADER_BYTES, storeFileName } from "./layout.ts";
import type { WriterLock } from "./lock.ts";
import {
  FIRST_GROUP_FILE,
  GROUP_FILES,
  type GroupState,
  type ReadView,
  type StoreFile,
  type WriteTx,
} from "./store.ts";

/** At 2 µs a call and 2 GB/s into the page cache, calls cost under 2 % of the copying. */
const WRITE_BYTES = 256 * 1024;
/** Buffers of 128 files at WRITE_BYTES each; beyond it all are written out. */
const BUFFERED_BYTES_MAX = 32 * 1024 * 1024;

/** What a transaction has appended to one file. */
interface Appended {
  readonly path: string;
  readonly baseLength: number;
  /** Written to the file so far, committed bytes included, and the checksum over it. */
  length: number;
  crc: number;
  created: boolean;
  readonly buffer: ByteWriter;
}

export interface TransactionContext {
  readonly files: FileLayer;
  readonly directory: string;
  readonly superblock: Uint8Array;
  readonly lock: WriterLock;
  readonly base: ReadView;
  readonly last: LastCommit;
  /** Called once, when the new state is durable; gives the view of it. */
  committed(last: LastCommit): ReadView;
}

export class DiskTransaction implements WriteTx {
  readonly base: ReadView;
  private readonly context: TransactionContext;
  private readonly pool: FilePool;
  private readonly appended = new Map<StoreFile, Appended>();
  private buffered = 0;
  /** A record was written, may be on disk, and could not be taken back: what it speaks of must stay. */
  private recordInDoubt = false;
  private state: "open" | "committing" | "committed" | "aborted" | "failed" = "open";

  constructor(context: TransactionContext) {
    this.context = context;
    this.base = context.base;
    this.pool = new FilePool(context.files, "write");
  }

  size(file: StoreFile): number {
    const appended = this.appended.get(file);
    return appended === undefined ? this.base.size(file) : appended.length + appended.buffer.length;
  }

  append(file: StoreFile, bytes: Uint8Array): number {
    assert(this.state === "open", `append to a transaction that is ${this.state}`);
    if (bytes.byteLength === 0) return this.size(file);
    const into = this.appended.get(file) ?? this.begin(file);
    const offset = into.length + into.buffer.length;
    try {
      if (bytes.byteLength >= WRITE_BYTES) {
        this.flush(into);
        this.write(into, bytes);
        return offset;
      }
      into.buffer.put(bytes);
      this.buffered += bytes.byteLength;
      if (into.buffer.length >= WRITE_BYTES) this.flush(into);
      else if (this.buffered >= BUFFERED_BYTES_MAX) this.flushAll();
    } catch (cause) {
      throw this.fail(cause, into.path);
    }
    return offset;
  }

  read(file: StoreFile, offset: number, length: number): Uint8Array {
    assert(this.state === "open", `read from a transaction that is ${this.state}`);
    const appended = this.appended.get(file);
    if (appended === undefined || offset + length <= this.base.size(file)) {
      return this.base.read(file, offset, length);
    }
    const found = this.size(file);
    if (!(offset >= 0 && length >= 0 && offset + length <= found)) {
      const end = offset + length;
      throw new ReelError("store.out-of-bounds", { file: storeFileName(file), offset, end, found });
    }
    const into = new Uint8Array(length);
    try {
      if (offset + length > appended.length) this.flush(appended);
      const handle = this.pool.handle(appended.path);
      const got = this.context.files.read(handle, into, HEADER_BYTES + offset);
      assert(got === length, "what was appended can be read back");
    } catch (cause) {
      throw this.fail(cause, appended.path);
    }
    return into;
  }

  async commit(groups: readonly GroupState[], root: Uint8Array): Promise<ReadView> {
    assert(this.state === "open", `commit of a transaction that is ${this.state}`);
    this.state = "committing";
    const { files, directory, last, lock } = this.context;
    try {
      this.checkTable(groups);
      this.flushAll();
      // Made before the first await: the caller may use groups and root again at once.
      const record = this.record(groups, root);
      const appended = [...this.appended.values()];
      await this.pool.sync(appended.map(({ path }) => path));
      if (appended.some(({ created }) => created)) files.syncDirectory(directory);
      lock.confirm();
      const next = await this.writeRecord(record, last);
      this.end("committed");
      return this.context.committed(next);
    } catch (cause) {
      throw this.fail(cause, directory);
    }
  }

  abort(): void {
    if (this.state !== "open") return;
    this.cutTails();
    this.end("aborted");
  }

  private begin(file: StoreFile): Appended {
    const { length, crc } = extentOf(this.context.last.record, file);
    const path = join(this.context.directory, storeFileName(file));
    const appended: Appended = {
      path,
      baseLength: length,
      length,
      crc,
      created: false,
      buffer: new ByteWriter(0),
    };
    this.appended.set(file, appended);
    return appended;
  }

  private flushAll(): void {
    for (const appended of this.appended.values()) this.flush(appended);
  }

  private flush(appended: Appended): void {
    const { buffer } = appended;
    if (buffer.length === 0) return;
    this.write(appended, buffer.finish());
    this.buffered -= buffer.length;
    buffer.reset();
  }

  private write(appended: Appended, bytes: Uint8Array): void {
    const { files, superblock } = this.context;
    if (appended.baseLength === 0 && !appended.created) {
      appended.created = true;
      files.write(this.pool.create(appended.path), superblock, 0);
    }
    files.write(this.pool.handle(appended.path), bytes, HEADER_BYTES + appended.length);
    appended.crc = crc32(bytes, appended.crc);
    appended.length += bytes.byteLength;
  }

  private checkTable(groups: readonly GroupState[]): void {
    assert(groups.length >= this.base.groups.length, "groups are never taken away");
    const count = FIRST_GROUP_FILE + groups.length * GROUP_FILES;
    for (const file of this.appended.keys())
      assert(file < count, `file ${file} belongs to one of ${groups.length} groups`);
  }

  private record(groups: readonly GroupState[], root: Uint8Array): CommitRecord {
    const { record: base } = this.context.last;
    const count = FIRST_GROUP_FILE + groups.length * GROUP_FILES;
    const extents: Extent[] = [];
    for (let file = 0; file < count; file++) {
      const appended = this.appended.get(file);
      extents.push(
        appended === undefined
          ? extentOf(base, file)
          : { length: appended.length, crc: appended.crc },
      );
    }
    const generation = base.generation + 1;
    return {
      catalogId: base.catalogId,
      generation,
      groups: groups.map((group) => ({ ...group })),
      extents,
      root: Uint8Array.from(root),
    };
  }

  private async writeRecord(record: CommitRecord, last: LastCommit): Promise<LastCommit> {
    const { files, directory } = this.context;
    const handle = files.open(join(directory, COMMITS_NAME), "write");
    try {
      const copies = encodeCommitCopies(record);
      try {
        files.write(handle, copies, last.end);
        await files.sync(handle);
      } catch (cause) {
        this.recordInDoubt = true;
        files.truncate(handle, last.end);
        files.syncNow(handle);
        this.recordInDoubt = false;
        throw cause;
      }
      const end = last.end + copies.byteLength;
      return {
        record,
        end,
        doubled: true,
        fileBytes: end,
        identity: files.stateOf(handle).identity,
      };
    } finally {
      files.close(handle);
    }
  }

  private fail(cause: unknown, path: string): unknown {
    this.cutTails();
    this.end("failed");
    if (cause instanceof ReelError) return cause;
    return new ReelError("store.write-failed", { path, found: errnoOf(cause) }, { cause });
  }

  /** For the sake of room only: what is not cut here, the next writer cuts. */
  private cutTails(): void {
    const { files } = this.context;
    if (this.recordInDoubt) return;
    for (const { path, baseLength, created } of this.appended.values()) {
      try {
        if (created) {
          this.pool.forget(path);
          files.remove(path);
        } else files.truncate(this.pool.handle(path), HEADER_BYTES + baseLength);
      } catch {
        // A disk that fails here has failed before, and that error is the one reported.
      }
    }
  }

  private end(state: "committed" | "aborted" | "failed"): void {
    this.state = state;
    this.appended.clear();
    this.pool.close();
    this.context.lock.release();
  }
}
