// Dumps in processes of their own, as the command line runs them: bundled, with the reading thread beside.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { buildSync } from "esbuild";

const ROOT = path.join(import.meta.dirname, "../..");

/** Bundles the child into `directory`, and gives its path. */
export function bundleDumpChild(directory: string): string {
  // koffi is no part of a bundle: it loads native code that lies beside it.
  fs.symlinkSync(path.join(ROOT, "node_modules"), path.join(directory, "node_modules"));
  fs.writeFileSync(path.join(directory, "package.json"), '{"type":"module"}');
  buildSync({
    entryPoints: {
      "dump-child": path.join(import.meta.dirname, "dump-child.ts"),
      "content-worker": path.join(ROOT, "src/volume/content-worker.ts"),
    },
    outdir: directory,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
    external: ["koffi"],
    banner: {
      js: 'import{createRequire as requireOf}from"node:module";const require=requireOf(import.meta.url);',
    },
  });
  return path.join(directory, "dump-child.js");
}

export interface DumpRun {
  readonly code: number | null;
  readonly signal: string | null;
  /** From the child's first word to its end. */
  readonly ms: number;
  /** Node of the changeset, if it was reported. */
  readonly committed: string | null;
  readonly failed: string | null;
  readonly notices: readonly string[];
}

/**
 * Runs a dump; with `killMs` it is killed so long after its first word, unless it is done by then. `heard` is
 * told what the child says, as it says it.
 */
export async function runDumpChild(
  child: string,
  args: readonly string[],
  killMs: number | null = null,
  heard: (text: string) => void = () => {},
): Promise<DumpRun> {
  const running = spawn(process.execPath, [child, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  let begun = 0;
  running.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (said === "") {
      begun = performance.now();
      if (killMs !== null) setTimeout(() => running.kill("SIGKILL"), killMs);
    }
    said += text;
    heard(text);
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    running.on("close", (...how) => resolve(how));
  });
  if (said === "") throw new Error(`the dump did not begin: exit code ${code}`);
  const word = (of: string): string[] =>
    said
      .split("\n")
      .flatMap((line) => (line.startsWith(`${of} `) ? [line.slice(of.length + 1)] : []));
  return {
    code,
    signal,
    ms: performance.now() - begun,
    committed: word("committed")[0] ?? null,
    failed: word("failed")[0] ?? null,
    notices: word("notice"),
  };
}
