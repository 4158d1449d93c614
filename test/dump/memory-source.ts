// A volume in memory for the tests of dump: a tree that can be changed between dumps, its walk, and its
// contents in batches cut at odd places.
import { createHash } from "node:crypto";
import { encodeAttributes } from "../../src/core/attributes.ts";
import { type ByteString } from "../../src/core/bytes.ts";
import { ROOT_INODE, TYPE, type InodeType } from "../../src/core/inode.ts";
import type { DumpPlan, StreamLabel } from "../../src/dump/request.ts";
import {
  CONTENT,
  type ContentBatch,
  type VolumeIdentity,
  type VolumeSource,
  type Walk,
} from "../../src/volume/source.ts";

export interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface Node {
  readonly inode: number;
  readonly type: InodeType;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Data of a file; what lies between is a hole. */
  pieces: readonly Piece[];
  target: ByteString;
  mtime: number;
  mtimeNs: number;
  rdev: readonly [number, number];
  attributes: Record<string, Uint8Array>;
  readonly entries: Map<ByteString, Node>;
  nlink: number;
  changed: number;
  status: number;
}

export type NodeOptions = Partial<Omit<Node, "inode" | "type" | "entries" | "pieces">> & {
  readonly content?: string | Uint8Array;
  readonly pieces?: readonly Piece[];
};

export class MemoryVolume implements VolumeSource {
  readonly root: Node;
  /** Bytes of data in one batch; small ones cut files into pieces. */
  batchBytes = 100_000;
  private nextInode = 11;
  private readonly freeInodes: number[] = [];
  clock = 1;

  constructor() {
    this.root = this.node(TYPE.directory, { mode: 0o755 }, ROOT_INODE);
  }

  identity(): VolumeIdentity {
    return { host: "h", path: "/v", device: "memory", root: "memory" };
  }

  async close(): Promise<void> {}

  private node(
    type: InodeType,
    options: NodeOptions,
    inode = this.freeInodes.pop() ?? this.nextInode++,
  ): Node {
    const { content, ...rest } = options;
    const bytes = content === undefined ? null : Buffer.from(content as string, "latin1");
    return {
      inode,
      type,
      mode: 0o644,
      uid: 0,
      gid: 0,
      target: "",
      mtime: 1_600_000_000 + inode,
      mtimeNs: 123_456_789,
      rdev: [0, 0],
      attributes: {},
      entries: new Map(),
      nlink: type === TYPE.directory ? 2 : 1,
      changed: this.clock,
      status: CONTENT.ok,
      pieces: bytes && bytes.length > 0 ? [{ at: 0, bytes }] : [],
      size: bytes?.length ?? 0,
      ...rest,
    };
  }

  private parentOf(path: ByteString): { readonly parent: Node; readonly name: ByteString } {
    const parts = path.split("/");
    const name = parts.pop() as string;
    let parent = this.root;
    for (const part of parts) parent = parent.entries.get(part) as Node;
    return { parent, name };
  }

  at(path: ByteString): Node {
    const { parent, name } = this.parentOf(path);
    return path === "" ? this.root : (parent.entries.get(name) as Node);
  }

  private touch(node: Node): void {
    node.changed = this.clock;
    node.mtime++;
  }

  put(path: ByteString, type: InodeType, options: NodeOptions = {}): Node {
    const { parent, name } = this.parentOf(path);
    const node = this.node(type, {
      ...(type === TYPE.directory ? { mode: 0o755 } : {}),
      ...options,
    });
    parent.entries.set(name, node);
    this.touch(parent);
    return node;
  }

  file(path: ByteString, content: string | Uint8Array, options: NodeOptions = {}): Node {
    return this.put(path, TYPE.file, { ...options, content });
  }

  directory(path: ByteString, options: NodeOptions = {}): Node {
    return this.put(path, TYPE.directory, options);
  }

