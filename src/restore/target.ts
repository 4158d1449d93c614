// The place files go: a directory, and the planned directories below it. Every component is opened from the
// descriptor of the one above it and never through a symbolic link, so that nothing outside is written
// whatever names the catalog holds and whatever was planted in the target.
import { closeSync, constants, opendirSync, openSync } from "node:fs";
import { type ByteString, showBytes } from "../core/bytes.ts";
import { errnoOf, ReelError } from "../core/errors.ts";
import { makePath } from "./make-path.ts";
import { badPath, pathFault, type PlannedDirectory } from "./plan.ts";
import { errnoName, type InodeStatus, loadSystemCalls, type SystemCalls } from "./system-calls.ts";

/** Open at once; a process may have 1024, and the target is not alone in it. */
const DESCRIPTORS_MAX = 256;
/** Of a long way down only the last ones are kept, or one path of 2000 components would empty the cache. */
const DESCRIPTORS_KEPT_OF_A_PATH = 32;

/** S_IFMT and the bits of a directory and a regular file. */
const TYPE_BITS = 0o170000;
const DIRECTORY_BITS = 0o040000;

const EEXIST = 17;
const ENOENT = 2;

export interface TargetOptions {
  /** Take a target that is not empty, and replace what is in the way. Directories are never emptied. */
  readonly overwrite?: boolean;
}

export type DirectoryState = "made" | "existed" | "failed";

export class Target {
  readonly calls: SystemCalls;
  readonly root: number;
  readonly overwrite: boolean;
  /** By planned directory: what is made in it may inherit attributes, from a default ACL here or above. */
  private readonly inherits: boolean[] = [];
  private directories: readonly PlannedDirectory[] = [];
  private readonly states: DirectoryState[] = [];
  /** Index of a planned directory → descriptor, least recently used first. */
  private readonly descriptors = new Map<number, number>();
  private lastIndex = -1;
  private lastDescriptor = -1;

  private constructor(calls: SystemCalls, root: number, overwrite: boolean) {
    this.calls = calls;
    this.root = root;
    this.overwrite = overwrite;
    const attributes = calls.listAttributes(root, "");
    this.inherits.push(
      typeof attributes !== "number" && attributes.includes("system.posix_acl_default"),
    );
  }

