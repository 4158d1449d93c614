// Reel: the whole dump as its user runs it, and of it the parts that its report tells apart.
import fs from "node:fs";
import path from "node:path";
import { Changelog } from "../../../src/catalog/changelog.ts";
import type { DumpReport } from "../../../src/job/requests.ts";
import { runReel } from "../../cli/memory-io.ts";
import { run, settle, treeSize } from "../measure.ts";
import type { Count, Peer, Reading, Round, Step } from "../peer.ts";

/** The bench is run from the project's folder. */
const REEL = path.resolve("bin/reel.js");
const STORE_FILES_MAX = 99;

function reel(round: Round, args: readonly string[]): ReturnType<typeof run> {
  return run([process.execPath, REEL, ...args], round.folder);
}

function storeOf(round: Round): string {
  return path.join(round.folder, ".reel/store");
}

/** How often a file list is read while a verb runs in this process. */
async function listsReadBy(argv: readonly string[], cwd: string): Promise<number> {
  const listBytes: Changelog["listBytes"] = Reflect.get(Changelog.prototype, "listBytes");
  let reads = 0;
  Changelog.prototype.listBytes = function (rev) {
    reads++;
    return listBytes.call(this, rev);
  };
  try {
    const { exit, err } = await runReel(argv, { cwd });
    if (exit !== 0) throw new Error(`reel ${argv.join(" ")}: ${err}`);
  } finally {
    Changelog.prototype.listBytes = listBytes;
  }
  return reads;
}

export const reelPeer: Peer = {
  name: "reel",
  slow: false,
  after: [],
  missing: () => (fs.existsSync(REEL) ? null : "bin/reel.js: run the bench by npm run bench"),

  async step(step: Step, round: Round): Promise<Reading[]> {
    const level = step === "level 0" ? "0" : "1";
    if (level === "0") reel(round, ["init"]);
    const tape = path.join(round.folder, `level-${level}.tap`);
    const storeBefore = treeSize(storeOf(round)).bytes;
    settle(round.options.patience);
    const args = ["dump", "-l", level, "-f", tape, "--json", round.volume.root];
    const { seconds, cpuSeconds, disturbed, output } = reel(round, args);
    const { phases } = JSON.parse(output) as Pick<DumpReport, "phases">;
    const sum = (names: readonly string[]): number =>
      phases.filter(({ name }) => names.includes(name)).reduce((all, p) => all + p.seconds, 0);
    const storeBytes = treeSize(storeOf(round)).bytes - storeBefore;
    const tapeBytes = fs.statSync(tape).size;
    fs.rmSync(tape);
    const part = (line: string, names: readonly string[], bytes: number | null): Reading => ({
      line,
      seconds: sum(names),
      cpuSeconds: null,
      bytes,
      disturbed,
    });
    const inPhases = phases.reduce((all, { seconds: each }) => all + each, 0);
    return [
      { line: "reel dump", seconds, cpuSeconds, bytes: tapeBytes, disturbed },
      part("  walk", ["walk"], null),
      part("  base and selection", ["prepare", "select"], null),
      part("  image", ["image"], tapeBytes),
      part("  tape made durable", ["sync"], null),
      part("  catalog", ["catalog", "commit", "cache"], storeBytes),
      {
        line: "  start and end",
        seconds: seconds - inPhases,
        cpuSeconds: null,
        bytes: null,
        disturbed,
      },
    ];
  },

  async counts(round: Round): Promise<Count[]> {
    const lists = await listsReadBy(["log"], round.folder);
    const graph = await listsReadBy(["glog"], round.folder);
    const size = treeSize(storeOf(round));
    return [
      { line: "file lists read by log", value: lists, max: 0 },
      { line: "file lists read by glog", value: graph, max: 0 },
      { line: "files of the store", value: size.files, max: STORE_FILES_MAX },
      { line: "bytes of the store", value: size.bytes, max: null },
      { line: "bytes of the store on disk", value: size.diskBytes, max: null },
    ];
  },
};
