// What an interrupted writer left behind, as plain values, and how it is put right. A writer plans and
// carries this out under its lock before it appends; a reader never needs it.
import { join } from "node:path";
import { ReelError } from "../core/errors.ts";
import { foldCommits, needsFolding, readAllCommits, type LastCommit } from "./commit-log.ts";
import { extentOf, type CommitRecord } from "./commit-record.ts";
import type { FileLayer } from "./file-layer.ts";
import {
  COMMITS_NAME,
  COMMITS_NEXT_NAME,
  HEADER_BYTES,
  LOCK_NAME,
  storeFileName,
  storeFileNamed,
  SUPERBLOCK_NEXT_NAME,
} from "./layout.ts";
import { writeMainSuperblock } from "./superblock-file.ts";

export type RecoveryAct =
  /** The main superblock was damaged or missing, and is written anew. */
  | { readonly kind: "superblock-restored" }
  /** `commits` is replaced by a shorter file: it had grown, or lost a copy of its last record. */
  | { readonly kind: "commits-folded" }
  /** Bytes beyond what was committed are cut. */
  | {
      readonly kind: "tail-cut";
      readonly name: string;
      readonly length: number;
      readonly bytes: number;
    }
  /** A file of which nothing was committed is removed. */
  | { readonly kind: "file-removed"; readonly name: string; readonly bytes: number };

/** Bytes a file must have on disk; 0 if nothing of it was committed. */
function committedFileBytes(record: CommitRecord, file: number): number {
  const { length } = extentOf(record, file);
  return length === 0 ? 0 : HEADER_BYTES + length;
}

/** Files that live for a moment only, while something is replaced whole. */
function isPassing(name: string): boolean {
  return (
    name === SUPERBLOCK_NEXT_NAME || name === COMMITS_NEXT_NAME || name.startsWith(`${LOCK_NAME}.`)
  );
}

/**
 * Compares what lies in the directory with what was committed. Throws `store.file-missing` or
 * `store.file-short` if committed bytes are gone: nobody may write on such a store.
 */
export function planRecovery(
  files: FileLayer,
  directory: string,
  last: LastCommit,
  mainSuperblockGood: boolean,
): RecoveryAct[] {
  const acts: RecoveryAct[] = [];
  if (!mainSuperblockGood) acts.push({ kind: "superblock-restored" });
  if (needsFolding(last)) acts.push({ kind: "commits-folded" });
  else if (last.fileBytes > last.end) {
    acts.push({
      kind: "tail-cut",
      name: COMMITS_NAME,
      length: last.end,
      bytes: last.fileBytes - last.end,
    });
  }
  const names = files.list(directory) ?? [];
  const present = new Set(names);
  last.record.extents.forEach((_, file) => {
    const wanted = committedFileBytes(last.record, file);
    const name = storeFileName(file);
    if (wanted > 0 && !present.has(name))
      throw new ReelError("store.file-missing", { file: name, wanted });
  });
  for (const name of names.toSorted()) {
    const file = storeFileNamed(name);
    if (file === undefined && !isPassing(name)) continue;
    const found = files.stat(join(directory, name))?.size ?? 0;
    const wanted = file === undefined ? 0 : committedFileBytes(last.record, file);
    if (found < wanted) throw new ReelError("store.file-short", { file: name, wanted, found });
    if (wanted === 0) acts.push({ kind: "file-removed", name, bytes: found });
    else if (found > wanted)
      acts.push({ kind: "tail-cut", name, length: wanted, bytes: found - wanted });
  }
  return acts;
}

/** Only under the writer's lock. A crash between any two steps leaves a store that plans the rest again. */
export function carryOutRecovery(
  files: FileLayer,
  directory: string,
  superblock: Uint8Array,
  catalogId: string,
  acts: readonly RecoveryAct[],
): void {
  for (const act of acts) {
    switch (act.kind) {
      case "superblock-restored":
        writeMainSuperblock(files, directory, superblock);
        break;
      case "commits-folded":
        foldCommits(files, directory, superblock, readAllCommits(files, directory, catalogId));
        break;
      case "tail-cut": {
        const handle = files.open(join(directory, act.name), "write");
        try {
          files.truncate(handle, act.length);
        } finally {
          files.close(handle);
        }
        break;
      }
      case "file-removed":
        // A planned fold has used up its file already.
        if (files.stat(join(directory, act.name)) !== undefined)
          files.remove(join(directory, act.name));
        break;
    }
  }
}

/** One line for a person, each; all cuts together in one. */
export function describeRecovery(acts: readonly RecoveryAct[]): string[] {
  const lines: string[] = [];
  if (acts.some((act) => act.kind === "superblock-restored"))
    lines.push("restored the superblock from one of its copies");
  let cutFiles = 0;
  let cutBytes = 0;
  for (const act of acts) {
    if (act.kind !== "tail-cut" && act.kind !== "file-removed") continue;
    cutFiles++;
    cutBytes += act.bytes;
  }
  if (cutFiles > 0)
    lines.push(
      `cut ${cutBytes} bytes in ${cutFiles} files that an interrupted writer left uncommitted`,
    );
  return lines;
}
