// Open directories of one tree by id, the last used kept. A directory is opened component by component
// below its nearest ancestor that is still open, never by a path: paths may be longer than PATH_MAX, and a
// symbolic link put in the way is not followed.
import type { ByteString } from "../core/bytes.ts";
import { NamePad, OPEN_PASSAGE, openQuietly, type SystemCalls } from "./system-calls.ts";

/** Directories by id, 0 the root. */
export interface DirectoryTable {
  parentOf(id: number): number;
  nameOf(id: number): ByteString;
}

/** Far below the usual limit of 1,024, and more than the depth of most trees. */
const OPEN_MAX = 64;

export class DirectoryHandles {
  private readonly calls: SystemCalls;
  private readonly root: number;
  private readonly flags: number;
  private readonly table: DirectoryTable;
  private readonly pad: NamePad;
  /** Oldest use first. */
  private readonly open = new Map<number, number>();
  private lastId = 0;
  private lastFd: number;

  /** `root` stays the caller's; `flags` are of openat. */
  constructor(calls: SystemCalls, root: number, flags: number, table: DirectoryTable) {
    this.calls = calls;
    this.root = root;
    this.flags = flags;
    this.table = table;
    this.pad = new NamePad(calls);
    this.lastFd = root;
  }

  /** A file descriptor, or -errno. It is valid until the next call, and not the caller's to close. */
  fd(id: number): number {
    if (id === this.lastId) return this.lastFd;
    const fd = id === 0 ? this.root : (this.touch(id) ?? this.descend(id));
    if (fd >= 0) {
      this.lastId = id;
      this.lastFd = fd;
    }
    return fd;
  }

  private touch(id: number): number | undefined {
    const fd = this.open.get(id);
    if (fd !== undefined) {
      this.open.delete(id);
      this.open.set(id, fd);
    }
    return fd;
  }

  private descend(id: number): number {
    const below: number[] = [];
    let at = id;
    let fd: number | undefined;
    while (fd === undefined) {
      below.push(at);
      at = this.table.parentOf(at);
      fd = at === 0 ? this.root : this.touch(at);
    }
    for (let i = below.length - 1; i >= 0; i--) {
      const child = below[i] as number;
      fd = this.openChild(fd, this.table.nameOf(child), i === 0);
      if (fd < 0) return fd;
      this.keep(child, fd);
    }
    return fd;
  }

  /** What is only passed through on the way needs no permission to be listed. */
  private openChild(parent: number, name: ByteString, isLast: boolean): number {
    const address = this.pad.put(name);
    if (!isLast || this.flags === OPEN_PASSAGE)
      return this.calls.openat(parent, address, OPEN_PASSAGE);
    return openQuietly(this.calls, parent, address, this.flags);
  }

  private keep(id: number, fd: number): void {
    if (this.open.size >= OPEN_MAX) {
      for (const [oldest, oldFd] of this.open) {
        this.open.delete(oldest);
        this.calls.close(oldFd);
        if (oldest === this.lastId) {
          this.lastId = 0;
          this.lastFd = this.root;
        }
        break;
      }
    }
    this.open.set(id, fd);
  }

  close(): void {
    for (const fd of this.open.values()) this.calls.close(fd);
    this.open.clear();
    this.lastId = 0;
    this.lastFd = this.root;
  }
}
