// The file `commits`: records are found from its end, appended and, when it has grown, folded.
//
// A record is written twice in one write. A crash may tear both copies, and then the commit never was;
// a sector that goes bad later takes only one, and so the last commit is not mistaken for a torn one and
// cut away. docs/format/store.md, section 4.
import { join } from "node:path";
import { ReelError } from "../core/errors.ts";
import {
  alignedCommitBytes,
  COMMIT_ALIGNMENT_BYTES,
  commitRecordLength,
  decodeCommitRecord,
  encodeCommitRecord,
  type CommitRecord,
} from "./commit-record.ts";
import type { FileHandle, FileLayer } from "./file-layer.ts";
import { COMMITS_NAME, COMMITS_NEXT_NAME, HEADER_BYTES } from "./layout.ts";

/** Records kept when the file is folded: enough to narrow down where later damage lies. */
const RECORDS_KEPT = 16;
/** Folded when it is longer than this and than 64 of its records, so that opening and checking stay cheap. */
const FOLDED_ABOVE_BYTES = 1 << 20;
const FOLDED_ABOVE_RECORDS = 64;
/** One read shows both copies of a record of 40 groups and 8 KiB of root several times over. */
const WINDOW_BYTES = 64 * 1024;

export interface LastCommit {
  readonly record: CommitRecord;
  /** Where its last good copy ends; what lies beyond is torn. */
  readonly end: number;
  /** Both copies are good. */
  readonly doubled: boolean;
  /** Length and identity of the file when it was read. */
  readonly fileBytes: number;
  readonly identity: string;
}

function readRange(files: FileLayer, handle: FileHandle, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Math.max(0, to - from));
  return bytes.subarray(0, files.read(handle, bytes, from));
}

/** The good record that begins last in the file, looking backwards in windows. */
function findLast(
  files: FileLayer,
  handle: FileHandle,
  catalogId: string,
  fileBytes: number,
): { record: CommitRecord; at: number; end: number } | undefined {
  for (let to = alignedCommitBytes(fileBytes); to > HEADER_BYTES; ) {
    const from = Math.max(HEADER_BYTES, to - WINDOW_BYTES);
    const window = readRange(files, handle, from, Math.min(fileBytes, to));
    for (let at = to - COMMIT_ALIGNMENT_BYTES; at >= from; at -= COMMIT_ALIGNMENT_BYTES) {
      const length = commitRecordLength(window, at - from);
      if (length === 0) continue;
      const whole = at - from + length <= window.byteLength;
      const record = whole
        ? decodeCommitRecord(window, at - from, catalogId)
        : decodeCommitRecord(readRange(files, handle, at, at + length), 0, catalogId);
      if (record !== undefined) return { record, at, end: at + alignedCommitBytes(length) };
    }
    to = from;
  }
  return undefined;
}

/** Throws `store.damaged` if there is no file or no good record in it: even a new store has one. */
export function readLastCommit(files: FileLayer, directory: string, catalogId: string): LastCommit {
  const path = join(directory, COMMITS_NAME);
  if (files.stat(path) === undefined) {
    throw new ReelError("store.damaged", { path: directory, found: `no file '${COMMITS_NAME}'` });
  }
  const handle = files.open(path, "read");
  try {
    const { size, identity } = files.stateOf(handle);
    const found = findLast(files, handle, catalogId, size);
    if (found === undefined) {
      throw new ReelError("store.damaged", {
        path: directory,
        found: `no good record in '${COMMITS_NAME}'`,
      });
    }
    const { record, at, end } = found;
    const before = at - (end - at);
    const twin =
      before < HEADER_BYTES
        ? undefined
        : decodeCommitRecord(readRange(files, handle, before, at), 0, catalogId);
    return {
      record,
      end,
      doubled: twin?.generation === record.generation,
      fileBytes: size,
      identity,
    };
  } finally {
    files.close(handle);
  }
}

/** Every good record, oldest first, one for each generation. */
export function readAllCommits(
  files: FileLayer,
  directory: string,
  catalogId: string,
): CommitRecord[] {
  const handle = files.open(join(directory, COMMITS_NAME), "read");
  try {
    const bytes = readRange(files, handle, 0, files.stateOf(handle).size);
    const records: CommitRecord[] = [];
    for (let at = HEADER_BYTES; at < bytes.byteLength; ) {
      const record = decodeCommitRecord(bytes, at, catalogId);
      if (record !== undefined && records.at(-1)?.generation !== record.generation)
        records.push(record);
      at +=
        record === undefined
          ? COMMIT_ALIGNMENT_BYTES
          : alignedCommitBytes(commitRecordLength(bytes, at));
    }
    return records;
  } finally {
    files.close(handle);
  }
}

/** Both copies of a record, as they are written. */
export function encodeCommitCopies(record: CommitRecord): Buffer {
  const copy = encodeCommitRecord(record);
  return Buffer.concat([copy, copy]);
}

export function needsFolding(last: LastCommit): boolean {
  const recordBytes = encodeCommitRecord(last.record).byteLength;
  return (
    !last.doubled ||
    last.fileBytes > Math.max(FOLDED_ABOVE_BYTES, FOLDED_ABOVE_RECORDS * recordBytes)
  );
}

/**
 * Puts a file in the place of `commits` that holds its last records only, the last one doubled. At every
 * moment one of the two files has the name and holds the last record; readers see the change of identity.
 */
export function foldCommits(
  files: FileLayer,
  directory: string,
  superblock: Uint8Array,
  records: readonly CommitRecord[],
): void {
  const kept = records.slice(-RECORDS_KEPT);
  const parts = [
    superblock,
    ...kept.slice(0, -1).map(encodeCommitRecord),
    ...kept.slice(-1).map(encodeCommitCopies),
  ];
  const next = join(directory, COMMITS_NEXT_NAME);
  const handle = files.create(next);
  try {
    files.write(handle, Buffer.concat(parts), 0);
    files.syncNow(handle);
  } finally {
    files.close(handle);
  }
  files.rename(next, join(directory, COMMITS_NAME));
  files.syncDirectory(directory);
}
