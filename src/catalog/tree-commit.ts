// A changed tree becomes file revisions and manifests: records first, then the directories from the leaves
// up. Costs what changed and the entries of the directories it changed in; nothing else is read.
import { type ByteString, ByteWriter } from "../core/bytes.ts";
import { assert, ReelError } from "../core/errors.ts";
import { type HistoryId, type NodeId, NULL_NODE } from "../core/ids.ts";
import type { CatalogWriter } from "./catalog-writer.ts";
import { ROOT_HISTORY } from "./catalog-view.ts";
import { type Copy, encodeFileText } from "./filelog-text.ts";
import { HISTORY } from "./group-index.ts";
import { changeManifest, findInManifest, type LineChange, nodesOfNames } from "./manifest-text.ts";

/** Mercurial's limit of a text is 2 GiB - 1; the rest of a changeset's text is far below the difference. */
const LIST_BYTES_MAX = 2 ** 31 - 2 ** 20;

/** What differs from the base, in columns. Paths and names are escaped. */
export interface TreeChange {
  /** Paths of the directories in which an entry changed and of all above them; parents first, "" first. */
  readonly directories: readonly ByteString[];
  /** Rows of directory i are first[i] to first[i + 1] - 1, ascending by name; one element more than directories. */
  readonly first: Int32Array;
  readonly names: readonly ByteString[];
  /** Where the file's content begins in `bytes`; -1: the file is removed. */
  readonly start: Int32Array;
  readonly length: Int32Array;
  readonly bytes: Uint8Array;
  /** Copy information by row. */
  readonly copies: ReadonlyMap<number, Copy>;
}

export interface CommittedTree {
  /** The root manifest. */
  readonly manifest: NodeId;
  /** The file revision of each row; null for a removed one. */
  readonly nodes: readonly (NodeId | null)[];
  /** The changeset's file list, each path with its LF. */
  readonly list: Uint8Array;
  readonly files: number;
  /** The list is that of the manifest. */
  readonly listIsManifest: boolean;
}

interface Directory {
  readonly path: ByteString;
  readonly name: ByteString;
  /** Directories of the change that lie directly in it, ascending by name. */
  readonly children: Directory[];
  readonly from: number;
  readonly to: number;
  history: HistoryId;
  /** Its manifest in the base; NULL_NODE if it is not there. */
  base: NodeId;
  baseText: Uint8Array | null;
  /** Its new manifest; null if nothing is left in it. */
  node: NodeId | null;
}

function byName(a: Directory, b: Directory): number {
  return a.name < b.name ? -1 : 1;
}

function bySlash(a: Directory, b: Directory): number {
  return `${a.name}/` < `${b.name}/` ? -1 : 1;
}

function arrange(change: TreeChange): Directory[] {
  const byPath = new Map<ByteString, Directory>();
  const all = change.directories.map((path, i): Directory => {
    const slash = path.lastIndexOf("/");
    const directory: Directory = {
      path,
      name: path.slice(slash + 1),
      children: [],
      from: change.first[i] as number,
      to: change.first[i + 1] as number,
      history: ROOT_HISTORY,
      base: NULL_NODE,
      baseText: null,
      node: null,
    };
    if (path !== "") {
      const above = byPath.get(slash < 0 ? "" : path.slice(0, slash));
      assert(above !== undefined, "a directory comes after the one above it");
      above.children.push(directory);
    }
    byPath.set(path, directory);
    return directory;
  });
  for (const directory of all) directory.children.sort(byName);
  return all;
}

/** Writes the tree's revisions, linked to the next changeset. `base` is the first parent's root manifest. */
export function commitTree(writer: CatalogWriter, change: TreeChange, base: NodeId): CommittedTree {
  const directories = arrange(change);
  const root = directories[0] as Directory;
  if (change.names.length === 0) {
    // Mercurial: without files the parent's manifest stands, the null one too.
    return { manifest: base, nodes: [], list: new Uint8Array(0), files: 0, listIsManifest: false };
  }
  root.base = base;
  const list = fileList(change, root, base === NULL_NODE);
  const nodes: (NodeId | null)[] = new Array<NodeId | null>(change.names.length).fill(null);
  for (const directory of directories) {
    locate(writer, directory);
    addFiles(writer, change, directory, nodes);
  }
  for (const directory of directories.toReversed()) addManifest(writer, change, directory, nodes);
  return { manifest: root.node ?? NULL_NODE, nodes, ...list };
}

