// Reading on the caller's own thread: for small jobs, where starting another (57 ms) costs more than it
// gains, and wherever the reading thread's file is not there.
import { newProgress, type Progress } from "../core/progress.ts";
import { BATCH_MEMORY_BYTES, BatchMemory, BATCHES_IN_FLIGHT, showBatch } from "./content-batch.ts";
import { ContentReader } from "./content-reader.ts";
import { RequestCutter, RequestPacker } from "./content-request.ts";
import { countPieces } from "./count-pieces.ts";
import type { ContentBatch, Walk } from "./source.ts";
import type { SystemCalls } from "./system-calls.ts";

/** `root` is the open root directory. */
export async function* readInline(
  calls: SystemCalls,
  root: number,
  walk: Walk,
  rows: Int32Array,
  progress: Progress = newProgress(),
): AsyncGenerator<ContentBatch, void> {
  const packer = new RequestPacker(walk);
  const cutter = new RequestCutter(walk, rows);
  const reader = new ContentReader(calls, root);
  const free: BatchMemory[] = [];
  let made = 0;
  let wake = (): void => {};
  const acquire = async (): Promise<BatchMemory> => {
    for (;;) {
      const memory = free.pop();
      if (memory !== undefined) return memory;
      if (made < BATCHES_IN_FLIGHT) {
        made++;
        return new BatchMemory(new ArrayBuffer(BATCH_MEMORY_BYTES));
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  try {
    let memory = await acquire();
    memory.clear();
    let isDone = false;
    while (!isDone) {
      while (reader.fill(memory)) {
        const next = cutter.cut();
        isDone = next === undefined;
        if (next === undefined) break;
        reader.start(packer.pack(next));
      }
      if (memory.count > 0) {
        const filled = memory;
        countPieces(filled, progress);
        yield showBatch(filled, () => {
          free.push(filled);
          wake();
        });
        if (isDone) break;
        memory = await acquire();
        memory.clear();
      }
      await new Promise(setImmediate);
    }
  } finally {
    reader.close();
  }
}
