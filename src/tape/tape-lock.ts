// One writer for each tape: a lock file beside it that names its owner. A lock whose owner is dead is
// broken; one of another host is believed.
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { errnoOf, ReelError } from "../core/errors.ts";

export interface TapeLock {
  release(): void;
}

interface Owner {
  readonly host: string;
  readonly pid: number;
  /** When the process began, as the kernel counts; a process id is used again. "" where it is not known. */
  readonly started: string;
}

let serial = 0;

/** Takes the lock of the tape at `path`, or throws `tape.locked` naming the owner. */
export function lockTape(path: string): TapeLock {
  const lock = `${path}.lock`;
  const own = `${lock}.${process.pid}.${serial++}`;
  const text = `${hostname()} ${process.pid} ${startOf(process.pid)}\n`;
  writeFileSync(own, text, { flag: "wx" });
  try {
    // A link appears with its content or not at all.
    while (!linked(own, lock)) {
      const held = readLock(lock);
      if (held === null) continue;
      const owner = parseOwner(held);
      if (owner === null || alive(owner)) {
        throw new ReelError("tape.locked", {
          tape: path,
          pid: owner?.pid ?? "?",
          host: owner?.host ?? "?",
        });
      }
      breakLock(lock, held, `${own}.dead`);
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

function startOf(pid: number): string {
  try {
    // The name in brackets may hold blanks; the 20th word after it is the start time.
    return (
      readFileSync(`/proc/${pid}/stat`, "latin1")
        .replace(/^.*\) /s, "")
        .split(" ")[19] ?? ""
    );
  } catch {
    return "";
  }
}

function alive(owner: Owner): boolean {
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return errnoOf(error) !== "ESRCH";
  }
  return owner.started === "" || owner.started === startOf(owner.pid);
}

/** Moves the dead lock away; if another broke it first and took the tape, puts that one's lock back. */
function breakLock(lock: string, held: string, aside: string): void {
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  if (readFileSync(aside, "latin1") !== held) linked(aside, lock);
  unlinkSync(aside);
}
