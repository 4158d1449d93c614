// What tests of power cuts share: which unsynced operations come to the disk, and who is alive.
import type { ProcessTable } from "../../src/store/process-table.ts";
import type { Survival } from "./simulated-disk.ts";

/** A machine on which only this process lives; another one's boot is another. */
export function processes(pid: number): ProcessTable {
  return {
    host: "here",
    boot: `boot ${pid}`,
    pid,
    startOf: (other) => (other === pid ? "1" : undefined),
  };
}

function random(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (state ^ (state << 13)) >>> 0;
    state = (state ^ (state >>> 17)) >>> 0;
    state = (state ^ (state << 5)) >>> 0;
    return state / 0x1_0000_0000;
  };
}

/** What is tried at every cut: the extremes, then mixtures. */
export function survivals(seed: number, mixtures: number): [string, Survival][] {
  const all = { name: () => true, data: () => true, sector: () => true };
  const found: [string, Survival][] = [
    ["nothing unsynced survives", { name: () => false, data: () => false, sector: () => false }],
    ["everything survives", all],
    ["names without data", { ...all, data: () => false }],
    ["data without names", { ...all, name: () => false }],
    [
      "first sectors torn off",
      { ...all, data: () => "torn", sector: (_, sector) => sector % 2 === 1 },
    ],
    [
      "last sectors torn off",
      { ...all, data: () => "torn", sector: (_, sector) => sector % 2 === 0 },
    ],
  ];
  for (let i = 0; i < mixtures; i++) {
    const next = random(seed * 1000 + i + 1);
    const kept = next();
    found.push([
      `mixture ${i}`,
      {
        name: () => next() < kept,
        data: () => (next() < 0.4 ? "torn" : next() < kept),
        sector: () => next() < 0.5,
      },
    ]);
  }
  return found;
}
