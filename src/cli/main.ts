// The command line's entry point.
import { processIo } from "./io.ts";
import { VERSION } from "./version.ts";

/** Runs one command and gives the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const io = processIo();
  // Asked for in every second script, and answered without the tree of commands.
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    io.out.write(`reel ${VERSION}\n`);
    await io.close();
    return 0;
  }
  const { program } = await import("./program.ts");
  return await program(argv, io);
}
