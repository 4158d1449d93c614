// The README shows what Reel prints: its sessions are run and compared. `npm test -- readme -u` writes the
// README anew from a real run; read the difference before it is committed.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  type Command,
  canonical,
  openSession,
  parseBlocks,
  replaceBlocks,
} from "./console-blocks.ts";

const README = path.resolve(import.meta.dirname, "../../README.md");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reel-readme-"));

afterAll(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

test("the sessions of the README print what it shows", async () => {
  const text = fs.readFileSync(README, "utf8");
  const blocks = parseBlocks(text);
  const session = openSession(folder, "/home/ann");
  const ran = blocks.map((block) =>
    block.commands.map(
      (command): Command => ({ text: command.text, output: session.run(command.text) }),
    ),
  );

  // A run that is equal but for ids and times keeps the README's own; else all of it is shown anew.
  const outputs = (commands: readonly (readonly Command[])[]): string[] =>
    canonical(commands.flat().map((command) => command.output));
  const written = blocks.map((block) => block.commands);
  const same = outputs(written).join("\0") === outputs(ran).join("\0");
  await expect(replaceBlocks(text, blocks, same ? written : ran)).toMatchFileSnapshot(README);
});
