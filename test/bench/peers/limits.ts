// What the machine itself takes for parts of the work: nobody who does all of them can be faster.
import { hash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { run, settleDisk, type Timed } from "../measure.ts";
import type { Peer, Reading, Round, Step } from "../peer.ts";

const WRITE_BYTES = 1 << 20;

function reading(line: string, { seconds, cpuSeconds }: Timed, bytes: number | null): Reading {
  return { line, seconds, cpuSeconds, bytes };
}

/** Runs `work` here, on one thread that has nothing else to do. */
function timeHere(line: string, bytes: number, work: () => void): Reading {
  const before = performance.now();
  work();
  return { line, seconds: (performance.now() - before) / 1000, cpuSeconds: null, bytes };
}

function hashAll(sizes: readonly number[]): void {
  const bytes = Buffer.alloc(Math.max(...sizes), 0x5a);
  for (const size of sizes) hash("sha256", bytes.subarray(0, size), "hex");
}

/** Bytes as a dump puts them on tape: a header of 1 KiB and whole blocks for each file. */
function tapeBytes(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all + 1024 + Math.ceil(size / 1024) * 1024, 0);
}

function writeAll(file: string, bytes: number): number {
  const block = Buffer.alloc(WRITE_BYTES, 0x5a);
  const fd = fs.openSync(file, "w");
  for (let at = 0; at < bytes; at += WRITE_BYTES)
    fs.writeSync(fd, block, 0, Math.min(WRITE_BYTES, bytes - at));
  return fd;
}

export const limits: Peer = {
  name: "limits",
  slow: false,
  after: [],
  missing: () => null,

  async step(step: Step, round: Round): Promise<Reading[]> {
    const { root } = round.volume;
    settleDisk();
    // No file is so large; find must ask for each.
    const stat = run(["find", root, "-size", "+1024G"]);
    const start = run([process.execPath, "-e", "0"]);
    const readings = [
      reading("node -e 0", start, null),
      reading("stat of every file (find)", stat, null),
    ];
    if (step !== "level 0") return readings;
    const sizes = round.volume.sizes();
    const total = sizes.reduce((all, size) => all + size, 0);
    const read = run(["sh", "-c", `find "$0" -type f -print0 | xargs -0 cat > /dev/null`, root]);
    const file = path.join(round.folder, "written");
    let fd = -1;
    const written = tapeBytes(sizes);
    readings.push(
      reading("read every file (find | xargs cat)", read, total),
      timeHere("SHA-256 of as many texts", total, () => hashAll(sizes)),
      timeHere("write of the tape's bytes", written, () => {
        fd = writeAll(file, written);
      }),
      timeHere("fsync of them", written, () => fs.fsyncSync(fd)),
    );
    fs.closeSync(fd);
    fs.rmSync(file);
    return readings;
  },

  counts: async () => [],
};
