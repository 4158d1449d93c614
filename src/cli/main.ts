// The command line's entry point.

/** Runs one command and gives the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  process.stdout.write(`reel ${argv.join(" ")}\n`);
  return 0;
}
