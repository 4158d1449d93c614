// Walking a manifest: directories and files in manifest order, or the sorted list of files.
import { type ByteString, ByteWriter } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { type HistoryId, type NodeId, NULL_NODE } from "../core/ids.ts";
import { type CatalogView, ROOT_HISTORY } from "./catalog-view.ts";
import { HISTORY } from "./group-index.ts";
import { decodeManifest, findInManifest, type ManifestEntry } from "./manifest-text.ts";

/** How deep directories may nest; recursion in any reader stays far below its stack. */
export const DEPTH_MAX = 4000;

export interface WalkedDirectory {
  /** Escaped path; "" is the root. */
  readonly path: ByteString;
  readonly history: HistoryId;
  readonly node: NodeId;
  readonly entries: readonly ManifestEntry[];
}

function read(
  view: CatalogView,
  path: ByteString,
  history: HistoryId,
  node: NodeId,
): WalkedDirectory {
  return {
    path,
    history,
    node,
    entries: node === NULL_NODE ? [] : decodeManifest(view.text(history, node)),
  };
}

/** Where a directory of a directory is; its manifest is not read yet. */
type Place = Omit<WalkedDirectory, "entries">;

function below(
  view: CatalogView,
  directory: WalkedDirectory,
  entry: ManifestEntry,
): WalkedDirectory {
  const { path, history, node } = placeBelow(view, directory, entry);
  return read(view, path, history, node);
}

function placeBelow(view: CatalogView, directory: WalkedDirectory, entry: ManifestEntry): Place {
  const history = view.child(directory.history, entry.name, HISTORY.directory);
  const path = directory.path === "" ? entry.name : `${directory.path}/${entry.name}`;
  if (path.length > DEPTH_MAX * 2 && path.split("/").length > DEPTH_MAX)
    throw new ReelError("catalog.too-deep", { path: path.slice(0, 80) });
  if (history === null) throw new ReelError("catalog.no-history", { path, kind: "manifest" });
  return { path, history, node: entry.node };
}

/** Directories of a manifest, each before those in it, depth first in byte order of names. */
export function* walkDirectories(view: CatalogView, root: NodeId): Generator<WalkedDirectory> {
  const stack = [read(view, "", ROOT_HISTORY, root)];
  for (let directory = stack.pop(); directory; directory = stack.pop()) {
    yield directory;
    const inside: WalkedDirectory[] = [];
    for (const entry of directory.entries)
      if (entry.flag === "t") inside.push(below(view, directory, entry));
    while (inside.length > 0) stack.push(inside.pop() as WalkedDirectory);
  }
}

/** The directory and those below it level by level, each level in the order of the one above. */
export function* walkByLevel(view: CatalogView, top: WalkedDirectory): Generator<WalkedDirectory> {
  const queue: Place[] = [top];
  for (let at = 0; at < queue.length; at++) {
    const { path, history, node } = queue[at] as Place;
    const directory = at === 0 ? top : read(view, path, history, node);
    yield directory;
    for (const entry of directory.entries)
      if (entry.flag === "t") queue.push(placeBelow(view, directory, entry));
  }
}

/** Follows an escaped path down to its last directory by single lines; null where a part is missing. */
function descend(
  view: CatalogView,
  root: NodeId,
  names: readonly ByteString[],
): { history: HistoryId; node: NodeId } | null {
  let at = { history: ROOT_HISTORY, node: root };
  for (const name of names) {
    const line =
      at.node === NULL_NODE ? null : findInManifest(view.text(at.history, at.node), name);
    if (line?.flag !== "t") return null;
    const history = view.child(at.history, name, HISTORY.directory);
    if (history === null)
      throw new ReelError("catalog.no-history", { path: name, kind: "manifest" });
    at = { history, node: line.node };
  }
  return at;
}

/** The directory at an escaped path of a manifest; null if there is none. */
export function findDirectory(
  view: CatalogView,
  root: NodeId,
  path: ByteString,
): WalkedDirectory | null {
  const at = descend(view, root, path === "" ? [] : path.split("/"));
  return at && read(view, path, at.history, at.node);
}

/** The history and node of a file at an escaped path of a manifest; null if there is none. */
export function findFile(
  view: CatalogView,
  root: NodeId,
  path: ByteString,
): { history: HistoryId; node: NodeId } | null {
  const names = path.split("/");
  const name = names.pop() as string;
  const directory = descend(view, root, names);
  const line =
    directory && directory.node !== NULL_NODE
      ? findInManifest(view.text(directory.history, directory.node), name)
      : null;
  if (!directory || !line || line.flag === "t") return null;
  const history = view.child(directory.history, name, HISTORY.file);
  if (history === null) throw new ReelError("catalog.no-history", { path, kind: "file" });
  return { history, node: line.node };
}

/** All files of a manifest in byte order of their paths, each with an LF: the file list of a first changeset. */
export function manifestFileList(view: CatalogView, root: NodeId): Uint8Array {
  const out = new ByteWriter(1 << 16);
  const put = (directory: WalkedDirectory): void => {
    const prefix = directory.path === "" ? "" : `${directory.path}/`;
    const keyed = directory.entries.map((entry) => ({
      entry,
      key: entry.flag === "t" ? `${entry.name}/` : entry.name,
    }));
    keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const { entry } of keyed) {
      if (entry.flag === "t") put(below(view, directory, entry));
      else {
        out.byteString(prefix);
        out.byteString(entry.name);
        out.u8(0x0a);
      }
    }
  };
  put(read(view, "", ROOT_HISTORY, root));
  return out.finish();
}
