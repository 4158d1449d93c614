// The chapter's simulator of a Fast File System, over the store's own choosers: bitmaps of inodes and data
// blocks, `dir PATH` and `file PATH BLOCKS`, and how far apart things ended up.
import { ReelError } from "../core/errors.ts";
import { chunkGroup, directoryGroup, fileGroup } from "./placement.ts";

export interface SimulationOptions {
  readonly groups: number;
  /** Inodes of a group. */
  readonly inodes: number;
  /** Data blocks of a group. */
  readonly dataBlocks: number;
  /** Blocks of a file in one group before it goes on in the next; 0: no limit. */
  readonly largeFile: number;
  /** Free blocks in a row wanted before one is taken. */
  readonly contiguous: number;
  /** Groups looked at together for a directory. */
  readonly faraway: number;
  /** Files are placed as directories are. */
  readonly spreadInodes: boolean;
  /** Data begins in the group with most free blocks. */
  readonly spreadData: boolean;
}

export const SIMULATION_DEFAULTS: SimulationOptions = {
  groups: 10,
  inodes: 10,
  dataBlocks: 30,
  largeFile: 0,
  contiguous: 1,
  faraway: 1,
  spreadInodes: false,
  spreadData: false,
};

/** Slots of all groups: the report lists each of them, and a million lines are more than anyone reads. */
const SLOTS_MAX = 1_000_000;

export interface SimulationCommand {
  readonly kind: "dir" | "file";
  readonly path: string;
  /** Data blocks; a directory has one. */
  readonly blocks: number;
}

export interface SimulationReport {
  readonly groups: readonly {
    readonly inodes: readonly (number | null)[];
    readonly data: readonly (number | null)[];
  }[];
  readonly filespan: Readonly<Record<string, number>>;
  readonly dirspan: Readonly<Record<string, number>>;
  readonly freeDataBlocks: number;
  readonly freeInodes: number;
  readonly inodes: Readonly<Record<string, number>>;
}

/** Commands, one a line; blank lines and lines that begin with # are passed over. Throws `usage`. */
export function parseSimulationCommands(text: string): SimulationCommand[] {
  const commands: SimulationCommand[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return;
    const match = /^(?:(dir)\s+(\/\S*)|(file)\s+(\/\S*)\s+(\d{1,9}))$/.exec(trimmed);
    if (match === null) {
      throw new ReelError("usage", {
        found: `line ${index + 1}: '${trimmed.slice(0, 80)}' is neither 'dir PATH' nor 'file PATH BLOCKS'`,
      });
    }
    const [, , directory, , file, blocks] = match;
    if (directory !== undefined) commands.push({ kind: "dir", path: directory, blocks: 1 });
    else commands.push({ kind: "file", path: file as string, blocks: Number(blocks) });
  });
  return commands;
}

interface Node {
  readonly kind: "dir" | "file";
  readonly inode: number;
  readonly parent: string;
  /** Smallest and largest address of the inode and its blocks. */
  readonly low: number;
  readonly high: number;
}

interface Block {
  readonly group: number;
  readonly index: number;
}

export class Simulation {
  private readonly options: SimulationOptions;
  private readonly inodeMaps: (number | null)[][];
  private readonly dataMaps: (number | null)[][];
  private readonly freeInodes: number[];
  private readonly freeData: number[];
  private readonly nodes = new Map<string, Node>();

  /** Throws `usage` for options out of range. */
  constructor(options: Partial<SimulationOptions> = {}) {
    this.options = { ...SIMULATION_DEFAULTS, ...options };
    const { groups, inodes, dataBlocks, largeFile, contiguous, faraway } = this.options;
    for (const [name, value, least] of [
      ["groups", groups, 1],
      ["inodes", inodes, 1],
      ["data-blocks", dataBlocks, 1],
      ["large-file", largeFile, 0],
      ["contiguous", contiguous, 1],
      ["faraway", faraway, 1],
    ] as const) {
      if (!Number.isInteger(value) || value < least || value > SLOTS_MAX) {
        throw new ReelError("usage", {
          found: `${name} ${value} is not from ${least} to ${SLOTS_MAX}`,
        });
      }
    }
    if (groups * (inodes + dataBlocks) > SLOTS_MAX) {
      throw new ReelError("usage", {
        found: `more than ${SLOTS_MAX} inodes and data blocks in all groups`,
      });
    }
    const maps = (slots: number) =>
      Array.from({ length: groups }, () => new Array<number | null>(slots).fill(null));
    this.inodeMaps = maps(inodes);
    this.dataMaps = maps(dataBlocks);
    this.freeInodes = new Array<number>(groups).fill(inodes);
    this.freeData = new Array<number>(groups).fill(dataBlocks);
    this.place("dir", "/", "", 0, 0, [{ group: 0, index: 0 }]);
  }

