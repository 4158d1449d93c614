// One writer for each tape: a lock file beside it that names its owner. A lock whose owner is dead is
// broken; one of another host is believed.
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { errnoOf, ReelError } from "../core/errors.ts";

export interface TapeLock {
  release(): void;
}

interface Owner {
  readonly host: string;
  readonly pid: number;
  /** The run of the kernel and when in it the process began: a process id is used again. "" where it is not known. */
  readonly started: string;
}

/**
 * Takes the lock of the tape at `path`, or throws `tape.locked` naming the owner; `notice` is told when a dead
 * owner's is broken.
 */
export function lockTape(path: string, notice: (line: string) => void = () => {}): TapeLock {
  const lock = `${path}.lock`;
  // Not by the process id alone: one that was killed may have left its file, and the id is used again.
  const own = `${lock}.${process.pid}-${randomBytes(4).toString("hex")}`;
  const text = `${hostname()} ${process.pid} ${startOf(process.pid) ?? ""}\n`;
  try {
    writeFileSync(own, text, { flag: "wx" });
  } catch (cause) {
    // On a full disk it was begun.
    rmSync(own, { force: true });
    const errno = errnoOf(cause);
    throw new ReelError(
      "tape.io",
      { tape: path, found: `its lock cannot be made: ${errno}`, errno },
      { cause },
    );
  }
  try {
    // A link appears with its content or not at all; only a power cut leaves an empty one.
    while (!linked(own, lock)) {
      const held = readLock(lock);
      if (held === null) continue;
      const owner = parseOwner(held);
      if (owner !== null && isAlive(owner)) {
        throw new ReelError("tape.locked", { tape: path, pid: owner.pid, host: owner.host });
      }
      if (breakLock(lock, held, `${own}.dead`)) notice(describeBroken(path, owner));
    }
  } finally {
    unlinkSync(own);
  }
  return {
    release() {
      if (readLock(lock) === text) unlinkSync(lock);
    },
  };
}

function describeBroken(path: string, owner: Owner | null): string {
  if (owner === null) return `broke a torn lock on ${path}, left by a crash`;
  return `broke the lock on ${path} of process ${owner.pid} on ${owner.host}, which no longer runs`;
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
}

function readLock(lock: string): string | null {
  try {
    return readFileSync(lock, "latin1");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

function parseOwner(text: string): Owner | null {
  const match = /^(\S+) (\d+) (\S*)\n$/.exec(text);
  return match
    ? { host: match[1] as string, pid: Number(match[2]), started: match[3] as string }
    : null;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1").trim();
  } catch {
    return "";
  }
}

/** Undefined for a process that has ended and that its parent has not looked at yet. */
function startOf(pid: number): string | undefined {
  // The name in brackets may hold blanks; the 20th word after it is the start time.
  const words = readText(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, "")
    .split(" ");
  if (words[0] === "Z") return undefined;
  const ticks = words[19];
  return ticks === undefined ? "" : `${readText("/proc/sys/kernel/random/boot_id")}/${ticks}`;
}

function isAlive(owner: Owner): boolean {
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (errnoOf(error) === "ESRCH") return false;
  }
  const started = startOf(owner.pid);
  return (
    started !== undefined && (started === "" || owner.started === "" || started === owner.started)
  );
}

/** Moves the dead lock away; if another broke it first and took the tape, puts that one's lock back. */
function breakLock(lock: string, held: string, aside: string): boolean {
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
  const caught = readFileSync(aside, "latin1");
  if (caught !== held) linked(aside, lock);
  unlinkSync(aside);
  return caught === held;
}
