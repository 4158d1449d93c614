// Timing of whole processes, start-up included, and sizes of what they leave.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import koffi from "koffi";

export interface Timed {
  /** Wall-clock time from before the start to after the end. */
  readonly seconds: number;
  /** User and system time of the process, its threads and children. */
  readonly cpuSeconds: number;
  readonly output: string;
}

const OUTPUT_BYTES_MAX = 64 << 20;
const RUSAGE_CHILDREN = -1;
const getrusage = koffi.load("libc.so.6").func("int getrusage(int, _Out_ int64 *)");

/** CPU time of all children that have ended. struct rusage begins with two pairs of seconds and microseconds. */
function childCpuSeconds(): number {
  const words = Array.from({ length: 18 }, () => 0);
  getrusage(RUSAGE_CHILDREN, words);
  const [user = 0, userMicro = 0, system = 0, systemMicro = 0] = words.map(Number);
  return user + system + (userMicro + systemMicro) / 1e6;
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
  return { seconds, cpuSeconds, output: done.stdout };
}

/** Puts on disk what others have written, so that it is not paid for by the next one measured. */
export function settleDisk(): void {
  run(["sync"]);
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
