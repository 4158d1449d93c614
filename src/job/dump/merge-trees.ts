// The walk meets the base: for every path the record it has now, where that record comes from, and what
// changed against the base. Gives the new tree in columns and the change that the catalog commits.
//
//   walk      on tape   base has the inode   base has the path     record
//   ----      -------   ------------------   -----------------     ------
//   yes       yes       -                    -                     the new one
//   yes       no        yes, by selection    same record           unchanged
//   yes       no        yes, by selection    other or none         the base's, at the new path
//   yes       skipped   -                    same inode            the base's, stale
//   yes       skipped   -                    other or none         absent: the next dump takes it
//   no        -         -                    below an unreadable   the base's, stale; or the new one, or the
//                                                                  removal, if its inode was met elsewhere
//   no        -         -                    elsewhere             removed
import {
  DIRECTORY_NAME,
  escapeName,
  IMAGE_NAME,
  OFFSETS_NAME,
  unescapePath,
} from "../../catalog/names.ts";
import {
  newColumns,
  nodeOfRow,
  pathOfRow,
  recordBytes,
  type TreeState,
} from "../../catalog/tree-state.ts";
import type { TreeChange } from "../../catalog/tree-commit.ts";
import type { Copy } from "../../catalog/filelog-text.ts";
import { type ByteString, ByteWriter, EMPTY } from "../../core/bytes.ts";
import { NODE_BYTES, type NodeId, NULL_NODE } from "../../core/ids.ts";
import { TYPE } from "../../core/inode.ts";
import type { Walk } from "../../volume/source.ts";
import { withoutIdle } from "./idle-directories.ts";
import type { RecordBuilder } from "./record-builder.ts";
import { copyColumns, copyWalk, RecordRuns } from "./merged-columns.ts";
import type { Selection } from "./selection.ts";
import { sameBirth } from "./unread.ts";

export interface MergedTrees {
  readonly change: TreeChange;
  /** The new tree; `nodes` of changed rows are zero until `settleNodes`. */
  readonly state: TreeState;
  /** Paths (raw) that keep the base's record though they could not be read, and why there. */
  readonly stale: readonly ByteString[];
  /** Row of the change by row of the state, -1 where nothing changed. */
  readonly changeRow: Int32Array;
}

export interface MergeInput {
  readonly walk: Walk;
  readonly inode: Uint32Array;
  readonly selection: Selection;
  readonly records: RecordBuilder;
  readonly base: TreeState | null;
  /** Content of %image, in the root, when the paths are known that keep the base's record. */
  readonly describe: (stale: readonly ByteString[]) => Uint8Array;
  /** Content of %offsets. */
  readonly offsets: Uint8Array;
}

/** A directory of the new tree: its row in the walk and in the base, -1 where it is not there. */
interface Pending {
  readonly path: ByteString;
  readonly row: number;
  readonly walkRow: number;
  readonly baseRow: number;
  /** Row of the base whose entries it keeps, since it could not be listed; -1 if it was. */
  readonly keptFrom: number;
}

/** What is in a directory now: a row of the walk, or one of the base that could not be looked at. */
interface Entry {
  readonly name: ByteString;
  readonly walkRow: number;
  readonly keptRow: number;
}

export function mergeTrees(input: MergeInput): MergedTrees {
  return new Merger(input).run();
}

