// What is not on tape as it stands on the volume: noted in %image, listed in the report, told by the exit
// code.
import type { ImageNote } from "../../catalog/image.ts";
import type { TreeState } from "../../catalog/tree-state.ts";
import type { ByteString } from "../../core/bytes.ts";
import { TYPE } from "../../core/inode.ts";
import { CONTENT, type Walk } from "../../volume/source.ts";
import type { SkippedView } from "../requests.ts";
import type { RecordBuilder } from "./record-builder.ts";
import type { Selection } from "./selection.ts";

const STATUS_WORDS = {
  [CONTENT.changed]: "changed",
  [CONTENT.shrunk]: "shrunk",
  [CONTENT.vanished]: "vanished",
  [CONTENT.unreadable]: "unreadable",
  [CONTENT.failed]: "failed",
} as const;

/** The raw path of a row of the walk. */
export function walkPath(walk: Walk, row: number): ByteString {
  let path = walk.name[row] as ByteString;
  for (let at = walk.parent[row] as number; at > 0; at = walk.parent[at] as number) path = `${walk.name[at]}/${path}`;
  return path;
}

/** Inodes of the base below directories that could not be listed: they are in use still. */
export function keptInodes(walk: Walk, selection: Selection, base: TreeState | null): Uint32Array {
  const kept: number[] = [];
  if (base === null) return new Uint32Array(0);
  for (let row = 0; row < walk.count; row++) {
    if (selection.unreadable[row] === 0 || (selection.baseRow[row] as number) < 0) continue;
    const stack = [selection.baseRow[row] as number];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (base.recordLength[at] !== 0) kept.push(base.dumpInode[at] as number);
      if (base.type[at] !== TYPE.directory) continue;
      const first = base.firstEntry[at] as number;
      for (let entry = first; entry < first + (base.entryCount[at] as number); entry++) stack.push(entry);
    }
  }
  return Uint32Array.from(kept);
}

/** In the order of rows, then what the walk met. */
export function skippedOf(walk: Walk, records: RecordBuilder, stale: readonly ByteString[]): SkippedView[] {
  const kept = new Set(stale);
  const skipped: SkippedView[] = [];
  for (let row = 0; row < walk.count; row++) {
    const why = STATUS_WORDS[records.status[row] as keyof typeof STATUS_WORDS] as (typeof STATUS_WORDS)[keyof typeof STATUS_WORDS] | undefined;
    if (why === undefined) continue;
    const path = walkPath(walk, row);
    skipped.push({ path, why, errno: records.errnos.get(row) ?? "", stale: kept.has(path) });
  }
  for (const problem of walk.problems) {
    const above = walkPath(walk, problem.row);
    const path = problem.kind !== "unreadable" ? above : above === "" ? problem.name : `${above}/${problem.name}`;
    skipped.push({ path, why: problem.kind, errno: problem.errno, stale: kept.has(path) });
  }
  return skipped;
}

/** The same for %image, and every path that keeps the base's record. */
export function notesOf(walk: Walk, records: RecordBuilder, stale: readonly ByteString[]): ImageNote[] {
  const notes: ImageNote[] = skippedOf(walk, records, stale).map(({ path, why, errno }) => ({ path, what: why, why: errno }));
  for (const path of stale) notes.push({ path, what: "stale", why: "" });
  return notes;
}
