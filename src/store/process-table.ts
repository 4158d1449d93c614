// What a lock needs to know of processes: who this one is, and whether another still lives. A seam, so
// that tests can let an owner die.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { errnoOf } from "../core/errors.ts";

export interface ProcessTable {
  readonly host: string;
  /** One run of the host's kernel; empty where that is not known. */
  readonly boot: string;
  readonly pid: number;
  /**
   * When the process began, in any unit; it tells a process from a later one with the same number. Empty
   * if it lives and that is not known; undefined if there is no such process.
   */
  startOf(pid: number): string | undefined;
}

function readWord(path: string): string {
  try {
    return readFileSync(path, "latin1").trim();
  } catch {
    return "";
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== "ESRCH";
  }
}

export const systemProcesses: ProcessTable = {
  host: hostname(),
  boot: readWord("/proc/sys/kernel/random/boot_id"),
  pid: process.pid,
  startOf(pid) {
    if (!lives(pid)) return undefined;
    // The name in brackets may hold blanks and brackets; the start time is the 20th field behind it.
    const stat = readWord(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended: only its parent has not looked yet.
    return fields[0] === "Z" ? undefined : (fields[19] ?? "");
  },
};