class Merger {
  private readonly walk: Walk;
  private readonly selection: Selection;
  private readonly records: RecordBuilder;
  private readonly base: TreeState | null;
  private readonly input: MergeInput;
  private readonly firstRow: Int32Array;
  private readonly freshBytes: Uint8Array;
  /** The base's paths that are there still. */
  private readonly seen: Uint8Array;
  // The new state, by row.
  private readonly names: ByteString[] = [];
  private readonly parent: number[] = [];
  private readonly firstEntry: number[] = [];
  private readonly entryCount: number[] = [];
  /** Walk row of a fresh record, or base row of the base's as -2 - row; -1 for none. */
  private readonly origin: number[] = [];
  private readonly baseOf: number[] = [];
  private readonly changed: number[] = [];
  // The change, by row.
  private readonly directories: ByteString[] = [];
  private readonly first: number[] = [];
  private readonly changeNames: ByteString[] = [];
  private readonly start: number[] = [];
  private readonly length: number[] = [];
  /** Begins with the fresh records, so that a fresh row only points at its own. */
  private readonly out: ByteWriter;
  private readonly copyRows: [number, number][] = [];
  private readonly stale: ByteString[] = [];
  private imageRow = 0;
  private rowOfInode: Map<number, number> | null = null;

  constructor(input: MergeInput) {
    this.input = input;
    this.walk = input.walk;
    this.selection = input.selection;
    this.records = input.records;
    this.base = input.base;
    this.freshBytes = input.records.bytes();
    this.out = new ByteWriter(this.freshBytes.byteLength + (1 << 16));
    this.out.put(this.freshBytes);
    this.seen = new Uint8Array(this.base?.count ?? 0);
    this.firstRow = firstRowsOfInodes(input.walk, input.inode);
  }

  run(): MergedTrees {
    const queue: Pending[] = [
      { path: "", row: this.addRow("", -1), walkRow: 0, baseRow: this.base ? 0 : -1, keptFrom: -1 },
    ];
    if (this.base) this.seen[0] = 1;
    for (let at = 0; at < queue.length; at++) this.directory(queue[at] as Pending, queue);
    this.first.push(this.changeNames.length);
    this.putImage();
    const change = withoutIdle(this.directories, this.first, {
      names: this.changeNames,
      start: Int32Array.from(this.start),
      length: Int32Array.from(this.length),
      bytes: this.out.finish(),
      copies: this.copies(),
    });
    return {
      change,
      state: this.state(),
      stale: this.stale.map(unescapePath),
      changeRow: Int32Array.from(this.changed),
    };
  }

  /** The description names what was found stale, and so comes last. */
  private putImage(): void {
    const image = this.input.describe(this.stale.map(unescapePath));
    this.start[this.imageRow] = this.out.length;
    this.length[this.imageRow] = image.byteLength;
    this.out.put(image);
  }

  private addRow(name: ByteString, parent: number): number {
    this.names.push(name);
    this.firstEntry.push(0);
    this.entryCount.push(0);
    this.origin.push(-1);
    this.baseOf.push(-1);
    this.changed.push(-1);
    return this.parent.push(parent) - 1;
  }

  /** One directory: its own record, then its entries against the base's, both ascending by name. */
  private directory(here: Pending, queue: Pending[]): void {
    this.directories.push(here.path);
    this.first.push(this.changeNames.length);
    const entries = this.entries(here);
    const from = this.names.length;
    this.firstEntry[here.row] = from;
    const base = this.base;
    let next = here.baseRow >= 0 && base ? (base.firstEntry[here.baseRow] as number) : 0;
    const end = here.baseRow >= 0 && base ? next + (base.entryCount[here.baseRow] as number) : 0;
    const removed: number[] = [];
    let reserved = 0;
    const putReserved = (before: ByteString | null): void => {
      const names =
        here.path === "" ? [DIRECTORY_NAME, IMAGE_NAME, OFFSETS_NAME] : [DIRECTORY_NAME];
      for (
        ;
        reserved < names.length && (before === null || (names[reserved] as string) < before);
        reserved++
      ) {
        this.putReserved(here, names[reserved] as string);
      }
    };
    for (const entry of entries) {
      const { name } = entry;
      for (; base && next < end && (base.names[next] as string) < name; next++) {
        putReserved(base.names[next] as string);
        this.remove(base.names[next] as string, next, removed);
      }
      const matched = base && next < end && base.names[next] === name ? next++ : -1;
      putReserved(name);
      this.entry(here, entry, matched, removed, queue);
    }
    for (; base && next < end; next++) {
      putReserved(base.names[next] as string);
      this.remove(base.names[next] as string, next, removed);
    }
    putReserved(null);
    this.entryCount[here.row] = this.names.length - from;
    for (const row of removed) this.removeTree(here.path, row);
  }

