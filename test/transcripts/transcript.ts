// Golden transcripts: a text file holds commands, the files they need, and what they print, and reads as
// documentation. They run in this process with a fixed clock, host and user (test/cli/memory-io.ts), each in
// its own empty folder, which is shown as `~`.
//
//   # a line of comment
//   + NAME            makes a file of the lines that follow, each after "| "
//   $ reel ARGS       runs a command; words are split at blanks, '...' and "..." hold them together
//   text              a line of standard output; "|" is an empty one
//   2> text           a line of standard error
//   [N]               the exit code, where it is not 0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runReel } from "../cli/memory-io.ts";

/** The transcript with what the commands print now in the place of what it shows. */
export async function replay(transcript: string, folder: string): Promise<string> {
  const out: string[] = [];
  const lines = transcript.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    if (line.startsWith("#") || line === "") out.push(line);
    else if (line.startsWith("+ ")) {
      out.push(line);
      let content = "";
      while (lines[at + 1]?.startsWith("| ") === true) {
        content += `${(lines[++at] as string).slice(2)}\n`;
        out.push(lines[at] as string);
      }
      writeFileSync(join(folder, line.slice(2)), content);
    } else if (line.startsWith("$ reel")) {
      out.push(line, ...(await printed(splitWords(line.slice("$ reel".length)), folder)));
    }
  }
  return out.join("\n");
}

async function printed(argv: readonly string[], folder: string): Promise<string[]> {
  const { exit, out, err } = await runReel(argv, { cwd: folder });
  const shown = (text: string) => text.replaceAll(folder, "~").split("\n").slice(0, -1);
  return [
    ...shown(out).map((line) => (line === "" ? "|" : line)),
    ...shown(err).map((line) => `2> ${line}`),
    ...(exit === 0 ? [] : [`[${exit}]`]),
  ];
}

function splitWords(text: string): string[] {
  return [...text.matchAll(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replaceAll(
      /'([^']*)'|"([^"]*)"/g,
      (_, single: string | undefined, double: string | undefined) => single ?? double ?? "",
    ),
  );
}
