// Sessions in documents: the ```console blocks of a Markdown text hold commands after "$ " ("> " goes on with
// one) and, below each, what it printed. The blocks of one document run in order, in one folder.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

export interface Command {
  /** As a shell takes it; may have several lines. */
  readonly text: string;
  /** What it printed, standard output and error together, and "[N]" as last line if it exited with N. */
  readonly output: string;
}

export interface Block {
  /** Where its lines stand in the document: the first line inside the fence, and the fence that closes it. */
  readonly first: number;
  readonly end: number;
  readonly commands: readonly Command[];
}

export function parseBlocks(markdown: string): Block[] {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (lines[at] !== "```console") continue;
    const first = at + 1;
    while (at < lines.length && lines[at + 1] !== "```") at++;
    blocks.push({ first, end: at + 1, commands: parseCommands(lines.slice(first, at + 1)) });
  }
  return blocks;
}

function parseCommands(lines: readonly string[]): Command[] {
  const commands: { text: string; output: string }[] = [];
  for (const line of lines) {
    const last = commands.at(-1);
    if (line.startsWith("$ ")) commands.push({ text: line.slice(2), output: "" });
    else if (last === undefined)
      throw new Error(`a console block begins with a command, not with: ${line}`);
    else if (line.startsWith("> ") && last.output === "") last.text += `\n${line.slice(2)}`;
    else last.output += `${line}\n`;
  }
  return commands;
}

function printCommand(command: Command): string[] {
  const [first = "", ...rest] = command.text.split("\n");
  const output = command.output === "" ? [] : command.output.replace(/\n$/, "").split("\n");
  return [`$ ${first}`, ...rest.map((line) => `> ${line}`), ...output];
}

/** The document with these commands and outputs in place of those that its blocks hold. */
export function replaceBlocks(
  markdown: string,
  blocks: readonly Block[],
  commands: readonly (readonly Command[])[],
): string {
  const lines = markdown.split("\n");
  for (let at = blocks.length - 1; at >= 0; at--) {
    const { first, end } = blocks[at] as Block;
    lines.splice(first, end - first, ...(commands[at] ?? []).flatMap(printCommand));
  }
  return lines.join("\n");
}

/**
 * What cannot be the same twice, named by the order in which it appears: nodeids (they hold inode numbers and
 * change times of real files) and times taken. Two outputs are equal if these forms are.
 */
export function canonical(outputs: readonly string[]): string[] {
  const names = new Map<string, string>();
  const nameOf = (id: string): string => {
    const short = id.slice(0, 12);
    const name = names.get(short) ?? `<id ${names.size + 1}>`;
    names.set(short, name);
    return name;
  };
  return outputs.map((output) =>
    output
      .replaceAll(/\b(?:[0-9a-f]{40}|[0-9a-f]{12})\b/g, nameOf)
      .replaceAll(/\b\d+(?:\.\d+)? (?:ms|s)\b/g, "<time>")
      // A catalog's bytes depend on what compresses: host names, times, digests.
      .replaceAll(/\d+(?:\.\d+)? (?:bytes|KiB): nothing wrong/g, "<size>: nothing wrong"),
  );
}

export interface Session {
  /** Runs one command where the last one left off and gives what it printed. */
  run(text: string): string;
}

/** A shell in `folder`, with `reel` on its path. The folder is shown as `shownAs`. */
export function openSession(folder: string, shownAs: string): Session {
  const home = fs.realpathSync(folder);
  const programs = path.join(home, ".programs");
  const reel = path.resolve(import.meta.dirname, "../../bin/reel.js");
  fs.mkdirSync(programs);
  fs.writeFileSync(
    path.join(programs, "reel"),
    `#!/bin/sh\nexec "${process.execPath}" "${reel}" "$@"\n`,
    { mode: 0o755 },
  );
  const cwdFile = path.join(programs, "cwd");
  fs.writeFileSync(cwdFile, home);
  const env = {
    PATH: `${programs}:${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
    HOME: home,
    TZ: "UTC",
    LC_ALL: "C.UTF-8",
    NO_COLOR: "1",
    REEL_USER: "ann",
  };
  return {
    run(text) {
      const script = `exec 2>&1\n${text}\nstatus=$?\npwd > "${cwdFile}"\nexit $status`;
      const cwd = fs.readFileSync(cwdFile, "utf8").trimEnd();
      const done = spawnSync("/bin/sh", ["-c", script], { cwd, env, encoding: "utf8" });
      const printed = `${done.stdout}${done.stderr}`.replaceAll(home, shownAs);
      const ended = printed === "" || printed.endsWith("\n") ? printed : `${printed}\n`;
      return done.status === 0 ? ended : `${ended}[${done.status ?? done.signal}]\n`;
    },
  };
}