  /** What is in the directory now: the walk's entries, and the base's where they could not be looked at. */
  private entries(here: Pending): Entry[] {
    const { base } = this;
    const entries: Entry[] = [];
    if (base && here.keptFrom >= 0) {
      const from = base.firstEntry[here.keptFrom] as number;
      for (let row = from; row < from + (base.entryCount[here.keptFrom] as number); row++) {
        entries.push({ name: base.names[row] as string, walkRow: -1, keptRow: row });
      }
      return entries;
    }
    const from = this.walk.firstEntry[here.walkRow] as number;
    let sorted = true;
    let previous = "";
    for (let row = from; row < from + (this.walk.entryCount[here.walkRow] as number); row++) {
      const name = escapeName(this.walk.name[row] as string);
      if (name < previous) sorted = false;
      previous = name;
      entries.push({ name, walkRow: row, keptRow: -1 });
    }
    for (const row of this.selection.unread.names.get(here.walkRow) ?? []) {
      entries.push({ name: base?.names[row] as string, walkRow: -1, keptRow: row });
      sorted = false;
    }
    if (!sorted) entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    return entries;
  }

  private entry(
    here: Pending,
    entry: Entry,
    matched: number,
    removed: number[],
    queue: Pending[],
  ): void {
    const { name, walkRow, keptRow } = entry;
    const isKept = walkRow < 0;
    const origin = isKept ? this.originOfKept(keptRow) : this.originOf(walkRow, matched);
    const isDirectory =
      (isKept ? this.base?.type[keptRow] : this.walk.type[walkRow]) === TYPE.directory;
    if (origin === -1 && (isKept || !isDirectory)) {
      if (matched >= 0) this.remove(name, matched, removed);
      return;
    }
    const path = here.path === "" ? name : `${here.path}/${name}`;
    const row = this.addRow(name, here.row);
    this.origin[row] = origin;
    const wasDirectory = matched >= 0 && this.base?.type[matched] === TYPE.directory;
    if (isDirectory) {
      if (matched >= 0 && !wasDirectory) this.remove(name, matched, removed);
      const below = wasDirectory ? matched : -1;
      if (below >= 0) {
        this.seen[below] = 1;
        this.baseOf[row] = below;
      }
      const unlisted = !isKept && this.selection.unread.directories[walkRow] === 1;
      const keptFrom = isKept
        ? keptRow
        : unlisted
          ? (this.selection.baseRow[walkRow] as number)
          : -1;
      if (keptFrom >= 0) this.stale.push(path);
      queue.push({ path, row, walkRow, baseRow: below, keptFrom });
      return;
    }
    if (matched >= 0 && wasDirectory) this.remove(name, matched, removed);
    else if (matched >= 0) {
      this.seen[matched] = 1;
      this.baseOf[row] = matched;
    }
    this.putIfChanged(row, name);
    if (origin <= -2 && (isKept || this.selection.selected[walkRow] === 1)) this.stale.push(path);
  }

  /**
   * The base's record, unless the walk met its inode elsewhere: under another of its names, whose record
   * it shares; moved out of what cannot be read; or used again for something else.
   */
  private originOfKept(keptRow: number): number {
    const base = this.base as TreeState;
    this.rowOfInode ??= new Map(Array.from(this.input.inode, (number, row) => [number, row]));
    const met = this.rowOfInode.get(base.dumpInode[keptRow] as number);
    if (met === undefined || base.recordLength[keptRow] === 0) return -2 - keptRow;
    const { walk } = this;
    const isLink = walk.type[met] !== TYPE.directory && (walk.nlink[met] as number) > 1;
    if (walk.type[met] !== base.type[keptRow] || !isLink || !sameBirth(walk, met, base, keptRow))
      return -1;
    const first = this.firstRow[met] as number;
    return (this.records.start[first] as number) >= 0 ? first : -2 - keptRow;
  }