/** Finds the directory's text in the base, and history and base of the directories below it. */
function locate(writer: CatalogWriter, directory: Directory): void {
  if (directory.base !== NULL_NODE)
    directory.baseText = writer.view.text(directory.history, directory.base);
  const { children, baseText } = directory;
  const names = children.map((child) => child.name);
  const histories = writer.histories(directory.history, names, HISTORY.directory);
  children.forEach((child, i) => {
    child.history = histories[i] as HistoryId;
    const line = baseText && findInManifest(baseText, child.name);
    if (line?.flag === "t") child.base = line.node;
  });
}

function addFiles(
  writer: CatalogWriter,
  change: TreeChange,
  directory: Directory,
  nodes: (NodeId | null)[],
): void {
  const rows: number[] = [];
  const names: ByteString[] = [];
  for (let row = directory.from; row < directory.to; row++) {
    if ((change.start[row] as number) < 0) continue;
    rows.push(row);
    names.push(change.names[row] as ByteString);
  }
  if (rows.length === 0) return;
  const histories = writer.histories(directory.history, names, HISTORY.file);
  const parents = directory.baseText ? nodesOfNames(directory.baseText, names) : null;
  const link = writer.nextRev;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const start = change.start[row] as number;
    const content = change.bytes.subarray(start, start + (change.length[row] as number));
    const copy = change.copies.get(row) ?? null;
    const p1 = copy ? NULL_NODE : (parents?.[i] ?? NULL_NODE);
    nodes[row] = writer.add(
      histories[i] as HistoryId,
      encodeFileText(content, copy),
      p1,
      NULL_NODE,
      link,
    );
  }
}

function addManifest(
  writer: CatalogWriter,
  change: TreeChange,
  directory: Directory,
  nodes: readonly (NodeId | null)[],
): void {
  const lines = lineChanges(change, directory, nodes);
  const baseText = directory.baseText ?? new Uint8Array(0);
  const { text, delta } = changeManifest(baseText, lines);
  if (delta.byteLength === 0 && directory.base !== NULL_NODE) {
    directory.node = directory.base;
    return;
  }
  if (text.byteLength === 0 && directory.path !== "") return;
  const offered = directory.base === NULL_NODE ? null : { base: directory.base, delta };
  directory.node = writer.add(
    directory.history,
    text,
    directory.base,
    NULL_NODE,
    writer.nextRev,
    offered,
  );
}

/** Files and directories merged by name; where one takes the other's name, the one that is left counts. */
function lineChanges(
  change: TreeChange,
  directory: Directory,
  nodes: readonly (NodeId | null)[],
): LineChange[] {
  const lines: LineChange[] = [];
  let row = directory.from;
  let next = 0;
  while (row < directory.to || next < directory.children.length) {
    const file = row < directory.to ? (change.names[row] as ByteString) : null;
    const child = directory.children[next];
    const fileFirst = file !== null && (!child || file <= child.name);
    const childFirst = child !== undefined && (file === null || child.name <= file);
    const removed = fileFirst && (change.start[row] as number) < 0;
    if (fileFirst && !removed) {
      lines.push({ name: file, node: nodes[row] as NodeId, flag: "" });
    } else if (childFirst) lines.push({ name: child.name, node: child.node, flag: "t" });
    else if (fileFirst) lines.push({ name: file, node: null, flag: "" });
    if (fileFirst) row++;
    if (childFirst) next++;
  }
  return lines;
}

/** Every row's path in byte order: a directory sorts as its name with a slash. */
function fileList(
  change: TreeChange,
  root: Directory,
  listIsManifest: boolean,
): { list: Uint8Array; files: number; listIsManifest: boolean } {
  const out = new ByteWriter(change.names.length * 32);
  const put = (directory: Directory): void => {
    const prefix = directory.path === "" ? "" : `${directory.path}/`;
    const children = directory.children.toSorted(bySlash);
    let next = 0;
    // A string for what comes in a row: one write for many names.
    let lines = "";
    for (let row = directory.from; row < directory.to; row++) {
      const name = change.names[row] as ByteString;
      for (let child = children[next]; child && `${child.name}/` < name; child = children[++next]) {
        out.byteString(lines);
        lines = "";
        put(child);
      }
      lines += `${prefix}${name}\n`;
      if (out.length > LIST_BYTES_MAX)
        throw new ReelError("catalog.changeset-too-large", {
          found: out.length,
          limit: LIST_BYTES_MAX,
        });
    }
    out.byteString(lines);
    for (; next < children.length; next++) put(children[next] as Directory);
  };
  put(root);
  return { list: out.finish(), files: change.names.length, listIsManifest };
}
