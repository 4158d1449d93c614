// Listings compared with the real hg on the fixture repositories, byte for byte.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EVERYTHING, walkGraph } from "../../src/catalog/graph.ts";
import { graphSymbol, viewChangeset } from "../../src/cli/render/changeset-view.ts";
import { GraphPen } from "../../src/cli/render/graph.ts";
import type { Verbosity } from "../../src/cli/render/log.ts";
import { logStyle } from "../../src/cli/render/log-style.ts";
import { plainPaint } from "../../src/cli/render/paint.ts";
import type { TemplateEnvironment } from "../../src/cli/render/template.ts";
import type { KeywordContext } from "../../src/cli/render/template-keywords.ts";
import { type Rev, toRev } from "../../src/core/ids.ts";
import { changelogFromHg, type HgChangelog } from "../changelog-from-hg.ts";
import { HgServer } from "../hg-server.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/hg");
const REPOSITORIES = {
  poem: { bundle: "poem/poem-hg20-none.hg", current: 5 },
  tree: { bundle: "tree/tree-none.hg", current: 11 },
  tricky: { bundle: "tricky/tricky-flat-hg20-none.hg", current: 11 },
} as const;
type Name = keyof typeof REPOSITORIES;
const NAMES = Object.keys(REPOSITORIES) as Name[];

const hg = new HgServer();
let folder = "";
const histories = new Map<Name, HgChangelog>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "reel-log-"));
  for (const name of NAMES) {
    const tree = name === "tree" ? ["--config", "experimental.treemanifest=1"] : [];
    await hg.text("init", ...tree, join(folder, name));
    await hg.text(
      "unbundle",
      "-q",
      "-R",
      join(folder, name),
      join(FIXTURES, REPOSITORIES[name].bundle),
    );
    await hg.text("phase", "-p", "-R", join(folder, name), "-r", "all()");
    histories.set(name, await changelogFromHg(hg, join(folder, name)));
  }
}, 60_000);
afterAll(() => {
  hg.close();
  rmSync(folder, { recursive: true, force: true });
});

function contextOf(
  name: Name,
  rev: Rev,
  verbosity: Verbosity,
  index: number,
  graphWidth = 0,
): KeywordContext {
  const { reader, changes, manifestRev } = histories.get(name) as HgChangelog;
  const view = viewChangeset(reader, rev, {
    current: toRev(REPOSITORIES[name].current),
    changes,
    manifestRev,
  });
  return { view, debug: verbosity === "debug", verbosity, graphWidth, terminalWidth: 80, index };
}

function environmentOf(name: Name): TemplateEnvironment {
  return {
    paint: plainPaint,
    now: 1_800_000_000,
    zoneOf: () => 0,
    revset: null,
    shortest: null,
    viewOf: (rev) => contextOf(name, toRev(rev), "normal", 0).view,
  };
}

function revsOf(name: Name): Rev[] {
  const { reader } = histories.get(name) as HgChangelog;
  return Array.from({ length: reader.count }, (_, i) => toRev(reader.count - 1 - i));
}

function listed(name: Name, template: string | null, verbosity: Verbosity): string {
  const style = logStyle(template, verbosity);
  const entries = revsOf(name).map((rev, i) =>
    style.entry(contextOf(name, rev, verbosity, i), environmentOf(name)),
  );
  return style.begin + entries.join(style.between) + style.end;
}

const FLAGS: Readonly<Record<Verbosity, readonly string[]>> = {
  quiet: ["-q"],
  normal: [],
  verbose: ["-v"],
  debug: ["--debug"],
};

describe.each(NAMES)("log of %s", (name) => {
  test.each(Object.keys(FLAGS) as Verbosity[])("%s", async (verbosity) => {
    const wanted = await hg.run("log", "-R", join(folder, name), ...FLAGS[verbosity]);
    expect(listed(name, null, verbosity)).toBe(wanted.output.toString("latin1"));
  });

  test.each([
    ["compact", "normal"],
    ["json", "quiet"],
    ["json", "normal"],
    ["json", "verbose"],
    ["json", "debug"],
  ] as const)("-T %s, %s", async (template, verbosity) => {
    const wanted = await hg.run(
      "log",
      "-R",
      join(folder, name),
      "-T",
      template,
      ...FLAGS[verbosity],
    );
    // hg writes a byte that is not UTF-8 as the three raw bytes of a surrogate: not UTF-8 either. Reel escapes it.
    const escaped = wanted.output
      .toString("latin1")
      .replaceAll(/\xed([\xb2\xb3])([\x80-\xbf])/g, (_, b: string, c: string) => {
        const code = 0xd000 + ((b.charCodeAt(0) & 0x3f) << 6) + (c.charCodeAt(0) & 0x3f);
        return `\\u${code.toString(16)}`;
      });
    expect(listed(name, template, verbosity)).toBe(escaped);
  });
});

