// reel debuglayout --simulate: what the placement policy does with a case.
import type { Command } from "commander";
import { ReelError } from "../../core/errors.ts";
import type { SimulateRequest } from "../../job/debug-requests.ts";
import type { Invocation } from "../invocation.ts";
import { act, type Host, verb, wholeNumber, type Run } from "../verb.ts";

/** The commands are still in their file. */
export interface LayoutCommandLine extends Omit<SimulateRequest, "commands"> {
  readonly file: string;
}

interface LayoutOptions {
  readonly simulate?: string;
  readonly groups: number;
  readonly inodes: number;
  readonly dataBlocks: number;
  readonly largeFile: number;
  readonly contiguous: number;
  readonly faraway: number;
  readonly spreadInodes?: boolean;
  readonly spreadData?: boolean;
}

export function debuglayoutCommand(host: Host, run: Run<LayoutCommandLine> = runLayout): Command {
  const command = verb("debuglayout", {
    summary: "simulate the placement policy of the store",
    about: `Runs commands, a line each ('dir PATH', 'file PATH BLOCKS'), through the placement policy of the store, and prints
where everything lies: the group and slot of every inode, the blocks of every file, and the distances.`,
    examples: [
      [
        "reel debuglayout --simulate case.txt --groups 8 --data-blocks 10 --json",
        "a case of eight small groups",
      ],
    ],
  })
    .option("--simulate <file>", "the commands; '-' for standard input")
    .option("--groups <n>", "number of groups", wholeNumber, 10)
    .option("--inodes <n>", "inodes in a group", wholeNumber, 10)
    .option("--data-blocks <n>", "data blocks in a group", wholeNumber, 30)
    .option(
      "--large-file <n>",
      "blocks after which a file goes on in the next group; 0 for never",
      wholeNumber,
      0,
    )
    .option("--contiguous <n>", "free blocks that must lie together", wholeNumber, 1)
    .option("--faraway <n>", "groups looked at together for a new directory", wholeNumber, 1)
    .option("--spread-inodes", "place files as directories are placed")
    .option("--spread-data", "place data in the emptiest group");
  return act<LayoutOptions, LayoutCommandLine>(host, command, (_, options) => parse(options), run);
}

function parse(options: LayoutOptions): LayoutCommandLine {
  if (options.simulate === undefined) {
    throw new ReelError(
      "usage",
      { found: "no case given" },
      { remedy: "give --simulate FILE with commands, a line each" },
    );
  }
  const { groups, inodes, dataBlocks, largeFile, contiguous, faraway } = options;
  return {
    file: options.simulate,
    groups,
    inodes,
    dataBlocks,
    largeFile,
    contiguous,
    faraway,
    spreadInodes: options.spreadInodes === true,
    spreadData: options.spreadData === true,
  };
}

async function runLayout(line: LayoutCommandLine, invocation: Invocation): Promise<undefined> {
  const { file, ...options } = line;
  const commands = invocation.io
    .readText(file)
    .split("\n")
    .map((command) => command.trim())
    .filter((command) => command !== "" && !command.startsWith("#"));
  const job = await import("../../job/simulate-job.ts");
  const report = job.runSimulate({ ...options, commands });
  const { jsonLine } = await import("../render/json.ts");
  const { renderLayout } = await import("../render/layout.ts");
  invocation.print(invocation.settings.json ? `${jsonLine(report)}\n` : renderLayout(report));
  return undefined;
}
