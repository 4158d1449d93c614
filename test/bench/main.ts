// The bench: every peer in turn on the same volume, round after round, and a table of medians and ratios.
// `npm run bench -- --help` says its options; docs/performance.md holds its figures and what they mean.
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BenchOptions, parseOptions, USAGE } from "./options.ts";
import { type Comparison, type Count, type Peer, type Round, type Step, STEPS } from "./peer.ts";
import { hgPeer } from "./peers/hg.ts";
import { limits } from "./peers/limits.ts";
import { reelPeer } from "./peers/reel.ts";
import { tar } from "./peers/tar.ts";
import { countTable, ratioTable, type Series, stepTable } from "./report.ts";
import { Volume } from "./volume.ts";

/** In the order in which they run. */
const PEERS: readonly Peer[] = [limits, tar, reelPeer, hgPeer];

const COMPARISONS: readonly Comparison[] = [
  ratio("level 0", "reel dump", "tar", "seconds", 1.5),
  ratio("level 0", "reel dump", "tar", "cpuSeconds", null),
  ratio("level 0", "reel dump", "tar", "bytes", null),
  ratio("level 0", "  catalog", "tar", "seconds", null),
  ratio("level 0", "  catalog", "reel dump", "seconds", 0.2),
  ratio("level 0", "  catalog", "hg commit of the records", "seconds", null),
  ratio("level 0", "  catalog", "hg commit of the records", "bytes", null),
  ratio("incremental", "reel dump", "tar", "seconds", null),
  ratio("incremental", "reel dump", "tar", "bytes", null),
  ratio("incremental", "  catalog", "reel dump", "seconds", null),
  ratio("incremental", "  catalog", "hg commit of the records", "seconds", null),
  ratio("incremental", "  catalog", "hg commit of the records", "bytes", null),
];

function ratio(
  step: Step,
  line: string,
  beside: string,
  of: Comparison["of"],
  target: number | null,
): Comparison {
  return { step, line, beside, of, target };
}

/** An inode changed within 2 seconds before a dump's start is taken again by the next one. */
const QUIET_MS = 3000;

export async function bench(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    await print(USAGE);
    return 0;
  }
  const options = parseOptions(args);
  if (typeof options === "string") {
    console.error(`bench: ${options}\n${USAGE}`);
    return 2;
  }
  const peers = chosenPeers(options);
  const lacking = peers.flatMap((peer) => peer.missing() ?? []);
  if (lacking.length > 0) {
    console.error(`bench: missing ${lacking.join(", ")}`);
    return 1;
  }
  const scratch = options.scratch ?? fs.mkdtempSync(path.join(os.tmpdir(), "reel-bench-"));
  fs.mkdirSync(scratch, { recursive: true });
  try {
    return await runRounds(options, peers, scratch);
  } finally {
    if (!options.keep) {
      for (const name of ["volume", ...peers.map((peer) => peer.name)])
        fs.rmSync(path.join(scratch, name), { recursive: true, force: true });
      if (options.scratch === null) fs.rmSync(scratch, { recursive: true, force: true });
    }
  }
}

/** Those that were asked for, and those that they need. */
function chosenPeers({ peers }: BenchOptions): Peer[] {
  const wanted = new Set(peers.length === 0 ? PEERS.map((peer) => peer.name) : peers);
  for (const peer of PEERS.toReversed())
    if (wanted.has(peer.name)) for (const name of peer.after) wanted.add(name);
  return PEERS.filter((peer) => wanted.has(peer.name));
}

async function runRounds(
  options: BenchOptions,
  peers: readonly Peer[],
  scratch: string,
): Promise<number> {
  say(`making ${options.files} files in ${options.directories} directories`);
  const volume = new Volume(path.join(scratch, "volume"), options);
  const all: Series[] = [];
  const counts: Count[] = [];
  for (let number = 0; number < options.rounds; number++) {
    const running = peers.filter((peer) => !peer.slow || number < options.slowRounds);
    const rounds = running.map((peer) => roundOf(peer, volume, options, scratch));
    for (const step of STEPS) {
      if (step === "incremental") {
        await sleep(QUIET_MS);
        const { written, created, removed } = volume.churn();
        say(`changed ${written} files, ${created} new, ${removed} removed`);
      } else await sleep(QUIET_MS);
      for (const [i, peer] of running.entries()) {
        say(`round ${number + 1} of ${options.rounds}, ${step}: ${peer.name}`);
        const readings = await peer.step(step, rounds[i] as Round);
        for (const reading of readings) {
          const known = all.find((each) => each.step === step && each.line === reading.line);
          if (known !== undefined) known.readings.push(reading);
          else all.push({ step, line: reading.line, readings: [reading] });
        }
      }
    }
    for (const [i, peer] of running.entries()) {
      const found = await peer.counts(rounds[i] as Round);
      if (number === 0) counts.push(...found);
    }
  }
  const [cpu] = os.cpus();
  await print(
    [
      `${options.files} files of ${options.bytesMin} to ${options.bytesMax} bytes in ${options.directories} directories, ` +
        `${options.churn * 100} % changed for the incremental, seed ${options.seed}.`,
      `${os.availableParallelism()} cores (${cpu?.model ?? "unknown"}), node ${process.version}, load ${os.loadavg()[0]?.toFixed(1)} at the end.`,
      ...STEPS.map((step) => stepTable(all, step)),
      ratioTable(all, COMPARISONS),
      countTable(counts),
      "",
    ].join("\n\n"),
  );
  return counts.some(({ value, max }) => max !== null && value > max) ? 1 : 0;
}

/** A round of a peer in a fresh folder. */
function roundOf(peer: Peer, volume: Volume, options: BenchOptions, scratch: string): Round {
  const folderOf = (name: string): string => path.join(scratch, name);
  const folder = folderOf(peer.name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  return { volume, options, folder, folderOf };
}

function say(line: string): void {
  console.error(`bench: ${line}`);
}

async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
