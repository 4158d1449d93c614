// What is not on tape as it stands on the volume: noted in %image, listed in the report, told by the exit
// code.
import type { ImageNote } from "../../catalog/image.ts";
import type { ByteString } from "../../core/bytes.ts";
import { CONTENT, type Walk } from "../../volume/source.ts";
import type { DumpOutcome } from "../../dump/request.ts";
import type { SkippedView } from "../requests.ts";
import type { RecordBuilder } from "./record-builder.ts";

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
  for (let at = walk.parent[row] as number; at > 0; at = walk.parent[at] as number)
    path = `${walk.name[at]}/${path}`;
  return path;
}

/** In the order of rows, then what the walk met. */
export function skippedOf(
  walk: Walk,
  records: RecordBuilder,
  stale: readonly ByteString[],
): SkippedView[] {
  const kept = new Set(stale);
  const skipped: SkippedView[] = [];
  for (let row = 0; row < walk.count; row++) {
    const why = STATUS_WORDS[records.status[row] as keyof typeof STATUS_WORDS] as
      | (typeof STATUS_WORDS)[keyof typeof STATUS_WORDS]
      | undefined;
    if (why === undefined) continue;
    const path = walkPath(walk, row);
    skipped.push({ path, why, errno: records.errnos.get(row) ?? "", stale: kept.has(path) });
  }
  for (const problem of walk.problems) {
    const above = walkPath(walk, problem.row);
    const path =
      problem.kind !== "unreadable"
        ? above
        : above === ""
          ? problem.name
          : `${above}/${problem.name}`;
    skipped.push({ path, why: problem.kind, errno: problem.errno, stale: kept.has(path) });
  }
  return skipped;
}

/** The same for %image, every path that keeps the base's record, and attributes that only the catalog has. */
export function notesOf(
  walk: Walk,
  records: RecordBuilder,
  stale: readonly ByteString[],
  outcome: DumpOutcome,
): ImageNote[] {
  const notes: ImageNote[] = skippedOf(walk, records, stale).map(({ path, why, errno }) => ({
    path,
    what: why,
    why: errno,
  }));
  for (const path of stale) notes.push({ path, what: "stale", why: "" });
  for (const { row, name, reason } of outcome.leftOut)
    notes.push({ path: walkPath(walk, row), what: "attribute", why: `${name} ${reason}` });
  return notes;
}
