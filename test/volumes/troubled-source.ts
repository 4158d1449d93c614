// A live directory with something that happens while it is read.
import type { ByteString } from "../../src/core/bytes.ts";
import type { OpenVolume } from "../../src/job/dump-job.ts";
import { openLiveDirectory } from "../../src/volume/live-directory.ts";
import type { ContentBatch, ContentStatus, Walk } from "../../src/volume/source.ts";

export interface Trouble {
  /** After the walk, before anything is read. */
  readonly afterWalk?: () => void;
  /** When the first batch with contents of files has been given. */
  readonly whileReading?: () => void;
  /** What is said of files by name, whatever they are. */
  readonly status?: ReadonlyMap<ByteString, ContentStatus>;
}

export function troubled(trouble: Trouble): OpenVolume {
  return async (path) => {
    const source = await openLiveDirectory(path);
    let reads = 0;
    return {
      identity: () => source.identity(),
      walk: async (options) => {
        const walk = await source.walk(options);
        trouble.afterWalk?.();
        return walk;
      },
      // Directories are read first, in a read of their own.
      read: (walk, rows, progress) => {
        reads++;
        return withTrouble(
          walk,
          source.read(walk, rows, progress),
          reads > 1 ? trouble : { ...trouble, whileReading: () => {} },
        );
      },
      close: () => source.close(),
    };
  };
}

async function* withTrouble(
  walk: Walk,
  batches: AsyncIterable<ContentBatch>,
  trouble: Trouble,
): AsyncGenerator<ContentBatch, void> {
  let first = true;
  for await (const batch of batches) {
    for (let piece = 0; piece < batch.count; piece++) {
      const status = trouble.status?.get(walk.name[batch.row[piece] as number] as ByteString);
      if (status !== undefined && batch.last[piece] === 1) batch.status[piece] = status;
    }
    if (first) trouble.whileReading?.();
    first = false;
    yield batch;
  }
}
