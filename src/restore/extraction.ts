// What the steps of one restore share while it runs.
import type { Progress } from "../core/progress.ts";
import type { ContentCursor } from "./content.ts";
import { FileWriter } from "./file-writer.ts";
import { type AccessTime, note } from "./finish.ts";
import type { RestorePlan } from "./plan.ts";
import type { RestoreTally } from "./report.ts";
import type { WantedEntry } from "./request.ts";
import { errnoName } from "./system-calls.ts";
import { lastComponent, type Target } from "./target.ts";

export interface ExtractOptions {
  /** Keep the files that stand in the target already with size, times, mode and owner as wanted. */
  readonly resume?: boolean;
  /** A tape that `openTape` refuses: "fail" throws its error, "skip" lists its files and goes on. */
  readonly missingTape?: "fail" | "skip";
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** A file whose data go on on the next tape. */
export interface PendingFile {
  readonly index: number;
  readonly entry: WantedEntry;
  readonly writer: FileWriter;
  readonly cursor: ContentCursor;
  readonly times: AccessTime;
  /** The image's extent that has the rest. */
  nextExtent: number;
}

export interface Extraction {
  readonly plan: RestorePlan;
  readonly target: Target;
  readonly options: ExtractOptions;
  readonly tally: RestoreTally;
  /** By entry: 1 once its first name stands in the target. */
  readonly made: Uint8Array;
  /** By entry: 1 for what a resumed restore need not read again. */
  readonly kept: Uint8Array;
  /** By image: the file that goes on on the next tape. */
  readonly pending: Map<number, PendingFile>;
}

/** A new file under the entry's name, open for writing; null, and listed, if it cannot be. */
export function createFile(
  { plan, target, tally, made }: Extraction,
  index: number,
  entry: WantedEntry,
): FileWriter | null {
  const name = lastComponent(entry.path);
  const fd = target.make(plan.directoryOf[index] as number, name, (at) =>
    target.calls.createFile(at, name),
  );
  if (fd < 0) {
    note(tally, "create", entry.path, errnoName(fd));
    return null;
  }
  made[index] = 1;
  return new FileWriter(fd, entry.path, entry.size, entry.digest);
}
