// reel help: of a verb, or on a topic.
import type { Command } from "commander";
import { ReelError } from "../../core/errors.ts";
import type { Invocation } from "../invocation.ts";
import { act, type Host, listArgument, verb } from "../verb.ts";

export function helpCommand(host: Host): Command {
  const command = verb("help", {
    summary: "explain a verb or a topic",
    about:
      "Explains a verb, or one of the topics: revisions, templates, dates, paths, environment.",
    examples: [
      ["reel help dump", "the options of dump"],
      ["reel help revisions", "how to name revisions"],
    ],
  }).argument("[topic...]", "a verb or a topic");
  return act<object, readonly string[]>(
    host,
    command,
    (args) => listArgument(args[0]),
    (words, invocation) => runHelp(words, invocation, command),
  );
}

async function runHelp(
  words: readonly string[],
  invocation: Invocation,
  self: Command,
): Promise<undefined> {
  let at: Command | undefined = self.parent ?? self;
  for (const word of words) at = at?.commands.find((command) => command.name() === word);
  const { topicText, TOPICS } = await import("../render/help-topics.ts");
  const [first] = words;
  if (at !== undefined) {
    at.outputHelp();
    if (first === undefined) invocation.print(`\nTopics of 'reel help':\n  ${TOPICS.join(", ")}\n`);
    return undefined;
  }
  const topic = words.length === 1 && first !== undefined ? topicText(first) : null;
  if (topic === null) {
    throw new ReelError(
      "usage",
      { found: `no verb or topic '${words.join(" ")}'` },
      { remedy: "see 'reel help' for all of them" },
    );
  }
  invocation.print(topic);
  return undefined;
}