  edit(path: ByteString, content: string | Uint8Array): void {
    const node = this.at(path);
    const bytes = Buffer.from(content as string, "latin1");
    node.pieces = bytes.length > 0 ? [{ at: 0, bytes }] : [];
    node.size = bytes.length;
    this.touch(node);
  }

  link(from: ByteString, to: ByteString): void {
    const node = this.at(from);
    const { parent, name } = this.parentOf(to);
    parent.entries.set(name, node);
    node.nlink++;
    node.changed = this.clock;
    this.touch(parent);
  }

  remove(path: ByteString): void {
    const { parent, name } = this.parentOf(path);
    const node = parent.entries.get(name) as Node;
    for (const entry of node.entries.keys()) this.remove(`${path}/${entry}`);
    parent.entries.delete(name);
    if (--node.nlink <= (node.type === TYPE.directory ? 1 : 0)) this.freeInodes.push(node.inode);
    node.changed = this.clock;
    this.touch(parent);
  }

  rename(from: ByteString, to: ByteString): void {
    const source = this.parentOf(from);
    const target = this.parentOf(to);
    const node = source.parent.entries.get(source.name) as Node;
    source.parent.entries.delete(source.name);
    target.parent.entries.set(target.name, node);
    this.touch(source.parent);
    this.touch(target.parent);
  }

  private rows: Node[] = [];

  async walk(): Promise<Walk> {
    const rows: Node[] = [this.root];
    const parent: number[] = [-1];
    const name: ByteString[] = [""];
    const first: number[] = [];
    const counts: number[] = [];
    for (let row = 0; row < rows.length; row++) {
      const node = rows[row] as Node;
      const entries = [...node.entries].sort(([a], [b]) => (a < b ? -1 : 1));
      first.push(entries.length > 0 ? rows.length : 0);
      counts.push(entries.length);
      for (const [entry, child] of entries) {
        rows.push(child);
        parent.push(row);
        name.push(entry);
      }
    }
    this.rows = rows;
    const column = (of: (node: Node) => number) => rows.map(of);
    const f64 = (of: (node: Node) => number) => Float64Array.from(column(of));
    const u32 = (of: (node: Node) => number) => Uint32Array.from(column(of));
    return {
      count: rows.length,
      parent: Int32Array.from(parent),
      name,
      firstEntry: Int32Array.from(first),
      entryCount: Int32Array.from(counts),
      type: Uint8Array.from(column((n) => n.type)),
      mode: Uint16Array.from(column((n) => n.mode)),
      nlink: u32((n) => n.nlink),
      uid: u32((n) => n.uid),
      gid: u32((n) => n.gid),
      size: f64((n) => (n.type === TYPE.symlink ? n.target.length : n.size)),
      blocks512: f64((n) => n.pieces.reduce((sum, p) => sum + Math.ceil(p.bytes.length / 512), 0)),
      inodeHigh: u32(() => 0),
      inodeLow: u32((n) => n.inode),
      atime: f64((n) => n.mtime + 5),
      atimeNs: u32(() => 987_654_321),
      mtime: f64((n) => n.mtime),
      mtimeNs: u32((n) => n.mtimeNs),
      ctime: f64((n) => n.mtime + 7),
      ctimeNs: u32(() => 999_999_999),
      birth: f64(() => 0),
      birthNs: u32(() => 0),
      rdevMajor: u32((n) => n.rdev[0]),
      rdevMinor: u32((n) => n.rdev[1]),
      problems: [],
      excluded: 0,
    };
  }

