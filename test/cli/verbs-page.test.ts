// docs/cli/verbs.md is what the verbs say of themselves; `npm test -- verbs-page -u` writes it anew.
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { runReel } from "./memory-io.ts";

const PAGE = resolve(import.meta.dirname, "../../docs/cli/verbs.md");
const TAPE_VERBS = ["list", "show", "cat", "verify"];

async function helpOf(...words: string[]): Promise<string> {
  const { out } = await runReel([...words, "--help"], { width: 100 });
  return out;
}

/** The global options and the exit codes stand once, at the top. */
function shortened(help: string): string {
  return help
    .replace(/Options of all verbs:\n(?: .*\n)+\n?/, "")
    .replace(/\nExit codes:\n(?: .*\n)+/, "")
    .replace(/Options:\n {2}-h, --help .*\n\n?/, "")
    .trimEnd();
}

test("docs/cli/verbs.md is up to date", async () => {
  const root = await helpOf();
  const verbs = [...root.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, verb]) => verb as string);
  const pages = verbs.flatMap((verb) => [
    [verb],
    ...(verb === "tape" ? TAPE_VERBS.map((each) => [verb, each]) : []),
  ]);
  let page = `# The verbs\n\nMade from \`reel help\`; see [json.md](json.md), [revisions.md](revisions.md), [templates.md](templates.md) and\n[graph.md](graph.md) for what they share.\n\n\`\`\`\n${root.trimEnd()}\n\`\`\`\n`;
  for (const words of pages) {
    page += `\n## ${words.join(" ")}\n\n\`\`\`\n${shortened(await helpOf(...words))}\n\`\`\`\n`;
  }
  await expect(page).toMatchFileSnapshot(PAGE);
});