  /** False if the command does not fit (no room, no parent, a name twice); nothing is changed then. */
  run({ kind, path, blocks }: SimulationCommand): boolean {
    const slash = path.lastIndexOf("/");
    const parentPath = slash === 0 ? "/" : path.slice(0, slash);
    const parent = this.nodes.get(parentPath);
    if (parent?.kind !== "dir" || this.nodes.has(path) || slash === path.length - 1) return false;
    if (blocks > sum(this.freeData)) return false;
    const { inodes, faraway, spreadInodes, spreadData } = this.options;
    const group =
      kind === "dir" || spreadInodes
        ? directoryGroup(this.freeInodes, faraway)
        : fileGroup(this.freeInodes, Math.floor(parent.inode / inodes));
    const slot = this.inodeMaps[group]?.indexOf(null) ?? -1;
    if (slot < 0) return false;
    const start = spreadData ? Math.max(0, directoryGroup(this.freeData)) : group;
    this.place(kind, path, parentPath, group, slot, this.chooseBlocks(start, blocks));
    return true;
  }

  report(): SimulationReport {
    const spans = new Map<string, { low: number; high: number }>();
    const filespan: Record<string, number> = {};
    const inodes: Record<string, number> = {};
    for (const [path, node] of this.nodes) {
      inodes[path] = node.inode;
      if (node.kind === "dir") spans.set(path, { low: node.low, high: node.high });
      else filespan[path] = node.high - node.low;
    }
    for (const node of this.nodes.values()) {
      const span = spans.get(node.parent);
      if (node.kind === "dir" || span === undefined) continue;
      span.low = Math.min(span.low, node.low);
      span.high = Math.max(span.high, node.high);
    }
    return {
      groups: this.inodeMaps.map((map, group) => ({
        inodes: [...map],
        data: [...(this.dataMaps[group] ?? [])],
      })),
      filespan,
      dirspan: Object.fromEntries([...spans].map(([path, { low, high }]) => [path, high - low])),
      freeDataBlocks: sum(this.freeData),
      freeInodes: sum(this.freeInodes),
      inodes,
    };
  }

  /** As many free blocks as are asked for; there are enough. None is marked. */
  private chooseBlocks(start: number, blocks: number): Block[] {
    const { groups, dataBlocks, largeFile, contiguous } = this.options;
    const chosen: Block[] = [];
    const taken = new Set<number>();
    const isFree = (group: number, index: number) =>
      this.dataMaps[group]?.[index] === null && !taken.has(group * dataBlocks + index);
    for (let chunk = 0; chosen.length < blocks; chunk++) {
      const group = chunkGroup(start, chunk, groups);
      const run = chunk < groups ? contiguous : 1;
      let inGroup = 0;
      for (let index = 0; index < dataBlocks && chosen.length < blocks; index++) {
        if (largeFile > 0 && inGroup === largeFile) break;
        const wanted = Math.min(run, blocks - chosen.length);
        let free = 0;
        while (free < wanted && isFree(group, index + free)) free++;
        if (free < wanted) continue;
        chosen.push({ group, index });
        taken.add(group * dataBlocks + index);
        inGroup++;
      }
    }
    return chosen;
  }

  private place(
    kind: "dir" | "file",
    path: string,
    parent: string,
    group: number,
    slot: number,
    blocks: readonly Block[],
  ): void {
    const { inodes, dataBlocks } = this.options;
    const groupAddresses = inodes + dataBlocks;
    const inode = group * inodes + slot;
    (this.inodeMaps[group] as (number | null)[])[slot] = inode;
    this.freeInodes[group] = (this.freeInodes[group] as number) - 1;
    let low = group * groupAddresses + slot;
    let high = low;
    for (const block of blocks) {
      (this.dataMaps[block.group] as (number | null)[])[block.index] = inode;
      this.freeData[block.group] = (this.freeData[block.group] as number) - 1;
      const address = block.group * groupAddresses + inodes + block.index;
      low = Math.min(low, address);
      high = Math.max(high, address);
    }
    this.nodes.set(path, { kind, inode, parent, low, high });
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}

/** Runs the lines of a command file on an empty file system; commands that do not fit change nothing. */
export function runSimulation(
  options: Partial<SimulationOptions>,
  commands: readonly string[],
): SimulationReport {
  const simulation = new Simulation(options);
  for (const command of parseSimulationCommands(commands.join("\n"))) simulation.run(command);
  return simulation.report();
}
