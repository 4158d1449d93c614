// The tree of a dump in columns: what its manifest says of every path, for comparison with a walk, for
// listing and for restoring. Rows are as a walk has them: row 0 is the root, the entries of a directory
// are contiguous, ascending by name, and come after the directory's own row, level by level: one tree has one
// order of rows, whoever makes them. Names are escaped.
import { bufferOver, type ByteString, ByteWriter } from "../core/bytes.ts";
import { TYPE } from "../core/inode.ts";
import { NODE_BYTES, type NodeId, nodeAt, NULL_NODE, putNode } from "../core/ids.ts";
import type { CatalogView } from "./catalog-view.ts";
import { fileContent } from "./filelog-text.ts";
import { groupOf, slotOf } from "../store/placement.ts";
import { HISTORY } from "./group-index.ts";
import { DIRECTORY_NAME, isReserved } from "./names.ts";
import { decodeRecord, type InodeRecord, isRecord } from "./record.ts";
import { findDirectory, walkByLevel, type WalkedDirectory } from "./tree-walk.ts";

/** Numeric columns of a state, with their element types; the order is that of the cache file. */
export const STATE_COLUMNS = {
  parent: Int32Array,
  firstEntry: Int32Array,
  entryCount: Int32Array,
  type: Uint8Array,
  mode: Uint16Array,
  dumpInode: Uint32Array,
  inodeHigh: Uint32Array,
  inodeLow: Uint32Array,
  nlink: Uint32Array,
  uid: Uint32Array,
  gid: Uint32Array,
  size: Float64Array,
  mtime: Float64Array,
  ctime: Float64Array,
  birth: Float64Array,
  mtimeNs: Uint32Array,
  ctimeNs: Uint32Array,
  birthNs: Uint32Array,
  rdevMajor: Uint32Array,
  rdevMinor: Uint32Array,
  recordStart: Uint32Array,
  recordLength: Uint32Array,
} as const;

type Columns = {
  -readonly [K in keyof typeof STATE_COLUMNS]: InstanceType<(typeof STATE_COLUMNS)[K]>;
};

export interface TreeState extends Readonly<Columns> {
  readonly count: number;
  readonly names: readonly ByteString[];
  /** 20 bytes for each row: the file revision, of a directory its %dir's; zeros where there is none. */
  readonly nodes: Uint8Array;
  /** The records' bytes, without copy headers; `recordLength` 0: a path without a record. */
  readonly records: Uint8Array;
}

export function newColumns(count: number): Columns {
  const columns: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(STATE_COLUMNS)) columns[name] = new type(count);
  return columns as Columns;
}

export function nodeOfRow(state: TreeState, row: number): NodeId {
  return nodeAt(state.nodes, row * NODE_BYTES);
}

export function recordBytes(state: TreeState, row: number): Uint8Array {
  const start = state.recordStart[row] as number;
  return state.records.subarray(start, start + (state.recordLength[row] as number));
}

export function recordOf(state: TreeState, row: number): InodeRecord {
  return decodeRecord(recordBytes(state, row));
}

/** The row's path, escaped. */
export function pathOfRow(state: TreeState, row: number): ByteString {
  let path = state.names[row] as ByteString;
  for (let at = state.parent[row] as number; at > 0; at = state.parent[at] as number)
    path = `${state.names[at]}/${path}`;
  return path;
}

/** Row of an escaped path, or -1. */
export function rowOfPath(state: TreeState, path: ByteString): number {
  let row = 0;
  if (path === "") return state.count > 0 ? 0 : -1;
  for (const name of path.split("/")) {
    row = rowInDirectory(state, row, name);
    if (row < 0) return -1;
  }
  return row;
}

export function rowInDirectory(state: TreeState, directory: number, name: ByteString): number {
  let low = state.firstEntry[directory] as number;
  const end = low + (state.entryCount[directory] as number);
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((state.names[middle] as string) < name) low = middle + 1;
    else high = middle;
  }
  return low < end && state.names[low] === name ? low : -1;
}

