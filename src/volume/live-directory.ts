// A volume that is a mounted tree: the walk by system calls, the contents read ahead on other threads.
import { existsSync } from "node:fs";
import { showBytes, type ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import type { Progress } from "../core/progress.ts";
import { readInline } from "./inline-reader.ts";
import { ReadingThreads } from "./reading-threads.ts";
import type { ContentBatch, VolumeIdentity, VolumeSource, Walk, WalkOptions } from "./source.ts";
import {
  AT_FDCWD,
  errnoName,
  loadSystemCalls,
  NamePad,
  OPEN_ROOT,
  openQuietly,
  type SystemCalls,
} from "./system-calls.ts";
import { identify } from "./volume-identity.ts";
import { walkDirectory } from "./walk-directory.ts";

export interface LiveDirectoryOptions {
  /** The bundled reading thread. By default content-worker.js beside this module, if it is there. */
  readonly workerUrl?: URL;
  /** In place of libc's, for tests; the reading threads have their own. */
  readonly calls?: SystemCalls;
}

/** Below these, reading inline is done by the time that the threads give a first batch (100 ms). */
const INLINE_ROWS_MAX = 5000;
const INLINE_BYTES_MAX: number = 32 << 20;

/**
 * Opens the directory at `path` (bytes; a symbolic link there is followed). Throws `volume.unreadable`,
 * `volume.no-proc` or `volume.no-system-calls`.
 */
export async function openLiveDirectory(
  path: ByteString,
  options: LiveDirectoryOptions = {},
): Promise<VolumeSource> {
  const calls = options.calls ?? (await loadSystemCalls());
  const root = openQuietly(calls, AT_FDCWD, new NamePad(calls).put(path), OPEN_ROOT);
  if (root < 0)
    throw new ReelError("volume.unreadable", { path: showBytes(path), found: errnoName(root) });
  try {
    return new LiveDirectory(
      calls,
      root,
      options.workerUrl ?? new URL("./content-worker.js", import.meta.url),
    );
  } catch (error) {
    calls.close(root);
    throw error;
  }
}

class LiveDirectory implements VolumeSource {
  private readonly calls: SystemCalls;
  private readonly root: number;
  private readonly workerUrl: URL;
  private readonly knownIdentity: VolumeIdentity;
  private threads: ReadingThreads | undefined;
  private isOpen = true;

  constructor(calls: SystemCalls, root: number, workerUrl: URL) {
    this.calls = calls;
    this.root = root;
    this.workerUrl = workerUrl;
    this.knownIdentity = identify(calls, root);
  }

  identity(): VolumeIdentity {
    return this.knownIdentity;
  }

  walk(options?: WalkOptions): Promise<Walk> {
    // The threads start while the walk goes on: it takes 100 ms to the first batch.
    return walkDirectory(this.calls, this.root, options, () => this.startThreads());
  }

  async *read(
    walk: Walk,
    rows: Int32Array,
    progress?: Progress,
  ): AsyncGenerator<ContentBatch, void> {
    if (!isSmall(walk, rows)) this.startThreads();
    // The threads serve one read at a time, and none after a failure.
    yield* this.threads === undefined || this.threads.isBusy
      ? readInline(this.calls, this.root, walk, rows, progress)
      : this.threads.read(this.root, walk, rows, progress);
  }

  private startThreads(): void {
    if (this.threads === undefined && existsSync(this.workerUrl))
      this.threads = new ReadingThreads(this.workerUrl);
  }

  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.threads?.close();
    this.calls.close(this.root);
  }
}

function isSmall(walk: Walk, rows: Int32Array): boolean {
  if (rows.length > INLINE_ROWS_MAX) return false;
  let bytes = 0;
  for (const row of rows) bytes += walk.size[row] as number;
  return bytes <= INLINE_BYTES_MAX;
}
