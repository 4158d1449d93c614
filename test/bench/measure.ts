// Timing of whole processes, start-up included, and sizes of what they leave.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import koffi from "koffi";

export interface Timed {
  /** Wall-clock time from before the start to after the end. */
  readonly seconds: number;
  /** User and system time of the process, its threads and children. */
  readonly cpuSeconds: number;
  /** Others used the machine meanwhile: the time says little. */
  readonly disturbed: boolean;
  readonly output: string;
}

const OUTPUT_BYTES_MAX = 64 << 20;
const RUSAGE_CHILDREN = -1;
/** USER_HZ, the same on every Linux. */
const TICKS_A_SECOND = 100;
const QUIET_LOOK_MS = 300;
const getrusage = koffi.load("libc.so.6").func("int getrusage(int, _Out_ int64 *)");

/** CPU time of all children that have ended. struct rusage begins with two pairs of seconds and microseconds. */
function childCpuSeconds(): number {
  const words = Array.from({ length: 18 }, () => 0);
  getrusage(RUSAGE_CHILDREN, words);
  const [user = 0, userMicro = 0, system = 0, systemMicro = 0] = words.map(Number);
  return user + system + (userMicro + systemMicro) / 1e6;
}

/** CPU time of everybody since the machine started, from the first line of /proc/stat. */
function machineCpuSeconds(): number {
  const [line = ""] = fs.readFileSync("/proc/stat", "latin1").split("\n", 1);
  const ticks = line.trim().split(/ +/).slice(1, 9).map(Number);
  const [idle = 0, waiting = 0] = ticks.splice(3, 2);
  assert(
    ticks.length === 6 && idle + waiting >= 0,
    "/proc/stat has the columns of a Linux since 2.6",
  );
  return ticks.reduce((all, each) => all + each, 0) / TICKS_A_SECOND;
}

/** Whether others used more than a tenth of a core while something of ours ran; ticks are coarse. */
function isDisturbed(machineSeconds: number, ownSeconds: number, seconds: number): boolean {
  return machineSeconds - ownSeconds > 0.1 * seconds + 0.05;
}

/** Times what this process does on one thread. */
export function timeHere(work: () => void): Timed {
  const own = process.cpuUsage();
  const machine = machineCpuSeconds();
  const before = performance.now();
  work();
  const seconds = (performance.now() - before) / 1000;
  const { user, system } = process.cpuUsage(own);
  const cpuSeconds = (user + system) / 1e6;
  const disturbed = isDisturbed(machineCpuSeconds() - machine, cpuSeconds, seconds);
  return { seconds, cpuSeconds, disturbed, output: "" };
}

/** What a peer's processes get: no certificates to read (40 ms a start of node), no personal settings. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, LC_ALL: "C.UTF-8", HGRCPATH: "", HGPLAIN: "1" };
  delete env["NODE_EXTRA_CA_CERTS"];
  delete env["NODE_OPTIONS"];
  return env;
}

/** Runs a program to its end. Throws with what it said if it fails. */
export function run(command: readonly string[], cwd?: string): Timed {
  const [program, ...args] = command;
  const machineBefore = machineCpuSeconds();
  const cpuBefore = childCpuSeconds();
  const before = process.hrtime.bigint();
  const done = spawnSync(program as string, args, {
    cwd,
    env: cleanEnvironment(),
    maxBuffer: OUTPUT_BYTES_MAX,
    encoding: "utf8",
  });
  const seconds = Number(process.hrtime.bigint() - before) / 1e9;
  const cpuSeconds = childCpuSeconds() - cpuBefore;
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) {
    throw new Error(`${command.join(" ")}: exit ${done.status}\n${done.stderr.slice(-2000)}`);
  }
  const disturbed = isDisturbed(machineCpuSeconds() - machineBefore, cpuSeconds, seconds);
  return { seconds, cpuSeconds, disturbed, output: done.stdout };
}

/**
 * Puts on disk what was written before, so that it is not paid for by the next one measured, and waits until
 * the machine is quiet, for `patienceSeconds` at most.
 */
export function settle(patienceSeconds: number): void {
  run(["sync"]);
  const end = performance.now() + patienceSeconds * 1000;
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  while (performance.now() < end) {
    const { disturbed } = timeHere(() => {
      Atomics.wait(nothing, 0, 0, QUIET_LOOK_MS);
    });
    if (!disturbed) return;
  }
}

export function isThere(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

export interface TreeSize {
  readonly files: number;
  readonly bytes: number;
  /** As the file system allocates them. */
  readonly diskBytes: number;
}

/** Without files whose names begin with `but`. */
export function treeSize(root: string, but?: string): TreeSize {
  let files = 0;
  let bytes = 0;
  let diskBytes = 0;
  for (const entry of fs.readdirSync(root, { recursive: true, withFileTypes: true })) {
    const stat = fs.lstatSync(path.join(entry.parentPath ?? entry.path, entry.name));
    if (but !== undefined && entry.name.startsWith(but)) continue;
    diskBytes += stat.blocks * 512;
    if (!entry.isFile()) continue;
    files++;
    bytes += stat.size;
  }
  return { files, bytes, diskBytes };
}
