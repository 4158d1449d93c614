// The command line's entry point.
import { readFileSync } from "node:fs";
import { processIo } from "./io.ts";
import { bytesToText } from "./render/text.ts";
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
  return await program(argv.some((word) => word.includes(DAMAGED)) ? rawArguments(argv) : argv, io);
}

/** What Node puts in the place of bytes that are not UTF-8. */
const DAMAGED = "\ufffd";

/**
 * The arguments as they were typed: a path of any bytes, as `files -0 | xargs -0` gives it. Bytes that are
 * not UTF-8 become lone surrogates (render/text.ts). Where /proc does not tell, they stay as Node has them.
 */
function rawArguments(argv: readonly string[]): readonly string[] {
  try {
    const raw = readFileSync("/proc/self/cmdline", "latin1").split("\0").slice(0, -1);
    return raw.length < argv.length ? argv : raw.slice(raw.length - argv.length).map(bytesToText);
  } catch {
    return argv;
  }
}
