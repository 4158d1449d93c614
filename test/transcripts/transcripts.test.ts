// Runs every transcript of this folder; `npm test -- transcripts -u` writes them anew.
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replay } from "./transcript.ts";

const TRANSCRIPTS = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".txt"));

test.each(TRANSCRIPTS)("%s", async (name) => {
  const file = join(import.meta.dirname, name);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "reel-transcript-")));
  try {
    await expect(await replay(readFileSync(file, "utf8"), folder)).toMatchFileSnapshot(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
