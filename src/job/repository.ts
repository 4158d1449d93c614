// Where a catalog lies and how it is opened: the folder .reel with the store, the tape library, and local
// state that can always be rebuilt.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { CatalogView } from "../catalog/catalog-view.ts";
import { CatalogWriter } from "../catalog/catalog-writer.ts";
import { readTags } from "../catalog/tags.ts";
import { manifestFileList } from "../catalog/tree-walk.ts";
import { bytesOf, type ByteString, showBytes } from "../core/bytes.ts";
import { errnoOf, ReelError } from "../core/errors.ts";
import { sha1Hex } from "../core/hash.ts";
import { makePath } from "../restore/make-path.ts";
import { createDiskStore, openDiskStore } from "../store/disk-store.ts";
import type { Store } from "../store/store.ts";
import { lockTape, type TapeLock } from "../tape/tape-lock.ts";
import type { JobContext } from "./requests.ts";

export const CATALOG_FOLDER = ".reel";
export const STORE_FOLDER = "store";
const TAPES_FOLDER = "tapes";
const LOCKS_FOLDER = "locks";
const CACHE_FOLDER = "cache";
/** A commit of a million files takes some seconds; a writer that holds the catalog longer has stopped. */
const COMMIT_WAIT_MS = 600_000;
const COMMIT_LOOK_MS = 50;
/** What a reader of the catalog must understand, beyond the store itself. */
export const REQUIREMENTS = ["catalog-1", "tree-manifests"];

export class Repository {
  /** The directory that holds .reel. */
  readonly directory: string;
  readonly store: Store;
  private readonly notice: (line: string) => void;
  private current: CatalogView | null = null;

  constructor(directory: string, store: Store, notice: (line: string) => void) {
    this.directory = directory;
    this.store = store;
    this.notice = notice;
  }

  private inside(name: string): string {
    return join(this.directory, CATALOG_FOLDER, name);
  }

  get libraryDirectory(): string {
    return this.inside(TAPES_FOLDER);
  }

  get cacheDirectory(): string {
    return this.inside(CACHE_FOLDER);
  }

  /** The newest committed state; the same view while nothing was committed. */
  view(): CatalogView {
    const state = this.store.view();
    if (!this.current || this.current.store.generation !== state.generation) {
      const view = new CatalogView(state);
      view.changelog.manifestList = (_rev, head) => manifestFileList(view, head.manifest);
      view.changelog.tagSource = () => readTags(view);
      this.current = view;
    }
    return this.current;
  }

  /** Takes the writer's lock. */
  begin(): CatalogWriter {
    return new CatalogWriter(this.store.begin());
  }

  /**
   * Takes the writer's lock, and waits while another commits: what is to be committed is on tape already.
   * Throws `store.locked` when the other does not end, `interrupted`.
   */
  async beginInTurn(signal: AbortSignal): Promise<CatalogWriter> {
    const deadline = performance.now() + COMMIT_WAIT_MS;
    for (let told = false; ; told = true) {
      try {
        return this.begin();
      } catch (error) {
        if (
          !(error instanceof ReelError) ||
          error.code !== "store.locked" ||
          performance.now() > deadline
        )
          throw error;
        if (!told)
          this.notice(
            `waiting for process ${String(error.data["pid"])} on ${String(error.data["host"])}, which holds the catalog`,
          );
      }
      if (signal.aborted) throw new ReelError("interrupted");
      await setTimeout(COMMIT_LOOK_MS);
    }
  }

  /** What local state of a dump path begins with: its lock, and the date of the last dump begun. */
  pathFile(path: ByteString): string {
    return join(this.inside(LOCKS_FOLDER), sha1Hex(bytesOf(path)));
  }

  /** One dump of a path at a time: throws `dump.in-progress` naming the other. */
  lockPath(path: ByteString): TapeLock {
    const locks = this.inside(LOCKS_FOLDER);
    try {
      mkdirSync(locks, { recursive: true });
      return lockTape(this.pathFile(path), this.notice);
    } catch (error) {
      const errno = error instanceof ReelError ? error.data["errno"] : errnoOf(error);
      if (errno !== undefined)
        throw new ReelError(
          "store.write-failed",
          { path: locks, found: String(errno) },
          { cause: error },
        );
      if (!(error instanceof ReelError) || error.code !== "tape.locked") throw error;
      throw new ReelError(
        "dump.in-progress",
        { ...error.data, path: showBytes(path) },
        { cause: error },
      );
    }
  }

  close(): void {
    this.store.close();
  }
}

/** A script's variable that was not set must not stand for the working directory. */
export function emptyPath(what: string): ReelError {
  return new ReelError(
    "usage",
    { found: `the path of the ${what} is empty` },
    { remedy: "name a directory; the working directory is '.'" },
  );
}

/** The directory of the catalog: -R, or the first above the working directory that holds one. */
export function findCatalog(context: Pick<JobContext, "directory" | "cwd">): string {
  if (context.directory === "") throw emptyPath("catalog");
  if (context.directory !== null) {
    const named = resolve(context.cwd, context.directory);
    if (existsSync(join(named, CATALOG_FOLDER, STORE_FOLDER))) return named;
    throw new ReelError("catalog.not-found", { path: named });
  }
  for (let at = resolve(context.cwd); ; at = dirname(at)) {
    if (existsSync(join(at, CATALOG_FOLDER, STORE_FOLDER))) return at;
    if (dirname(at) === at)
      throw new ReelError("catalog.not-found-above", { path: resolve(context.cwd) });
  }
}

export function openRepository(
  context: Pick<JobContext, "directory" | "cwd" | "notice">,
): Repository {
  const directory = findCatalog(context);
  const store = openDiskStore(join(directory, CATALOG_FOLDER, STORE_FOLDER), {
    understood: REQUIREMENTS,
    notice: context.notice,
  });
  return new Repository(directory, store, context.notice);
}

/** Makes an empty catalog in a directory that has none. */
export function createRepository(directory: string, notice: (line: string) => void): Repository {
  const folder = join(directory, CATALOG_FOLDER);
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new ReelError("catalog.exists", { path: directory });
  try {
    makePath(folder);
  } catch (cause) {
    throw new ReelError(
      "catalog.cannot-make",
      { path: directory, found: errnoOf(cause) },
      { cause },
    );
  }
  const store = createDiskStore(join(folder, STORE_FOLDER), {
    understood: REQUIREMENTS,
    requirements: REQUIREMENTS,
    notice,
  });
  return new Repository(directory, store, notice);
}