  async *read(_walk: Walk, rows: Int32Array): AsyncGenerator<ContentBatch, void> {
    let batch = new BatchBuilder();
    for (const row of rows) {
      const node = this.rows[row] as Node;
      const gone = node.status === CONTENT.vanished || node.status === CONTENT.unreadable;
      const pieces: Piece[] = gone
        ? []
        : node.type === TYPE.symlink
          ? [{ at: 0, bytes: Buffer.from(node.target, "latin1") }]
          : [...node.pieces];
      const whole = Buffer.alloc(node.size > 50e6 ? 0 : node.size);
      for (const piece of pieces) if (whole.length > 0) whole.set(piece.bytes, piece.at);
      const digest =
        node.type === TYPE.file ? createHash("sha256").update(whole).digest() : new Uint8Array(32);
      const cut: Piece[] = [];
      for (const { at, bytes } of pieces) {
        const step =
          node.type === TYPE.symlink
            ? Math.max(1, bytes.length)
            : Math.max(1024, Math.floor(this.batchBytes / 1024) * 1024);
        for (let i = 0; i < bytes.length; i += step)
          cut.push({ at: at + i, bytes: bytes.subarray(i, i + step) });
      }
      if (cut.length === 0) cut.push({ at: 0, bytes: new Uint8Array(0) });
      const attributes = gone
        ? new Uint8Array(0)
        : encodeAttributes(
            Object.entries(node.attributes).map(([n, value]) => ({ name: n, value })),
          );
      for (const [i, piece] of cut.entries()) {
        if (batch.filled > 0 && batch.filled + piece.bytes.length > this.batchBytes) {
          yield batch.finish();
          batch = new BatchBuilder();
        }
        batch.add(row, piece, i === cut.length - 1, node.status, digest, attributes);
      }
    }
    if (batch.count > 0) yield batch.finish();
  }

  /** Everything changed after `since` goes on tape. */
  async plan(label: StreamLabel, since = 0): Promise<DumpPlan> {
    const walk = await this.walk();
    const selected = Uint8Array.from(this.rows.map((node) => Number(node.changed > since)));
    selected[0] = 1;
    return {
      label,
      walk,
      inode: Uint32Array.from(this.rows.map((node) => node.inode)),
      inodeMax: this.nextInode,
      selected,
      kept: new Uint32Array(0),
    };
  }
}

class BatchBuilder {
  private readonly rows: {
    row: number;
    piece: Piece;
    start: number;
    last: boolean;
    status: number;
    digest: Uint8Array;
    attributesStart: number;
    attributesLength: number;
  }[] = [];
  private readonly parts: Uint8Array[] = [];
  filled = 0;

  get count(): number {
    return this.rows.length;
  }

  add(
    row: number,
    piece: Piece,
    last: boolean,
    status: number,
    digest: Uint8Array,
    attributes: Uint8Array,
  ): void {
    const start = this.keep(piece.bytes);
    const attributesStart = last ? this.keep(attributes) : 0;
    this.rows.push({
      row,
      piece,
      start,
      last,
      status: last ? status : CONTENT.ok,
      digest,
      attributesStart,
      attributesLength: last ? attributes.length : 0,
    });
  }

  private keep(bytes: Uint8Array): number {
    const at = this.filled;
    this.parts.push(bytes);
    this.filled += bytes.length;
    return at;
  }

  finish(): ContentBatch {
    const { rows } = this;
    const digest = new Uint8Array(rows.length * 32);
    for (const [i, row] of rows.entries()) if (row.last) digest.set(row.digest, i * 32);
    const bytes = new Uint8Array(Buffer.concat(this.parts));
    return {
      count: rows.length,
      row: Int32Array.from(rows.map((r) => r.row)),
      fileOffset: Float64Array.from(rows.map((r) => r.piece.at)),
      length: Uint32Array.from(rows.map((r) => r.piece.bytes.length)),
      start: Uint32Array.from(rows.map((r) => r.start)),
      last: Uint8Array.from(rows.map((r) => Number(r.last))),
      status: Uint8Array.from(rows.map((r) => r.status)),
      digest,
      attributesStart: Uint32Array.from(rows.map((r) => r.attributesStart)),
      attributesLength: Uint32Array.from(rows.map((r) => r.attributesLength)),
      bytes,
      errnos: new Map(
        rows.flatMap((r, i) =>
          r.last && r.status >= CONTENT.vanished ? [[i, "EIO"] as const] : [],
        ),
      ),
      release: () => void bytes.fill(0xee),
    };
  }
}
