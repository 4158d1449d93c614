// The bench's command line: sizes are parameters, and a run is repeated exactly by its seed.

export interface BenchOptions {
  readonly files: number;
  readonly directories: number;
  readonly bytesMin: number;
  readonly bytesMax: number;
  /** Share of the files that change between two dumps. */
  readonly churn: number;
  /** Share of the files of a directory that change in it, where any do: changes come in clusters. */
  readonly cluster: number;
  readonly seed: number;
  readonly rounds: number;
  /** Rounds of peers that take minutes. */
  readonly slowRounds: number;
  /** How long to wait for a quiet machine before a measurement, in seconds. */
  readonly patience: number;
  /** Names of peers; empty for all. */
  readonly peers: readonly string[];
  /** Where volumes, tapes and catalogs are made; null for a new folder below the system's temporary one. */
  readonly scratch: string | null;
  /** Leave what was made. */
  readonly keep: boolean;
}

export const OPTIONS_DEFAULT: BenchOptions = {
  files: 100_000,
  directories: 4000,
  bytesMin: 2048,
  bytesMax: 6144,
  churn: 0.01,
  cluster: 0.5,
  seed: 1,
  rounds: 5,
  slowRounds: 1,
  patience: 60,
  peers: [],
  scratch: null,
  keep: false,
};

export const USAGE = `usage: npm run bench -- [option]...
  --files N --directories N --bytes-min N --bytes-max N   the volume (100,000, 4,000, 2,048, 6,144)
  --churn SHARE --cluster SHARE                           what changes between dumps (0.01, 0.5)
  --seed N                                                (1)
  --rounds N --slow-rounds N                              (5; 1 for peers that take minutes)
  --patience SECONDS                                      to wait for a quiet machine, each time (60)
  --peers NAME[,NAME]                                     limits, tar, reel, hg (all)
  --scratch DIR --keep                                    where, and whether it stays
`;

type Field = Exclude<keyof BenchOptions, "peers" | "scratch" | "keep">;

const NUMBERS: Readonly<Record<string, Field>> = {
  "--files": "files",
  "--directories": "directories",
  "--bytes-min": "bytesMin",
  "--bytes-max": "bytesMax",
  "--churn": "churn",
  "--cluster": "cluster",
  "--seed": "seed",
  "--rounds": "rounds",
  "--slow-rounds": "slowRounds",
  "--patience": "patience",
};

/** The options, or what is wrong with them. */
export function parseOptions(args: readonly string[]): BenchOptions | string {
  const options = { ...OPTIONS_DEFAULT };
  for (let i = 0; i < args.length; i++) {
    const name = args[i] as string;
    if (name === "--keep") {
      options.keep = true;
      continue;
    }
    const value = args[++i];
    if (value === undefined) return `${name}: no value, or not an option`;
    const field = NUMBERS[name];
    if (field !== undefined) {
      options[field] = Number(value.replaceAll(/[,_]/g, ""));
      if (!(options[field] >= 0)) return `${name}: ${value} is no number`;
    } else if (name === "--peers") options.peers = value.split(",");
    else if (name === "--scratch") options.scratch = value;
    else return `${name}: unknown option`;
  }
  return options;
}
