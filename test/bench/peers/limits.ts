// What the machine itself takes for parts of the work: nobody who does all of them can be faster.
import { hash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { run, settle, type Timed, timeHere } from "../measure.ts";
import type { Peer, Reading, Round, Step } from "../peer.ts";

const WRITE_BYTES = 1 << 20;

function reading(line: string, timed: Timed, bytes: number | null): Reading {
  const { seconds, cpuSeconds, disturbed } = timed;
  return { line, seconds, cpuSeconds, bytes, disturbed };
}

function hashAll(sizes: readonly number[]): void {
  const bytes = Buffer.alloc(Math.max(...sizes), 0x5a);
  for (const size of sizes) hash("sha256", bytes.subarray(0, size), "hex");
}

/** Bytes as a dump puts them on tape: a header of 1 KiB and whole blocks for each file. */
function tapeBytes(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all + 1024 + Math.ceil(size / 1024) * 1024, 0);
}

function writeAll(file: string, bytes: number, durable = false): void {
  const block = Buffer.alloc(WRITE_BYTES, 0x5a);
  const fd = fs.openSync(file, "w");
  for (let at = 0; at < bytes; at += WRITE_BYTES)
    fs.writeSync(fd, block, 0, Math.min(WRITE_BYTES, bytes - at));
  if (durable) fs.fsyncSync(fd);
  fs.closeSync(fd);
}

export const limits: Peer = {
  name: "limits",
  slow: false,
  after: [],
  missing: () => null,

  async step(step: Step, round: Round): Promise<Reading[]> {
    const { root } = round.volume;
    const measured = (line: string, bytes: number | null, work: () => Timed): Reading => {
      settle(round.options.patience);
      return reading(line, work(), bytes);
    };
    const readings = [
      measured("node -e 0", null, () => run([process.execPath, "-e", "0"])),
      // No file is so large; find must ask for each.
      measured("stat of every file (find)", null, () => run(["find", root, "-size", "+1024G"])),
    ];
    if (step !== "level 0") return readings;
    const sizes = round.volume.sizes();
    const total = sizes.reduce((all, size) => all + size, 0);
    const written = tapeBytes(sizes);
    const file = path.join(round.folder, "written");
    const readAll = `find "$0" -type f -print0 | xargs -0 cat > /dev/null`;
    readings.push(
      measured("read every file (find | xargs cat)", total, () => run(["sh", "-c", readAll, root])),
      measured("SHA-256 of as many texts", total, () => timeHere(() => hashAll(sizes))),
      measured("write of the tape's bytes", written, () => timeHere(() => writeAll(file, written))),
    );
    fs.rmSync(file);
    readings.push(
      measured("the same, and made durable", written, () =>
        timeHere(() => writeAll(file, written, true)),
      ),
    );
    fs.rmSync(file);
    return readings;
  },

  counts: async () => [],
};
