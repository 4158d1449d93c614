// The real restore(8) as a judge. It exits 0 after most damage: its messages are read too.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const TROUBLE =
  /not found on tape|expected next file|Incorrect block|Missing blocks|resync restore|Checksum error|abort\?|Unknown EA index|EA size too big|cannot |Warning:|bad entry|partial block read|Mangled/;

/**
 * Restores a stream in `directory` with `restore -rf`. Throws with what it said if anything went wrong;
 * lines that match `expected` may be said.
 */
export function restoreStream(stream: string, directory: string, expected?: RegExp): void {
  const scratch = mkdtempSync(join(tmpdir(), "reel-restore-"));
  try {
    const run = spawnSync("restore", ["-rf", stream], {
      cwd: directory,
      env: { ...process.env, TMPDIR: scratch },
      encoding: "latin1",
      maxBuffer: 1 << 26,
    });
    const trouble = run.stderr
      .split("\n")
      .filter((line) => TROUBLE.test(line) && !expected?.test(line));
    if (run.status !== 0 || trouble.length > 0)
      throw new Error(`restore: status ${run.status}\n${run.stderr.slice(0, 4000)}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** `restore -tf`: the names on the stream, as restore lists them. */
export function listStream(stream: string): string[] {
  const run = spawnSync("restore", ["-tf", stream], { encoding: "latin1", maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(`restore -t: status ${run.status}\n${run.stderr}`);
  return run.stdout.split("\n").flatMap((line) => {
    const match = /^ *\d+\t\.?(.*)$/.exec(line);
    return match ? [match[1] as string] : [];
  });
}
