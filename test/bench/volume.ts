// A volume made from its parameters and a seed, and the changes of it from one dump to the next. The same
// parameters give the same names, sizes and contents; times and inode numbers are the file system's.
import fs from "node:fs";
import path from "node:path";
import type { BenchOptions } from "./options.ts";

/** So many directories in a directory: 4,000 are four levels deep. */
const FAN_OUT = 16;
/** Contents are pieces of one block of noise: as incompressible as it, and cheap to make. */
const NOISE_BYTES = 1 << 20;

/** 32-bit numbers by mulberry32: a few operations each, and good enough for sizes and choices. */
function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

export interface Churned {
  readonly written: number;
  readonly created: number;
  readonly removed: number;
}

export class Volume {
  readonly root: string;
  private readonly options: BenchOptions;
  private readonly random: () => number;
  private readonly noise: Buffer;
  private readonly directories: string[] = [];
  /** Names by directory, in the order they were made. */
  private readonly names: string[][] = [];
  private made = 0;

  /** Makes the volume at `root`, which must not be there. */
  constructor(root: string, options: BenchOptions) {
    this.root = root;
    this.options = options;
    this.random = randomNumbers(options.seed);
    const noise = new Uint32Array(NOISE_BYTES / 4);
    for (let i = 0; i < noise.length; i++) noise[i] = this.random();
    this.noise = Buffer.from(noise.buffer);
    fs.mkdirSync(root);
    for (let i = 0; i < options.directories; i++) {
      const parent = i === 0 ? root : (this.directories[Math.floor((i - 1) / FAN_OUT)] as string);
      const directory = i === 0 ? root : path.join(parent, `folder-${i}`);
      if (i > 0) fs.mkdirSync(directory);
      this.directories.push(directory);
      this.names.push([]);
    }
    for (let i = 0; i < options.files; i++) {
      this.create(Math.floor((i * options.directories) / options.files));
    }
  }

  private create(directory: number): void {
    const name = `file-${this.made++}.dat`;
    (this.names[directory] as string[]).push(name);
    this.write(path.join(this.directories[directory] as string, name));
  }

  private write(file: string): void {
    const { bytesMin, bytesMax } = this.options;
    const length = bytesMin + (this.random() % (bytesMax - bytesMin + 1));
    const from = this.random() % (NOISE_BYTES - length);
    fs.writeFileSync(file, this.noise.subarray(from, from + length));
  }

  /** Sizes of all files, for what is measured without them. */
  sizes(): number[] {
    return this.names.flatMap((names, at) =>
      names.map((name) => fs.statSync(path.join(this.directories[at] as string, name)).size),
    );
  }

  /** Changes the share of the files that the options say: of ten, eight written anew, one new, one gone. */
  churn(): Churned {
    const { churn, cluster, files } = this.options;
    const done = { written: 0, created: 0, removed: 0 };
    let left = Math.round(files * churn);
    while (left > 0) {
      const at = this.random() % this.directories.length;
      const names = this.names[at] as string[];
      const here = Math.min(left, Math.ceil(names.length * cluster));
      if (here === 0) continue;
      for (let i = 0; i < here; i++) {
        const kind = left-- % 10;
        if (kind === 0) {
          this.create(at);
          done.created++;
        } else if (kind === 1 && names.length > 1) {
          const [name] = names.splice(this.random() % names.length, 1);
          fs.unlinkSync(path.join(this.directories[at] as string, name as string));
          done.removed++;
        } else {
          const name = names[this.random() % names.length] as string;
          this.write(path.join(this.directories[at] as string, name));
          done.written++;
        }
      }
    }
    return done;
  }
}