  /**
   * Makes the directory if it is not there. Throws `restore.target-not-empty` and
   * `restore.target-not-directory`.
   */
  static async open(path: string | Buffer, options: TargetOptions = {}): Promise<Target> {
    const calls = await loadSystemCalls();
    const shown = path.toString();
    let root: number;
    try {
      makePath(path);
      root = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (cause) {
      throw new ReelError(
        "restore.target-not-directory",
        { target: shown, found: errnoOf(cause) },
        { cause },
      );
    }
    const overwrite = options.overwrite ?? false;
    if (!overwrite) {
      const found = firstName(path);
      if (found !== null) {
        closeSync(root);
        throw new ReelError("restore.target-not-empty", { target: shown, found });
      }
    }
    return new Target(calls, root, overwrite);
  }

  /** Makes the planned directories, parents first; `failed` hears of each that could not be made, and why. */
  makeDirectories(
    directories: readonly PlannedDirectory[],
    failed: (index: number, why: string) => void,
  ): void {
    this.directories = directories;
    this.states.push("existed");
    for (let index = 1; index < directories.length; index++) {
      const why = this.makeDirectory(index);
      if (why !== null) {
        this.states[index] = "failed";
        failed(index, why);
      }
      const { parent } = directories[index] as PlannedDirectory;
      this.inherits[index] = this.states[index] === "existed" || this.mayInherit(parent);
    }
  }

  private makeDirectory(index: number): string | null {
    const { path, parent } = this.directories[index] as PlannedDirectory;
    if (this.states[parent] === "failed") return "the directory above it could not be made";
    const above = this.directory(parent);
    if (above < 0) return errnoName(above);
    const name = lastComponent(path);
    let made = this.calls.makeDirectory(above, name, 0o700);
    if (made === -EEXIST) {
      const status = this.calls.status(above, name);
      if (typeof status !== "number" && (status.mode & TYPE_BITS) === DIRECTORY_BITS) {
        this.states[index] = "existed";
        this.openForOwner(index, status);
        return null;
      }
      if (!this.overwrite) return "something else has its name";
      made = this.calls.removeFile(above, name);
      if (made === 0) made = this.calls.makeDirectory(above, name, 0o700);
    }
    this.states[index] = "made";
    return made < 0 ? errnoName(made) : null;
  }

  /** An ordinary user needs the rights of the owner in a directory that is there already; `finish` sets its mode. */
  private openForOwner(index: number, status: InodeStatus): void {
    if ((status.mode & 0o700) === 0o700 || process.geteuid?.() === 0) return;
    if ((this.directories[index] as PlannedDirectory).entry < 0) return;
    const { path, parent } = this.directories[index] as PlannedDirectory;
    const inode = this.calls.openPath(this.directory(parent), lastComponent(path));
    if (inode < 0) return;
    this.calls.changeModeOfPath(inode, (status.mode & 0o7777) | 0o700);
    closeSync(inode);
  }

  /** Whether what is made in the directory may have attributes that nobody gave it. */
  mayInherit(index: number): boolean {
    return this.inherits[index] ?? false;
  }

  state(index: number): DirectoryState {
    return this.states[index] ?? "failed";
  }

  /** The descriptor of a planned directory, valid until the next but one call; or a negative errno. */
  directory(index: number): number {
    if (index === this.lastIndex) return this.lastDescriptor;
    if (index === 0) return this.root;
    const known = this.descriptors.get(index);
    if (known !== undefined) {
      this.descriptors.delete(index);
      this.descriptors.set(index, known);
      this.lastIndex = index;
      this.lastDescriptor = known;
      return known;
    }
    return this.descend(index);
  }

  private descend(index: number): number {
    const way: number[] = [];
    let at = index;
    while (at !== 0 && !this.descriptors.has(at)) {
      if (this.states[at] === "failed") return -ENOENT;
      way.push(at);
      at = (this.directories[at] as PlannedDirectory).parent;
    }
    let above = at === 0 ? this.root : (this.descriptors.get(at) as number);
    let passing = false;
    for (let left = way.length - 1; left >= 0; left--) {
      const step = way[left] as number;
      const next = this.calls.openDirectory(
        above,
        lastComponent((this.directories[step] as PlannedDirectory).path),
      );
      if (passing) closeSync(above);
      if (next < 0) return next;
      passing = left >= DESCRIPTORS_KEPT_OF_A_PATH;
      if (!passing) this.keep(step, next);
      above = next;
    }
    return above;
  }

  private keep(index: number, descriptor: number): void {
    if (this.descriptors.size >= DESCRIPTORS_MAX) {
      for (const [oldest, held] of this.descriptors) {
        this.descriptors.delete(oldest);
        closeSync(held);
        break;
      }
    }
    this.descriptors.set(index, descriptor);
    this.lastIndex = index;
    this.lastDescriptor = descriptor;
  }

  /**
   * Makes `name` in a directory with `make`, which gives a negative errno when it fails. What has the name
   * is removed first where the target may be overwritten: a new inode, so that other names of the old one
   * keep what they have.
   */
  make(
    directory: number,
    name: ByteString,
    make: (at: number, name: ByteString) => number,
  ): number {
    // The plan has refused such names; nothing that is made goes by another way than this.
    const fault = name === "" || name.includes("/") ? "not one component" : pathFault(name);
    if (fault !== null) throw badPath(name, fault);
    const at = this.directory(directory);
    if (at < 0) return at;
    const made = make(at, name);
    if (made !== -EEXIST || !this.overwrite) return made;
    const status = this.calls.status(at, name);
    if (typeof status !== "number") {
      const isDirectory = (status.mode & TYPE_BITS) === DIRECTORY_BITS;
      const removed = isDirectory
        ? this.calls.removeDirectory(at, name)
        : this.calls.removeFile(at, name);
      if (removed < 0) return removed;
    }
    return make(at, name);
  }

  close(): void {
    for (const descriptor of this.descriptors.values()) closeSync(descriptor);
    this.descriptors.clear();
    this.lastIndex = -1;
    closeSync(this.root);
  }
}

export function lastComponent(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf("/") + 1);
}

function firstName(path: string | Buffer): string | null {
  const directory = opendirSync(path, { encoding: "latin1" as BufferEncoding, bufferSize: 1 });
  try {
    const first = directory.readSync();
    return first === null ? null : showBytes(first.name);
  } finally {
    directory.closeSync();
  }
}
