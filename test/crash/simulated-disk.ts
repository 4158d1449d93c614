// A disk in memory that can lose its power at any operation. It keeps, beside what programs see, what is
// certain to survive: a file's bytes as of its last sync, the names of a directory as of its last sync, and
// the operations since then, each of which may have reached the platter whole, in part or not at all.
import type { FileHandle, FileLayer, FileState } from "../../src/store/file-layer.ts";

const SECTOR_BYTES = 512;

class PowerCut extends Error {}

type DataOp =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly length: number };

interface Inode {
  readonly id: number;
  content: Buffer;
  durable: Buffer;
  pending: DataOp[];
}

type NameOp =
  | { readonly kind: "link"; readonly path: string; readonly inode: Inode }
  | { readonly kind: "rename"; readonly from: string; readonly to: string; readonly inode: Inode }
  | { readonly kind: "remove"; readonly path: string };

/** What becomes of the operations that were not synced. */
export interface Survival {
  /** Whether the n-th unsynced change of names is on disk. */
  name(n: number): boolean;
  /** Whether the n-th unsynced operation on a file is on disk; "torn": some of its sectors. */
  data(n: number): boolean | "torn";
  /** For a torn write: whether this sector is on disk. */
  sector(n: number, sector: number): boolean;
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function applyNames(names: Map<string, Inode>, op: NameOp): void {
  if (op.kind === "link") names.set(op.path, op.inode);
  else if (op.kind === "remove") names.delete(op.path);
  else {
    if (names.get(op.from) === op.inode) names.delete(op.from);
    names.set(op.to, op.inode);
  }
}

function applyWrite(content: Buffer, offset: number, bytes: Uint8Array): Buffer {
  const size = Math.max(content.byteLength, offset + bytes.byteLength);
  const next =
    size === content.byteLength
      ? Buffer.from(content)
      : Buffer.concat([content, Buffer.alloc(size - content.byteLength)]);
  next.set(bytes, offset);
  return next;
}

function applyTruncate(content: Buffer, length: number): Buffer {
  return length <= content.byteLength
    ? Buffer.from(content.subarray(0, length))
    : Buffer.concat([content, Buffer.alloc(length - content.byteLength)]);
}

export class SimulatedDisk implements FileLayer {
  /** Operations that change something, so far. */
  steps = 0;
  /** The power goes when this many have been done. */
  cutAfter: number = Number.POSITIVE_INFINITY;
  /** These fail with ENOSPC, and change nothing. */
  failsAt: (step: number) => boolean = () => false;
  private names: Map<string, Inode>;
  private durableNames: Map<string, Inode>;
  private pendingNames: NameOp[] = [];
  private readonly handles = new Map<FileHandle, { inode: Inode; path: string }>();
  private nextHandle = 1;
  private nextInode = 1;

  constructor(names: ReadonlyMap<string, Buffer> = new Map()) {
    this.names = new Map();
    for (const [path, content] of names) {
      this.names.set(path, { id: this.nextInode++, content, durable: content, pending: [] });
    }
    this.durableNames = new Map(this.names);
  }

  /** The disk as it is found when the power is back. */
  afterPowerCut(survival: Survival): SimulatedDisk {
    const names = new Map(this.durableNames);
    this.pendingNames.forEach((op, n) => {
      if (survival.name(n)) applyNames(names, op);
    });
    const contents = new Map<Inode, Buffer>();
    let n = 0;
    for (const inode of new Set([...names.values()].toSorted((a, b) => a.id - b.id))) {
      let content = inode.durable;
      for (const op of inode.pending) {
        const fate = survival.data(n);
        if (op.kind === "truncate")
          content = fate === false ? content : applyTruncate(content, op.length);
        else if (fate === true) content = applyWrite(content, op.offset, op.bytes);
        else if (fate === "torn") content = this.tear(content, op.offset, op.bytes, n, survival);
        n++;
      }
      contents.set(inode, content);
    }
    return new SimulatedDisk(
      new Map(
        [...names].map(([path, inode]) => [
          path,
          Buffer.from(contents.get(inode) ?? Buffer.alloc(0)),
        ]),
      ),
    );
  }

  /** The disk as the next process finds it when this one is killed: nothing is lost but what was not yet asked for. */
  afterKill(): SimulatedDisk {
    return new SimulatedDisk(
      new Map([...this.names].map(([path, { content }]) => [path, Buffer.from(content)])),
    );
  }

  stat(path: string): FileState | undefined {
    const inode = this.names.get(path);
    return inode && { size: inode.content.byteLength, identity: String(inode.id) };
  }

  list(path: string): string[] | undefined {
    const below = [...this.names.keys()].filter((name) => name.startsWith(`${path}/`));
    return below.map((name) => name.slice(path.length + 1));
  }

