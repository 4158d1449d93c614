// The few file operations that a disk store is made of. They are a seam so that the crash tests can record
// every one of them and cut the power between any two; paths are absolute, handles are numbers.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
  type BigIntStats,
} from "node:fs";
import { errnoOf } from "../core/errors.ts";

export type FileHandle = number;

export interface FileState {
  readonly size: number;
  /** Tells one file from another that took its name. */
  readonly identity: string;
}

export interface FileLayer {
  /** Undefined if there is no such file. */
  stat(path: string): FileState | undefined;
  /** Names in the directory; undefined if there is none. */
  list(path: string): string[] | undefined;
  makeDirectory(path: string): void;
  open(path: string, mode: "read" | "write"): FileHandle;
  /** A new, empty file, open for reading and writing; what had the name is emptied. */
  create(path: string): FileHandle;
  close(handle: FileHandle): void;
  stateOf(handle: FileHandle): FileState;
  /** Bytes read; fewer than asked for only at the end of the file. */
  read(handle: FileHandle, into: Uint8Array, offset: number): number;
  /** Writes all of the bytes. */
  write(handle: FileHandle, bytes: Uint8Array, offset: number): void;
  truncate(handle: FileHandle, length: number): void;
  sync(handle: FileHandle): Promise<void>;
  syncNow(handle: FileHandle): void;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** A file that appears with all its bytes or not at all; false if the name is taken. */
  createWhole(path: string, bytes: Uint8Array): boolean;
}

function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): void {
  let written = 0;
  while (written < bytes.byteLength) {
    written += writeSync(handle, bytes, written, bytes.byteLength - written, offset + written);
  }
}

/** What `attempt` gives, or undefined if it fails with one of these codes. */
function unless<T>(codes: readonly string[], attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (codes.includes(errnoOf(error))) return undefined;
    throw error;
  }
}

function stateFrom(found: BigIntStats): FileState {
  return { size: Number(found.size), identity: `${found.dev}:${found.ino}` };
}

function createExclusive(path: string, bytes: Uint8Array): boolean {
  const handle = unless(["EEXIST"], () => openSync(path, "wx"));
  if (handle === undefined) return false;
  try {
    writeAll(handle, bytes, 0);
  } finally {
    closeSync(handle);
  }
  return true;
}

export const nodeFiles: FileLayer = {
  stat(path) {
    const found = unless(["ENOENT", "ENOTDIR"], () => statSync(path, { bigint: true }));
    return found && stateFrom(found);
  },
  list: (path) => unless(["ENOENT", "ENOTDIR"], () => readdirSync(path)),
  makeDirectory(path) {
    mkdirSync(path, { recursive: true });
  },
  open: (path, mode) => openSync(path, mode === "read" ? "r" : "r+"),
  create: (path) => openSync(path, "w+"),
  close: closeSync,
  stateOf: (handle) => stateFrom(fstatSync(handle, { bigint: true })),
  read(handle, into, offset) {
    let done = 0;
    while (done < into.byteLength) {
      const count = readSync(handle, into, done, into.byteLength - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  },
  write: writeAll,
  truncate: ftruncateSync,
  sync: (handle) =>
    new Promise((resolve, reject) =>
      fdatasync(handle, (error) => (error === null ? resolve() : reject(error))),
    ),
  syncNow: fdatasyncSync,
  syncDirectory(path) {
    const handle = openSync(path, "r");
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  },
  rename: renameSync,
  remove: unlinkSync,
  createWhole(path, bytes) {
    const own = `${path}.${process.pid}-${randomBytes(4).toString("hex")}`;
    createExclusive(own, bytes);
    try {
      linkSync(own, path);
      return true;
    } catch (error) {
      const code = errnoOf(error);
      // ENOENT: a writer that holds the lock has cleared away what interrupted ones left.
      if (code === "EEXIST" || code === "ENOENT") return false;
      // FAT and some network file systems have no links: the file may then be seen while it is empty.
      if (code === "EPERM" || code === "ENOTSUP" || code === "ENOSYS")
        return createExclusive(path, bytes);
      throw error;
    } finally {
      unless(["ENOENT"], () => unlinkSync(own));
    }
  },
};
