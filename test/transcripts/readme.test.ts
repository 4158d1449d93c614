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

  // Outputs that are equal but for ids and times keep the README's own.
  const shown = canonical(
    blocks.flatMap((block) => block.commands.map((command) => command.output)),
  );
  const printed = canonical(ran.flat().map((command) => command.output));
  let at = 0;
  const merged = blocks.map((block, b) =>
    block.commands.map((command, c) => {
      const same = shown[at] === printed[at];
      at += 1;
      return same ? command : (ran[b]?.[c] as Command);
    }),
  );
  await expect(replaceBlocks(text, blocks, merged)).toMatchFileSnapshot(README);
});
