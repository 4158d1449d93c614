// Finds a good superblock among the files of a store, and puts the main one back.
import { join } from "node:path";
import { ReelError } from "../core/errors.ts";
import type { FileLayer } from "./file-layer.ts";
import {
  COMMITS_NAME,
  HEADER_BYTES,
  storeFileNamed,
  SUPERBLOCK_NAME,
  SUPERBLOCK_NEXT_NAME,
} from "./layout.ts";
import { decodeSuperblock, type Superblock } from "./superblock.ts";

export interface FoundSuperblock {
  readonly superblock: Superblock;
  /** The file it was read from; another than `superblock` means that the main one is damaged or missing. */
  readonly name: string;
}

/** The first 512 bytes of a file; fewer if it is shorter or missing. */
export function readHeader(files: FileLayer, path: string): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  if (files.stat(path) === undefined) return header.subarray(0, 0);
  const handle = files.open(path, "read");
  try {
    return header.subarray(0, files.read(handle, header, 0));
  } finally {
    files.close(handle);
  }
}

/** Names of the files that begin with a superblock, the main one first. */
export function headedFiles(files: FileLayer, directory: string): string[] {
  const names = files.list(directory) ?? [];
  const first = [SUPERBLOCK_NAME, COMMITS_NAME].filter((name) => names.includes(name));
  return [...first, ...names.filter((name) => storeFileNamed(name) !== undefined).toSorted()];
}

/**
 * The first good superblock. Throws `store.not-found` if the directory has no store file at all,
 * `store.no-superblock` if none of them begins with a good one, `store.newer-format`.
 */
export function findSuperblock(files: FileLayer, directory: string): FoundSuperblock {
  const main = decodeSuperblock(readHeader(files, join(directory, SUPERBLOCK_NAME)));
  if (main !== undefined) return { superblock: main, name: SUPERBLOCK_NAME };
  const names = headedFiles(files, directory);
  for (const name of names) {
    const superblock = decodeSuperblock(readHeader(files, join(directory, name)));
    if (superblock !== undefined) return { superblock, name };
  }
  throw new ReelError(names.length === 0 ? "store.not-found" : "store.no-superblock", {
    path: directory,
  });
}

/** Written beside, synced and renamed: the main superblock is good or old at every moment. */
export function writeMainSuperblock(files: FileLayer, directory: string, bytes: Uint8Array): void {
  const next = join(directory, SUPERBLOCK_NEXT_NAME);
  const handle = files.create(next);
  try {
    files.write(handle, bytes, 0);
    files.syncNow(handle);
  } finally {
    files.close(handle);
  }
  files.rename(next, join(directory, SUPERBLOCK_NAME));
  files.syncDirectory(directory);
}
