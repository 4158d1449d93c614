// The reading and comparing of sessions in documents, on a document made here and commands of the shell.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { canonical, openSession, parseBlocks, replaceBlocks } from "./console-blocks.ts";

const DOCUMENT = `# Title

\`\`\`console
$ echo one
one
$ printf 'a\\n' |
> cat
a
\`\`\`

\`\`\`sh
$ not run
\`\`\`

\`\`\`console
$ false
[1]
\`\`\`
`;

test("blocks hold commands and what they printed", () => {
  const blocks = parseBlocks(DOCUMENT);
  expect(blocks.map((block) => block.commands)).toEqual([
    [
      { text: "echo one", output: "one\n" },
      { text: "printf 'a\\n' |\ncat", output: "a\n" },
    ],
    [{ text: "false", output: "[1]\n" }],
  ]);
  expect(
    replaceBlocks(
      DOCUMENT,
      blocks,
      blocks.map((block) => block.commands),
    ),
  ).toBe(DOCUMENT);
  const emptied = blocks.map((block) => block.commands.map(({ text }) => ({ text, output: "" })));
  expect(replaceBlocks(DOCUMENT, blocks, emptied)).toBe(
    DOCUMENT.replace("\none\n", "\n").replace("\na\n", "\n").replace("[1]\n", ""),
  );
});

test("a session keeps its folder, and shows failures", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reel-session-"));
  onTestFinished(() => fs.rmSync(folder, { recursive: true }));
  const session = openSession(folder, "/home/ann");
  expect(session.run("mkdir x && cd x")).toBe("");
  expect(session.run("pwd")).toBe("/home/ann/x\n");
  expect(session.run("echo gone >&2; sh -c 'exit 3'")).toBe("gone\n[3]\n");
  expect(session.run("printf open")).toBe("open\n");
});

test("ids are compared by who is who, times not at all", () => {
  const a = "33596ef855c1";
  const b = "3d65e7a57890";
  expect(canonical([`${a} ${b}`, `${a} 1.2 s`])).toEqual(canonical([`${b} ${a}`, `${b} 3 ms`]));
  expect(canonical([`${a} ${b}`, a])).not.toEqual(canonical([`${a} ${b}`, b]));
  expect(canonical([`${a}${"0".repeat(28)} ${a}`])).toEqual(["<id 1> <id 1>"]);
});