  makeDirectory(): void {}

  open(path: string): FileHandle {
    const inode = this.names.get(path);
    if (inode === undefined) throw failure("ENOENT", path);
    return this.handleOn(inode, path);
  }

  create(path: string): FileHandle {
    this.step(path);
    const known = this.names.get(path);
    if (known !== undefined) {
      this.change(known, { kind: "truncate", length: 0 });
      return this.handleOn(known, path);
    }
    const inode = this.newInode();
    this.changeNames({ kind: "link", path, inode });
    return this.handleOn(inode, path);
  }

  close(handle: FileHandle): void {
    if (!this.handles.delete(handle)) throw failure("EBADF", String(handle));
  }

  openHandles(): number {
    return this.handles.size;
  }

  stateOf(handle: FileHandle): FileState {
    const { inode } = this.on(handle);
    return { size: inode.content.byteLength, identity: String(inode.id) };
  }

  read(handle: FileHandle, into: Uint8Array, offset: number): number {
    const { content } = this.on(handle).inode;
    const part = content.subarray(Math.min(offset, content.byteLength), offset + into.byteLength);
    into.set(part);
    return part.byteLength;
  }

  write(handle: FileHandle, bytes: Uint8Array, offset: number): void {
    const { inode, path } = this.on(handle);
    // The write during which the power goes is among those that may be lost or torn.
    const op: DataOp = { kind: "write", offset, bytes: Uint8Array.from(bytes) };
    this.step(path, { torn: () => this.change(inode, op) });
    this.change(inode, op);
  }

  truncate(handle: FileHandle, length: number): void {
    const { inode, path } = this.on(handle);
    this.step(path);
    this.change(inode, { kind: "truncate", length });
  }

  async sync(handle: FileHandle): Promise<void> {
    this.syncNow(handle);
  }

  syncNow(handle: FileHandle): void {
    const { inode, path } = this.on(handle);
    this.step(path);
    inode.durable = inode.content;
    inode.pending = [];
  }

  syncDirectory(path: string): void {
    this.step(path);
    this.durableNames = new Map(this.names);
    this.pendingNames = [];
  }

  rename(from: string, to: string): void {
    const inode = this.names.get(from);
    if (inode === undefined) throw failure("ENOENT", from);
    this.step(from);
    this.changeNames({ kind: "rename", from, to, inode });
  }

  remove(path: string): void {
    if (!this.names.has(path)) throw failure("ENOENT", path);
    this.step(path, { roomNeeded: false });
    this.changeNames({ kind: "remove", path });
  }

  createWhole(path: string, bytes: Uint8Array): boolean {
    if (this.names.has(path)) return false;
    this.step(path);
    const inode = this.newInode();
    this.changeNames({ kind: "link", path, inode });
    this.change(inode, { kind: "write", offset: 0, bytes: Uint8Array.from(bytes) });
    return true;
  }

  private step(
    path: string,
    { torn, roomNeeded = true }: { readonly torn?: () => void; readonly roomNeeded?: boolean } = {},
  ): void {
    if (this.steps >= this.cutAfter) {
      if (this.steps === this.cutAfter) torn?.();
      this.steps++;
      throw new PowerCut("the power is gone");
    }
    if (this.failsAt(++this.steps) && roomNeeded) throw failure("ENOSPC", path);
  }

  private handleOn(inode: Inode, path: string): FileHandle {
    this.handles.set(this.nextHandle, { inode, path });
    return this.nextHandle++;
  }

  private on(handle: FileHandle): { inode: Inode; path: string } {
    const found = this.handles.get(handle);
    if (found === undefined) throw failure("EBADF", String(handle));
    return found;
  }

  private newInode(): Inode {
    return {
      id: this.nextInode++,
      content: Buffer.alloc(0),
      durable: Buffer.alloc(0),
      pending: [],
    };
  }

  private change(inode: Inode, op: DataOp): void {
    inode.content =
      op.kind === "write"
        ? applyWrite(inode.content, op.offset, op.bytes)
        : applyTruncate(inode.content, op.length);
    inode.pending.push(op);
  }

  private changeNames(op: NameOp): void {
    applyNames(this.names, op);
    this.pendingNames.push(op);
  }

  private tear(
    content: Buffer,
    offset: number,
    bytes: Uint8Array,
    n: number,
    survival: Survival,
  ): Buffer {
    let torn = content;
    for (let at = 0; at < bytes.byteLength; ) {
      const sector = Math.floor((offset + at) / SECTOR_BYTES);
      const end = Math.min(bytes.byteLength, (sector + 1) * SECTOR_BYTES - offset);
      if (survival.sector(n, sector)) torn = applyWrite(torn, offset + at, bytes.subarray(at, end));
      at = end;
    }
    return torn;
  }
}