/** Fills a row's columns from a record. */
export function setRecordColumns(columns: Columns, row: number, r: InodeRecord): void {
  columns.type[row] = r.type;
  columns.mode[row] = r.mode;
  columns.dumpInode[row] = r.dumpInode;
  columns.inodeHigh[row] = r.sourceInodeHigh;
  columns.inodeLow[row] = r.sourceInodeLow;
  columns.nlink[row] = r.nlink;
  columns.uid[row] = r.uid;
  columns.gid[row] = r.gid;
  columns.size[row] = r.size;
  columns.mtime[row] = r.mtime;
  columns.mtimeNs[row] = r.mtimeNs;
  columns.ctime[row] = r.ctime;
  columns.ctimeNs[row] = r.ctimeNs;
  columns.birth[row] = r.birth;
  columns.birthNs[row] = r.birthNs;
  columns.rdevMajor[row] = r.rdevMajor;
  columns.rdevMinor[row] = r.rdevMinor;
}

interface Row {
  readonly name: ByteString;
  readonly node: NodeId;
  readonly type: number;
  readonly record: Uint8Array | null;
}

/**
 * Reads the tree below an escaped path of a manifest (a directory; "" is the whole), with `depth` 1
 * only what is directly in it. Paths without a record of Reel's (files that a plain Mercurial committed) have
 * `recordLength` 0, and so have the directories in it then.
 */
export function readTreeState(
  view: CatalogView,
  root: NodeId,
  path: ByteString = "",
  depth: 1 | null = null,
): TreeState {
  const rows: Row[] = [];
  const parent: number[] = [];
  const first: number[] = [];
  const counts: number[] = [];
  const top = findDirectory(view, root, path);
  if (top && root !== NULL_NODE) {
    const rowOfDirectory = new Map<ByteString, number>([[top.path, 0]]);
    rows.push({ name: "", ...readDirectoryRecord(view, top) });
    parent.push(-1);
    first.push(0);
    counts.push(0);
    for (const directory of depth === 1 ? [top] : walkByLevel(view, top)) {
      const row = rowOfDirectory.get(directory.path) as number;
      rowOfDirectory.delete(directory.path);
      rows[row] = { ...(rows[row] as Row), ...readDirectoryRecord(view, directory) };
      const from = rows.length;
      first[row] = from;
      for (const entry of directory.entries) {
        if (entry.flag !== "t" && isReserved(entry.name)) continue;
        if (entry.flag === "t") {
          rowOfDirectory.set(
            directory.path === "" ? entry.name : `${directory.path}/${entry.name}`,
            rows.length,
          );
          rows.push({ name: entry.name, node: NULL_NODE, type: TYPE.directory, record: null });
        } else
          rows.push({ name: entry.name, ...readRecord(view, directory, entry.name, entry.node) });
        parent.push(row);
        first.push(0);
        counts.push(0);
      }
      counts[row] = rows.length - from;
    }
  }
  return columnsOf(rows, parent, first, counts);
}

function readDirectoryRecord(
  view: CatalogView,
  directory: WalkedDirectory,
): { node: NodeId; type: number; record: Uint8Array | null } {
  const entry = directory.entries.find((e) => e.name === DIRECTORY_NAME && e.flag !== "t");
  if (!entry) return { node: NULL_NODE, type: TYPE.directory, record: null };
  return readRecord(view, directory, entry.name, entry.node);
}

function readRecord(
  view: CatalogView,
  directory: WalkedDirectory,
  name: ByteString,
  node: NodeId,
): { node: NodeId; type: number; record: Uint8Array | null } {
  const history = view.child(directory.history, name, HISTORY.file);
  if (history === null) return { node, type: TYPE.unknown, record: null };
  const index = view.group(groupOf(history));
  const entry = index.find(slotOf(history), node);
  if (entry < 0) return { node, type: TYPE.unknown, record: null };
  return { node, type: TYPE.unknown, record: fileContent(view.entryText(index, entry)) };
}

function columnsOf(
  rows: readonly Row[],
  parent: readonly number[],
  first: readonly number[],
  counts: readonly number[],
): TreeState {
  const columns = newColumns(rows.length);
  const nodes = new Uint8Array(rows.length * NODE_BYTES);
  const records = new ByteWriter(rows.length * 128);
  rows.forEach((row, i) => {
    columns.parent[i] = parent[i] as number;
    columns.firstEntry[i] = first[i] as number;
    columns.entryCount[i] = counts[i] as number;
    columns.type[i] = row.type;
    putNode(nodes, i * NODE_BYTES, row.node);
    if (!row.record || !isRecord(row.record)) return;
    setRecordColumns(columns, i, decodeRecord(row.record));
    columns.recordStart[i] = records.length;
    columns.recordLength[i] = row.record.byteLength;
    records.put(row.record);
  });
  return {
    ...columns,
    count: rows.length,
    names: rows.map((row) => row.name),
    nodes,
    records: bufferOver(records.finish()),
  };
}