  /** Where the record of a walked row comes from; see the table at the head. */
  private originOf(walkRow: number, matched: number): number {
    const first = this.firstRow[walkRow] as number;
    if ((this.records.start[first] as number) >= 0) return first;
    if (this.selection.selected[walkRow] === 0) {
      const old = this.selection.baseRow[walkRow] as number;
      return old >= 0 ? -2 - old : -1;
    }
    const { base } = this;
    const sameInode = matched >= 0 && base?.dumpInode[matched] === this.input.inode[walkRow];
    return sameInode && base?.type[matched] === this.walk.type[walkRow] ? -2 - matched : -1;
  }

  private putReserved(here: Pending, name: ByteString): void {
    if (name === DIRECTORY_NAME) {
      if (here.row === 0) {
        this.origin[0] = this.originOf(0, here.baseRow);
        this.baseOf[0] = here.baseRow;
      }
      if (this.origin[here.row] !== -1) this.putIfChanged(here.row, name);
      return;
    }
    if (name === OFFSETS_NAME) this.putChange(name, this.input.offsets);
    else this.imageRow = this.putChange(name, EMPTY);
  }

  private recordAt(origin: number): Uint8Array {
    if (origin <= -2) return recordBytes(this.base as TreeState, -2 - origin);
    const start = this.records.start[origin] as number;
    return this.freshBytes.subarray(start, start + (this.records.length[origin] as number));
  }

  /** Adds the row to the change unless its path has the same record in the base. */
  private putIfChanged(row: number, name: ByteString): void {
    const origin = this.origin[row] as number;
    const before = this.baseOf[row] as number;
    if (origin === -2 - before) return;
    const record = this.recordAt(origin);
    if (before >= 0 && Buffer.compare(record, recordBytes(this.base as TreeState, before)) === 0)
      return;
    const changeRow = origin >= 0 ? this.putFresh(name, origin) : this.putChange(name, record);
    this.changed[row] = changeRow;
    if (before < 0 && this.base) {
      const old = origin <= -2 ? -2 - origin : this.sameObject(origin);
      if (old >= 0) this.copyRows.push([changeRow, old]);
    }
  }

  /** A row of the base with the same inode, born at the same time; -1 if there is none. */
  private sameObject(walkRow: number): number {
    const old = this.selection.baseRow[walkRow] as number;
    const { base, walk } = this;
    const same =
      base !== null &&
      old >= 0 &&
      base.birth[old] === walk.birth[walkRow] &&
      base.birthNs[old] === walk.birthNs[walkRow];
    return same && (walk.birth[walkRow] !== 0 || walk.birthNs[walkRow] !== 0) ? old : -1;
  }

  private putFresh(name: ByteString, origin: number): number {
    this.start.push(this.records.start[origin] as number);
    this.length.push(this.records.length[origin] as number);
    return this.changeNames.push(name) - 1;
  }

  private putChange(name: ByteString, content: Uint8Array): number {
    this.start.push(this.out.length);
    this.length.push(content.byteLength);
    this.out.put(content);
    return this.changeNames.push(name) - 1;
  }

  private remove(name: ByteString, baseRow: number, removed: number[]): void {
    if (this.base?.type[baseRow] === TYPE.directory) {
      removed.push(baseRow);
      return;
    }
    this.start.push(-1);
    this.length.push(0);
    this.changeNames.push(name);
  }

