// The walk of a live tree: directories depth first, each listed whole, its names sorted, each name asked
// with statx. One row costs about one system call.
import type { ByteString } from "../core/bytes.ts";
import { assert, ReelError } from "../core/errors.ts";
import { TYPE } from "../core/inode.ts";
import { DirectoryHandles } from "./directory-handles.ts";
import { compileExclusion, type Exclusion } from "./exclude.ts";
import { listDirectory, ListBuffer, listedInode } from "./list-directory.ts";
import type { Walk, WalkOptions } from "./source.ts";
import { StatBuffer, STATX_MASK } from "./stat-buffer.ts";
import {
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_SYMLINK_NOFOLLOW,
  errnoName,
  meansGone,
  NamePad,
  OPEN_DIRECTORY,
  SEEK_SET,
  type SystemCalls,
} from "./system-calls.ts";
import { WalkColumns } from "./walk-columns.ts";

/** How long the walk keeps the thread before timers and signals get a turn. */
const TURN_MS = 40;
/** Inodes of the k-th other device are k × 2^16 higher in their high word: see WalkOptions. */
const DEVICE_STEP = 0x1_0000;

/** Rows after which a walk is known to be large. */
const LARGE_ROWS = 20_000;

/**
 * Walks the tree below the open directory `root`, which stays the caller's. `onLarge` is called once, in
 * mid-walk, when there is much to come.
 */
export async function walkDirectory(
  calls: SystemCalls,
  root: number,
  options: WalkOptions = {},
  onLarge: () => void = () => {},
): Promise<Walk> {
  const walker = new Walker(calls, root, options);
  let isLarge = false;
  try {
    let turnEnds = performance.now() + TURN_MS;
    while (walker.step()) {
      if (!isLarge && walker.rows.count > LARGE_ROWS) {
        isLarge = true;
        onLarge();
      }
      if (performance.now() < turnEnds) continue;
      await new Promise(setImmediate);
      turnEnds = performance.now() + TURN_MS;
    }
    return walker.rows.finish();
  } finally {
    walker.close();
  }
}

class Walker {
  readonly rows = new WalkColumns();
  private readonly calls: SystemCalls;
  private readonly options: WalkOptions;
  private readonly exclusion: Exclusion | undefined;
  private readonly handles: DirectoryHandles;
  private readonly stat: StatBuffer;
  private readonly pad: NamePad;
  private readonly list: ListBuffer;
  /** Directories that wait to be listed, the next one last. */
  private readonly waiting: number[] = [0];
  private readonly rootDevice: number;
  private readonly rootMount: number;
  private readonly otherDevices = new Map<number, number>();

  constructor(calls: SystemCalls, root: number, options: WalkOptions) {
    this.calls = calls;
    this.options = options;
    this.exclusion = compileExclusion(options.exclude ?? []);
    this.handles = new DirectoryHandles(calls, root, OPEN_DIRECTORY, this.rows);
    this.stat = new StatBuffer(calls);
    this.pad = new NamePad(calls);
    this.list = new ListBuffer(calls);
    const result = calls.statx(
      root,
      this.pad.put(""),
      AT_EMPTY_PATH,
      STATX_MASK,
      this.stat.address,
    );
    if (result < 0)
      throw new ReelError("volume.unreadable", { path: "the root", found: errnoName(result) });
    this.rootDevice = this.stat.device;
    this.rootMount = this.stat.mountId;
    this.rows.add(-1, "", this.stat);
  }

  /** Lists one directory; false when none is left. */
  step(): boolean {
    const directory = this.waiting.pop();
    if (directory === undefined) return false;
    const names: ByteString[] = [];
    const fd = this.handles.fd(directory);
    // The root's descriptor serves every walk: the one before left it at its end.
    if (directory === 0) this.calls.lseek(fd, 0, SEEK_SET);
    const result = fd < 0 ? fd : listDirectory(this.calls, fd, this.list, names);
    if (result < 0) {
      // Gone since its own row was made: as empty as one whose files went first.
      if (!meansGone(result)) this.report("unreadable-directory", directory, "", result);
      return true;
    }
    names.sort();
    this.addEntries(directory, fd, names);
    const { progress } = this.options;
    if (progress !== undefined) progress.done = this.rows.count;
    return true;
  }

  private addEntries(directory: number, fd: number, names: readonly ByteString[]): void {
    const { calls, exclusion, pad, rows, stat } = this;
    const first = rows.count;
    const path = exclusion?.needsPath === true ? this.pathOf(directory) : "";
    const waiting: number[] = [];
    for (const name of names) {
      if (exclusion?.matches(name, path + name) === true) {
        rows.excluded++;
        continue;
      }
      const flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
      const result = calls.statx(fd, pad.put(name), flags, STATX_MASK, stat.address);
      if (result < 0) {
        if (!meansGone(result)) this.report("unreadable", directory, name, result);
        continue;
      }
      const isDirectory = stat.type === TYPE.directory;
      if (stat.device !== this.rootDevice || stat.mountId !== this.rootMount) {
        this.addForeign(directory, fd, name, waiting);
        continue;
      }
      const row = rows.add(directory, name, stat);
      if (isDirectory) waiting.push(row);
    }
    rows.setEntries(directory, rows.count > first ? first : 0, rows.count - first);
    for (let i = waiting.length - 1; i >= 0; i--) this.waiting.push(waiting[i] as number);
  }

  /**
   * An entry on another device or mount. A directory there is another file system's root (or a btrfs
   * subvolume); a file is one mounted over a file, or lies in another layer of an overlay.
   */
  private addForeign(directory: number, fd: number, name: ByteString, waiting: number[]): void {
    const { rows, stat } = this;
    const isDirectory = stat.type === TYPE.directory;
    const isMounted = isDirectory || stat.mountId !== this.rootMount;
    if (isMounted && this.options.crossMounts !== true) {
      if (!isDirectory) {
        rows.problems.push({ kind: "unreadable", row: directory, name, errno: "EXDEV" });
        return;
      }
      const row = rows.add(directory, name, stat);
      // The mounted root's number (2 on ext4) would make it a second name of the volume's root.
      const inode = listedInode(this.calls, fd, this.list, name);
      if (inode !== undefined) rows.setInode(row, inode.high, inode.low);
      rows.problems.push({ kind: "mount", row, name, errno: "EXDEV" });
      return;
    }
    const row = rows.add(directory, name, stat);
    rows.setInode(
      row,
      (stat.inodeHigh + this.deviceIndex(stat.device) * DEVICE_STEP) >>> 0,
      stat.inodeLow,
    );
    if (isDirectory) waiting.push(row);
  }

  private deviceIndex(device: number): number {
    if (device === this.rootDevice) return 0;
    const known = this.otherDevices.get(device);
    if (known !== undefined) return known;
    const index = this.otherDevices.size + 1;
    this.otherDevices.set(device, index);
    return index;
  }

  /** With a slash at its end; "" for the root. */
  private pathOf(directory: number): ByteString {
    const names: ByteString[] = [""];
    for (let row = directory; row !== 0; row = this.rows.parentOf(row))
      names.push(this.rows.nameOf(row));
    return names.reverse().join("/");
  }

  private report(
    kind: "unreadable-directory" | "unreadable",
    row: number,
    name: ByteString,
    result: number,
  ): void {
    assert(result < 0, "a problem has an errno");
    this.rows.problems.push({ kind, row, name, errno: errnoName(result) });
  }

  close(): void {
    this.handles.close();
  }
}
