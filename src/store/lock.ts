// The writer's lock: a file with the owner's host, its kernel's run, process number and start time. A dead
// owner on this host is recognised and its lock broken; of other hosts nothing can be known.
import { byteString, bytesOf } from "../core/bytes.ts";
import { errnoOf, ReelError } from "../core/errors.ts";
import type { FileLayer } from "./file-layer.ts";
import type { ProcessTable } from "./process-table.ts";

export interface LockOwner {
  readonly host: string;
  readonly boot: string;
  readonly pid: number;
  readonly start: string;
}

/** A lock file is four short lines; more is not read. */
const LOCK_BYTES_MAX = 1024;

function encodeOwner(owner: LockOwner): Uint8Array {
  return bytesOf(
    `host ${owner.host}\nboot ${owner.boot}\npid ${owner.pid}\nstart ${owner.start}\n`,
  );
}

/** Undefined for an empty or torn file: its writer fell with the machine, since a lock appears whole. */
function decodeOwner(text: string): LockOwner | undefined {
  const match = /^host (.*)\nboot (.*)\npid (\d+)\nstart (.*)\n$/.exec(text);
  if (match === null) return undefined;
  const [, host = "", boot = "", pid = "", start = ""] = match;
  return { host, boot, pid: Number(pid), start };
}

function readText(files: FileLayer, path: string): string | undefined {
  if (files.stat(path) === undefined) return undefined;
  const handle = files.open(path, "read");
  try {
    const bytes = Buffer.alloc(LOCK_BYTES_MAX);
    return byteString(bytes.subarray(0, files.read(handle, bytes, 0)));
  } finally {
    files.close(handle);
  }
}

export function isDead(owner: LockOwner | undefined, processes: ProcessTable): boolean {
  if (owner === undefined) return true;
  if (owner.host !== processes.host) return false;
  if (owner.boot !== processes.boot) return true;
  const start = processes.startOf(owner.pid);
  return start === undefined || (start !== "" && owner.start !== "" && start !== owner.start);
}

/** Who holds the lock; undefined if nobody does. `owner` is undefined for a torn lock. */
export function readLock(
  files: FileLayer,
  path: string,
): { readonly owner: LockOwner | undefined } | undefined {
  const text = readText(files, path);
  return text === undefined ? undefined : { owner: decodeOwner(text) };
}

export class WriterLock {
  private readonly files: FileLayer;
  private readonly path: string;
  private readonly own: string;

  private constructor(files: FileLayer, path: string, own: string) {
    this.files = files;
    this.path = path;
    this.own = own;
  }

  /** Throws `store.locked` naming a living or unknown owner; `notice` is told when a dead one's lock is broken. */
  static take(
    files: FileLayer,
    path: string,
    processes: ProcessTable,
    notice: (text: string) => void,
  ): WriterLock {
    const { host, boot, pid } = processes;
    const own = encodeOwner({ host, boot, pid, start: processes.startOf(pid) ?? "" });
    while (!files.createWhole(path, own)) {
      const text = readText(files, path);
      if (text === undefined) continue;
      const owner = decodeOwner(text);
      if (!isDead(owner, processes)) {
        throw new ReelError("store.locked", {
          pid: owner?.pid ?? 0,
          host: owner?.host ?? "",
          path,
        });
      }
      if (moveAway(files, path, text, pid)) notice(describeBroken(owner));
    }
    return new WriterLock(files, path, byteString(own));
  }

  /** Throws `store.lock-lost` if somebody removed or replaced the lock; asked before a commit is written. */
  confirm(): void {
    const text = readText(this.files, this.path);
    if (text === this.own) return;
    const owner = decodeOwner(text ?? "");
    const found = owner === undefined ? "somebody" : `process ${owner.pid} on ${owner.host}`;
    throw new ReelError("store.lock-lost", { path: this.path, found });
  }

  /** Gives the lock back; one that is not ours any more is left alone. */
  release(): void {
    try {
      if (readText(this.files, this.path) === this.own) this.files.remove(this.path);
    } catch {
      // What was done under the lock stands. A lock that cannot be removed is broken when this process has ended.
    }
  }
}

/**
 * Removes a dead owner's lock, unless another writer was quicker: the file is renamed, which only one can
 * do, and looked at again; a living lock caught that way is put back.
 */
function moveAway(files: FileLayer, path: string, dead: string, pid: number): boolean {
  const aside = `${path}.broken-${pid}`;
  try {
    files.rename(path, aside);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
  const caught = readText(files, aside) ?? "";
  if (caught !== dead) files.createWhole(path, bytesOf(caught));
  files.remove(aside);
  return caught === dead;
}

export function describeBroken(owner: LockOwner | undefined): string {
  return owner === undefined
    ? "broke a torn lock, left by a crash"
    : `broke the lock of process ${owner.pid} on ${owner.host}, which no longer runs`;
}