  /** Every file below a directory that is gone, and its own record. */
  private removeTree(above: ByteString, top: number): void {
    const base = this.base as TreeState;
    const stack = [
      {
        row: top,
        path: above === "" ? (base.names[top] as string) : `${above}/${base.names[top]}`,
      },
    ];
    for (let at = stack.pop(); at; at = stack.pop()) {
      this.directories.push(at.path);
      this.first.push(this.changeNames.length);
      const from = base.firstEntry[at.row] as number;
      const end = from + (base.entryCount[at.row] as number);
      let own = base.recordLength[at.row] === 0;
      const putOwn = (): void => {
        this.start.push(-1);
        this.length.push(0);
        this.changeNames.push(DIRECTORY_NAME);
        own = true;
      };
      for (let row = from; row < end; row++) {
        const name = base.names[row] as string;
        if (!own && name > DIRECTORY_NAME) putOwn();
        if (base.type[row] === TYPE.directory) stack.push({ row, path: `${at.path}/${name}` });
        else {
          this.start.push(-1);
          this.length.push(0);
          this.changeNames.push(name);
        }
      }
      if (!own) putOwn();
    }
  }

  /** Copy information only where the old path is gone: it is for people. */
  private copies(): Map<number, Copy> {
    const copies = new Map<number, Copy>();
    const base = this.base as TreeState;
    for (const [changeRow, old] of this.copyRows) {
      if (this.seen[old] === 1) continue;
      const path = pathOfRow(base, old);
      const own = base.type[old] === TYPE.directory ? `${path}/${DIRECTORY_NAME}` : path;
      copies.set(changeRow, { path: own, node: nodeOfRow(base, old) });
    }
    return copies;
  }

  private state(): TreeState {
    const count = this.names.length;
    const columns = newColumns(count);
    const nodes = new Uint8Array(count * NODE_BYTES);
    const records = new RecordRuns(this.freshBytes, this.base);
    const { base } = this;
    for (let row = 0; row < count; row++) {
      const origin = this.origin[row] as number;
      if (origin <= -2 && base) copyColumns(columns, row, base, -2 - origin);
      else if (origin >= 0) copyWalk(columns, row, this.walk, origin, this.input.inode);
      else columns.type[row] = TYPE.directory;
      columns.parent[row] = this.parent[row] as number;
      columns.firstEntry[row] = this.firstEntry[row] as number;
      columns.entryCount[row] = this.entryCount[row] as number;
      const before = this.baseOf[row] as number;
      if (this.changed[row] === -1 && before >= 0 && base)
        nodes.set(
          base.nodes.subarray(before * NODE_BYTES, (before + 1) * NODE_BYTES),
          row * NODE_BYTES,
        );
      if (origin >= 0) {
        columns.recordStart[row] = this.records.start[origin] as number;
        columns.recordLength[row] = this.records.length[origin] as number;
      } else if (origin <= -2 && base) {
        columns.recordStart[row] = records.takeOld(-2 - origin);
        columns.recordLength[row] = base.recordLength[-2 - origin] as number;
      }
    }
    return { ...columns, count, names: this.names, nodes, records: records.finish() };
  }
}

/** The first row of each row's inode: hard links share one record. */
function firstRowsOfInodes(walk: Walk, inode: Uint32Array): Int32Array {
  const first = new Int32Array(walk.count);
  const byInode = new Map<number, number>();
  for (let row = 0; row < walk.count; row++) {
    first[row] = row;
    if ((walk.nlink[row] as number) < 2 || walk.type[row] === TYPE.directory) continue;
    const number = inode[row] as number;
    const known = byInode.get(number);
    if (known === undefined) byInode.set(number, row);
    else first[row] = known;
  }
  return first;
}

/** Puts the nodes of committed rows into the state. */
export function settleNodes(merged: MergedTrees, nodes: readonly (NodeId | null)[]): void {
  const { changeRow, state } = merged;
  const raw = Buffer.from(nodes.map((node) => node ?? NULL_NODE).join(""), "hex");
  for (let row = 0; row < state.count; row++) {
    const from = changeRow[row] as number;
    if (from >= 0)
      raw.copy(state.nodes, row * NODE_BYTES, from * NODE_BYTES, (from + 1) * NODE_BYTES);
  }
}
