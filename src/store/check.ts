// Reads everything that was committed and reports what is wrong. Each record carries the checksum of every
// file up to its length, so the records still in `commits` narrow down where damage lies.
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { errnoOf, ReelError } from "../core/errors.ts";
import { startPhase, type Progress } from "../core/progress.ts";
import { readAllCommits, readLastCommit } from "./commit-log.ts";
import { extentOf, type CommitRecord, type Extent } from "./commit-record.ts";
import type { FileLayer } from "./file-layer.ts";
import { COMMITS_NAME, HEADER_BYTES, storeFileName, SUPERBLOCK_NAME } from "./layout.ts";
import { GROUP_SLOTS } from "./placement.ts";
import type { StoreFile, StoreProblem } from "./store.ts";
import { readHeader } from "./superblock-file.ts";
import { decodeSuperblock } from "./superblock.ts";

const READ_BYTES = 1 << 20;

/** Undefined if the header is a good copy of this catalog's superblock. */
function headerProblem(
  files: FileLayer,
  directory: string,
  name: string,
  catalogId: string,
): StoreProblem | undefined {
  try {
    const header = readHeader(files, join(directory, name));
    const copy = decodeSuperblock(header);
    if (copy?.catalogId === catalogId) return undefined;
    const what =
      copy !== undefined
        ? "belongs to another catalog"
        : header.byteLength === 0
          ? "missing or empty"
          : "damaged superblock copy";
    return { file: name, offset: 0, what };
  } catch (error) {
    return { file: name, offset: 0, what: reason(error) };
  }
}

function reason(error: unknown): string {
  return error instanceof ReelError ? error.message : `cannot be read: ${errnoOf(error)}`;
}

function groupProblems(record: CommitRecord): StoreProblem[] {
  return record.groups.flatMap((group, number) => {
    if (group.directories <= group.histories && group.histories <= GROUP_SLOTS) return [];
    const what = `group ${number} has ${group.histories} histories and ${group.directories} directories`;
    return [{ file: COMMITS_NAME, offset: HEADER_BYTES, what }];
  });
}

/** The lengths at which the checksum of a file is known, ascending, the committed one last. */
function knownExtents(records: readonly CommitRecord[], file: StoreFile): Extent[] {
  const known = new Map<number, Extent>();
  for (const record of records) {
    const extent = extentOf(record, file);
    if (extent.length > 0) known.set(extent.length, extent);
  }
  return [...known.values()].toSorted((a, b) => a.length - b.length);
}

function fileProblem(
  files: FileLayer,
  directory: string,
  file: StoreFile,
  extents: readonly Extent[],
  scratch: Uint8Array,
  progress?: Progress,
): StoreProblem | undefined {
  const name = storeFileName(file);
  let handle: number;
  try {
    handle = files.open(join(directory, name), "read");
  } catch (error) {
    return { file: name, offset: 0, what: errnoOf(error) === "ENOENT" ? "missing" : reason(error) };
  }
  try {
    let at = 0;
    let crc = 0;
    for (const extent of extents) {
      const from = at;
      while (at < extent.length) {
        const part = scratch.subarray(0, Math.min(READ_BYTES, extent.length - at));
        const found = files.read(handle, part, HEADER_BYTES + at);
        crc = crc32(part.subarray(0, found), crc);
        if (progress !== undefined) progress.bytes += found;
        at += found;
        if (found < part.byteLength) {
          return {
            file: name,
            offset: at,
            what: `ends here, ${extents.at(-1)?.length ?? 0} bytes were committed`,
          };
        }
      }
      if (crc !== extent.crc)
        return { file: name, offset: from, what: `damaged between ${from} and ${extent.length}` };
    }
    return undefined;
  } catch (error) {
    return { file: name, offset: 0, what: reason(error) };
  } finally {
    files.close(handle);
  }
}

/** Never throws for damage. `progress` counts files and bytes. */
export function checkStore(
  files: FileLayer,
  directory: string,
  catalogId: string,
  progress?: Progress,
): StoreProblem[] {
  const problems: StoreProblem[] = [];
  for (const name of [SUPERBLOCK_NAME, COMMITS_NAME]) {
    const problem = headerProblem(files, directory, name, catalogId);
    if (problem !== undefined) problems.push(problem);
  }
  let last: CommitRecord;
  let records: CommitRecord[];
  try {
    last = readLastCommit(files, directory, catalogId).record;
    records = readAllCommits(files, directory, catalogId).filter(
      ({ generation }) => generation <= last.generation,
    );
  } catch (error) {
    problems.push({ file: COMMITS_NAME, offset: 0, what: reason(error) });
    return problems;
  }
  records.forEach((record, i) => {
    const before = records[i - 1];
    if (before === undefined || before.generation + 1 === record.generation) return;
    problems.push({
      file: COMMITS_NAME,
      offset: HEADER_BYTES,
      what: `no record between generations ${before.generation} and ${record.generation}`,
    });
  });
  problems.push(...groupProblems(last));
  const committed = last.extents.flatMap((extent, file) => (extent.length > 0 ? [file] : []));
  if (progress !== undefined) startPhase(progress, "store files", "files", committed.length);
  const scratch = Buffer.allocUnsafeSlow(READ_BYTES);
  for (const file of committed) {
    const header = headerProblem(files, directory, storeFileName(file), catalogId);
    const damage = fileProblem(
      files,
      directory,
      file,
      knownExtents(records, file),
      scratch,
      progress,
    );
    if (header !== undefined && damage?.what !== "missing") problems.push(header);
    if (damage !== undefined) problems.push(damage);
    if (progress !== undefined) progress.done++;
  }
  return problems;
}
