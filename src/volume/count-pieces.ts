// Progress of a read: rows that are complete, and bytes of content.
import type { Progress } from "../core/progress.ts";
import type { BatchMemory } from "./content-batch.ts";

export function countPieces(memory: BatchMemory, progress: Progress): void {
  let rows = 0;
  let bytes = 0;
  for (let piece = 0; piece < memory.count; piece++) {
    rows += memory.last[piece] as number;
    bytes += memory.length[piece] as number;
  }
  progress.done += rows;
  progress.bytes += bytes;
}
