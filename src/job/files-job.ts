// reel files: the paths of a changeset, with what the catalog knows of each.
import { escapePath } from "../catalog/names.ts";
import { readTreeState, type TreeState } from "../catalog/tree-state.ts";
import type { CatalogView } from "../catalog/catalog-view.ts";
import { findDirectory } from "../catalog/tree-walk.ts";
import { type ByteString, showBytes } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import type { Rev } from "../core/ids.ts";
import { readImage } from "./image-chain.ts";
import { openRepository } from "./repository.ts";
import type { FileEntryView, FilesRequest, JobContext } from "./requests.ts";
import { findRevision } from "./revision.ts";
import { entryView, stalePaths } from "./views.ts";

export async function* runFiles(
  request: FilesRequest,
  context: JobContext,
): AsyncGenerator<FileEntryView> {
  const repository = openRepository(context);
  try {
    const view = repository.view();
    const rev = findRevision(view, request.rev, context);
    yield* listEntries(view, rev, request.path);
  } finally {
    repository.close();
  }
}

/** A path as a user types it: slashes at the ends or in a row and "." say nothing; "" is the whole. */
export function cleanPath(path: ByteString): ByteString {
  const components = path.split("/").filter((name) => name !== "" && name !== ".");
  return components.join("/");
}

/** Entries at and below a path (raw; null is all) in byte order of components. Throws `catalog.no-such-path`. */
export function* listEntries(
  view: CatalogView,
  rev: Rev,
  path: ByteString | null,
): Generator<FileEntryView> {
  const wanted = path === null ? "" : escapePath(cleanPath(path));
  const { manifest } = view.changelog.head(rev);
  const stale = stalePaths(readImage(view, rev));
  const slash = wanted.lastIndexOf("/");
  const above = slash < 0 ? "" : wanted.slice(0, slash);
  const isDirectory = findDirectory(view, manifest, wanted) !== null;
  const top = isDirectory ? wanted : above;
  const state = readTreeState(view, manifest, top);
  let found = false;
  for (const row of depthFirst(state)) {
    if (!isDirectory && state.names[row] !== wanted.slice(slash + 1)) continue;
    if (!isDirectory && (row === 0 || state.parent[row] !== 0)) continue;
    const entry = entryView(state, row, stale, top);
    if (!entry) continue;
    found = true;
    yield entry;
  }
  if (!found && wanted !== "") {
    throw new ReelError("catalog.no-such-path", {
      path: showBytes(cleanPath(path ?? "")),
      rev: view.changelog.node(rev).slice(0, 12),
    });
  }
}

/** Rows of a state, directories before what is in them, names ascending. */
export function* depthFirst(state: TreeState): Generator<number> {
  if (state.count === 0) return;
  const stack = [0];
  for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
    yield row;
    const first = state.firstEntry[row] as number;
    for (let entry = first + (state.entryCount[row] as number) - 1; entry >= first; entry--)
      stack.push(entry);
  }
}
