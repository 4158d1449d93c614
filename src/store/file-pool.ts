// The open files of a store, at most OPEN_FILES_MAX at a time, the one used longest ago closed first:
// a catalog of ten thousand groups must not need twenty thousand descriptors.
import { ReelError, errnoOf } from "../core/errors.ts";
import type { FileHandle, FileLayer } from "./file-layer.ts";

/** Both files of 32 groups; half of the 128 that the smallest common limit of 256 leaves to the rest of a job. */
export const OPEN_FILES_MAX = 64;
/** Twice the threads of libuv: one batch waits for the disk while the next is handed over. */
const SYNCS_AT_ONCE = 8;

export class FilePool {
  private readonly files: FileLayer;
  private readonly mode: "read" | "write";
  /** By path, in order of last use. */
  private readonly handles = new Map<string, FileHandle>();

  constructor(files: FileLayer, mode: "read" | "write") {
    this.files = files;
    this.mode = mode;
  }

  /** Valid until the next call. Throws what the file layer throws. */
  handle(path: string): FileHandle {
    const known = this.handles.get(path);
    if (known !== undefined) {
      this.handles.delete(path);
      this.handles.set(path, known);
      return known;
    }
    return this.keep(path, this.files.open(path, this.mode));
  }

  create(path: string): FileHandle {
    this.forget(path);
    return this.keep(path, this.files.create(path));
  }

  /** Syncs the files, several at a time. */
  async sync(paths: readonly string[]): Promise<void> {
    const left = [...paths];
    const work = async () => {
      for (let path = left.pop(); path !== undefined; path = left.pop()) {
        // A handle of its own: the pool may close its handles while this one waits.
        const handle = this.files.open(path, "write");
        try {
          await this.files.sync(handle);
        } catch (cause) {
          throw new ReelError("store.write-failed", { path, found: errnoOf(cause) }, { cause });
        } finally {
          this.files.close(handle);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(SYNCS_AT_ONCE, left.length) }, work));
  }

  forget(path: string): void {
    const handle = this.handles.get(path);
    if (handle === undefined) return;
    this.handles.delete(path);
    this.files.close(handle);
  }

  close(): void {
    for (const handle of this.handles.values()) this.files.close(handle);
    this.handles.clear();
  }

  private keep(path: string, handle: FileHandle): FileHandle {
    this.handles.set(path, handle);
    if (this.handles.size > OPEN_FILES_MAX) {
      for (const oldest of this.handles.keys()) {
        this.forget(oldest);
        break;
      }
    }
    return handle;
  }
}