const TEMPLATES = [
  "{rev}:{node|short} {desc|firstline}\\n",
  "{rev} {p1rev} {p2rev} {p1node|short} {p2.node}\\n{parents}|{parents % '{rev}:{node|short} {author|user};'}\\n",
  "{author|person}|{author|user}|{author|email}|{user|emailuser}|{author|domain}\\n",
  "{date}|{date|date}|{date|isodate}|{date|isodatesec}|{date|hgdate}|{date|rfc822date}|{date|rfc3339date}|{date|shortdate}\\n",
  '{date(date, "%Y %j %a %A %b %B %p %I %y %%")} {date|age}\\n',
  "{desc}|{desc|strip|upper}|{desc|lower|json}\\n",
  "{files}|{files % '{file}, '}|{join(files, \";\")}|{files|count}\\n",
  "{file_adds % 'A {file_add}\\n'}{file_mods % 'M {file_mod}\\n'}{file_dels % 'R {file_del}\\n'}",
  '{branch} {branches} {tags}{if(tags, \' tagged\')}{ifeq(branch, "default", " main", " {branch}")}\\n',
  '{extras}\\n{extras % "{key} is {value}\\n"}{get(extras, "branch")} {extras.close}\\n',
  '{pad(rev, 5)}|{pad(rev, 5, "-", "True")}|{pad(desc, 8, truncate=True)}|{separate("/", rev, tags, branch)}\\n',
  '{sub("[aeiou]", "<\\\\g<0>>", branch)}{startswith("t", tags)}{strip("  x ")}{word(1, desc)}{word(-1, desc, "e")}\\n',
  "{rev + 2 * 3 - 1} {rev / 2} {mod(rev, 3)} {-rev}\\n",
  '{ifcontains("o", desc, "has o", "none")} {ifcontains(rev, parents, "self")}\\n',
  "{if(parents, \"{join(parents, '+')}\", 'plain')} {p1} {p2}\\n",
  "{node|json} {rev|json} {tags|json} {date|json} {desc|json} {extras|json}\\n",
  "{indent(desc, '> ', '* ')}\\n{desc|tabindent}\\n{desc|stringescape}\\n{desc|urlescape}|{author|escape}\\n",
  "{desc|fill68}|{fill(desc, 12, '- ', '  ')}\\n",
  "{files % '{file|basename} {file|dirname} {file|stripdir};'}\\n",
  "{index}{verbosity}{manifest}{manifest.node|short} {phase} {bookmarks}{unknownkeyword}\\n",
  "{label('log.changeset', rev)}{r'raw\\n'}{'quoted\\n'}\\x41\\\\{'\\{'}\\t.\\n",
  "{min(files)}{max(parents % '{rev}')}\\n{reverse(files)}\\n{desc|splitlines % '[{line}]'}\\n",
  "{ifeq(rev, 7, \"\", \"{localdate(date, 'UTC')|isodate} {localdate(date, '+0530')|isodate}\")}\\n",
  "{graphnode} {graphwidth} {nonempty(tags)} {author|obsolete_is_not_a_filter}",
] as const;

describe.each(NAMES)("templates on %s", (name) => {
  test.each(TEMPLATES)("%s", async (template) => {
    const wanted = await hg.run("log", "-R", join(folder, name), "-T", template);
    if (wanted.code !== 0) {
      expect(() => listed(name, template, "normal")).toThrow();
      return;
    }
    expect(listed(name, template, "normal")).toBe(wanted.output.toString("latin1"));
  });
});

describe("log -G of the fixtures", () => {
  test.each(["poem", "tree"] as const)("%s", (name) => {
    const { reader } = histories.get(name) as HgChangelog;
    const style = logStyle(null, "normal");
    const pen = new GraphPen();
    let out = "";
    for (const node of walkGraph(reader, revsOf(name), EVERYTHING)) {
      const context = contextOf(name, node.rev, "normal", 0);
      const text = style.entry(context, environmentOf(name)).replace(/\n$/, "").split("\n");
      out += `${pen.draw(node, graphSymbol(context.view), text).join("\n")}\n`;
    }
    expect(out).toBe(readFileSync(join(FIXTURES, name, "log-G.txt"), "utf8"));
  });
});
