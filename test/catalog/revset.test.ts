// Revsets compared with the real hg: the same expression on the same history gives the same revisions in
// the same order, or an error in both.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evaluateRevset, resolveRevision, RevisionNames } from "../../src/catalog/revset.ts";
import { utf8ToByteString } from "../../src/core/bytes.ts";
import type { DateContext } from "../../src/core/dates.ts";
import { ReelError } from "../../src/core/errors.ts";
import { changelogFromHg, type HgChangelog } from "../changelog-from-hg.ts";
import { HgServer } from "../hg-server.ts";
import { randomDag, seeded } from "../random-dag.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/hg");
const DATES: DateContext = { now: Date.now() / 1000, zoneOf: () => 0 };

const hg = new HgServer();
let folder = "";
const histories = new Map<string, HgChangelog>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "reel-revset-"));
  const bundles = {
    poem: "poem/poem-hg20-none.hg",
    tree: "tree/tree-none.hg",
    tricky: "tricky/tricky-flat-hg20-none.hg",
  };
  for (const [name, bundle] of Object.entries(bundles)) {
    const tree = name === "tree" ? ["--config", "experimental.treemanifest=1"] : [];
    await hg.text("init", ...tree, join(folder, name));
    await hg.text("unbundle", "-q", "-R", join(folder, name), join(FIXTURES, bundle));
    await hg.text("phase", "-p", "-R", join(folder, name), "-r", "all()");
    histories.set(name, await changelogFromHg(hg, join(folder, name)));
  }
});
afterAll(() => {
  hg.close();
  rmSync(folder, { recursive: true, force: true });
});

function ours(name: string, expression: string): string {
  const { reader } = histories.get(name) as HgChangelog;
  try {
    return evaluateRevset(reader, utf8ToByteString(expression), DATES).join(" ");
  } catch (error) {
    if (error instanceof ReelError && /^(revset|date)\./.test(error.code)) return "error";
    throw error;
  }
}

async function theirs(name: string, expression: string): Promise<string> {
  const answer = await hg.run("log", "--cwd", join(folder, name), "-r", expression, "-T", "{rev} ");
  if (answer.code !== 0) return "error";
  return answer.output
    .toString()
    .trim()
    .split(" ")
    .filter((rev) => rev !== "-1")
    .join(" ");
}

const ANY_HISTORY = [
  "all()",
  "none()",
  "tip",
  "null",
  "null::3",
  "null:2",
  "0",
  "5",
  "-1",
  "-2",
  "-6",
  "99",
  "-99",
  "007",
  "1e",
  "0:3",
  "3:0",
  "2:",
  ":2",
  ":",
  "5:2",
  "tip:0",
  "::3",
  "3::",
  "1::5",
  "1..5",
  "..4",
  "2..",
  "::",
  "0::0",
  "5::1",
  "4^",
  "5^",
  "5^0",
  "5^1",
  "5^2",
  "5^3",
  "5^^",
  "5^^2",
  "0^",
  "5~2",
  "5~0",
  "5~9",
  "2~-1",
  "4~-1",
  "1~-1",
  "(2+3)^",
  "(5:0)^",
  "tip^^~1",
  "1 or 3",
  "3 or 1 or 3",
  "3+1+2",
  "3|1",
  "1:4 and 3:9",
  "4:1 and 1:9",
  "4:1 & all()",
  "all() & 4:1",
  "1:5 - 3",
  "5:1 - 3",
  "not 3",
  "! 3",
  "not 1:3 and 4",
  "2:4 and not 3",
  "- 3",
  "5 % 3",
  "5 % 4",
  "5%",
  "3 %",
  "heads(all())",
  "heads(5:0)",
  "roots(all())",
  "roots(2:5)",
  "roots(5:3+1)",
  "ancestors(4)",
  "ancestors(5, 1)",
  "ancestors(5, 0)",
  "ancestors(5, depth=2)",
  "descendants(1)",
  "descendants(1, 1)",
  "descendants(0, 2)",
  "ancestors(5,-1)",
  "children(1)",
  "children(0:2)",
  "parents(5)",
  "parents(5:3)",
  "parents(0)",
  "p1(5)",
  "p2(5)",
  "p1(all())",
  "p2(all())",
  "merge()",
  "not merge()",
  "branchpoint()",
  "only(5)",
  "only(3)",
  "only(5, 3)",
  "only(5:4, 2)",
  "ancestor(3,4)",
  "ancestor(5)",
  "ancestor()",
  "commonancestors(3+4)",
  "limit(all(), 2)",
  "limit(5:0, 2)",
  "limit(all(), 2, 1)",
  "limit(all(), 0)",
  "limit(all(),-1)",
  "first(all())",
  "first(all(), 3)",
  "last(all())",
  "last(all(), 2)",
  "last(5:0, 2)",
  "limit(all(), n=2)",
  "limit(set=5:0, n=1)",
  "reverse(all())",
  "reverse(2:4)",
  "sort(all(), -rev)",
  "sort(all(), '-rev')",
  "sort(5:0)",
  "sort(all(), date)",
  "sort(all(), '-date')",
  "sort(all(), 'user -rev')",
  "sort(all(), desc)",
  "sort(all(), 'branch -date')",
  "sort(all(), nonsense)",
  "max(all())",
  "min(2:4)",
  "max(none())",
  "present(99)",
  "present(3)",
  "present('no such') or 2",
  "rev(3)",
  "rev(99)",
  "rev(-1)",
  "id('')",
  "id(zz)",
  "id(7)",
  "unknownfunction(3)",
  "heads()",
  "1 and",
  "and 1",
  "(1",
  "1)",
  "1 2",
  "''",
  "'tip'",
  '"0":"2"',
  "'unterminated",
  "1:2:3",
  "x99",
  "a_b",
  "foo-bar",
  "1 - - 1",
  "closed()",
  "not closed()",
  "head()",
  "tag()",
  "tagged()",
  "tag('tip')",
  "tag(nosuch)",
  "branch(default)",
  "branch('re:.*')",
  "branch(nosuch)",
  "branch(1)",
  "branch('literal:nosuch')",
  "keyword(the)",
  "keyword('LINE')",
  "desc(re)",
  "desc('re:^[A-M]')",
  "user(alice)",
  "author('JIM')",
  "user('re:^[AB]')",
  "grep('r.e')",
  "grep('(')",
  "extra(branch)",
  "extra('branch', 'default')",
  "extra(close)",
  "extra(close, 1)",
  "extra('branch', 're:^re')",
  "extra(nothing)",
  "date('2010')",
  "date('2008-04')",
  "date('2008-04-24')",
  "date('>2010-03-05')",
  "date('<2008-04-24 17:00')",
  "date('2008-04-23 to 2008-04-24')",
  "date('2010-03-05 12:04 +0000')",
  "date('Mar 5 2010')",
  "date('1267790644 0')",
  "date('-1')",
  "date('-30000')",
  "date('rubbish')",
  "date('2010-02-30')",
  "date('')",
  "date('>')",
  "date('10:30')",
  "public()",
  "draft()",
  "reverse(sort(0:3, 'rev'))",
  "4:1 and reverse(all())",
  "reverse(all()) and 1:4",
  "heads(::4 or ::3)",
  "::4 and merge() or 2",
  "children(parents(3))",
  "0 ## 1",
  "'ti' ## p",
  "reverse(1 + 3 + 2)",
  "1+(3:2)+0",
  "first(reverse(::4), 2)",
  "max(branch(1))",
  "(0:5) - (1:3) - 4",
] as const;

const OF_FIXTURE: Readonly<Record<string, readonly string[]>> = {
  poem: [
    "33",
    "3",
    "3d6",
    "3d65e7a57890",
    "x3d65",
    "X3d65",
    "792AB",
    "792ab970fc80b54f18d2dd0b03d375870c8a4d39",
    "0000000000000000000000000000000000000000",
    "000",
    "ff9766",
    "id(792ab)",
    "id('792ab970fc80b54f18d2dd0b03d375870c8a4d39')",
    "default",
    "file('*.txt')",
    "file(poem.txt)",
    "file('re:p.*e')",
    "file('path:pome.txt')",
    "file('**/x')",
  ],
  tree: [
    "v1.0",
    "v1.0::",
    "v1.0:tip",
    "retention/weekly",
    "branch('retention/weekly')",
    "'retention/weekly'",
    "branch(v1.0)",
    "tag('v1.0')",
    "tag('re:v')",
    "heads(branch(default))",
    "file('etc/*')",
    "file('etc/**')",
    "file('path:home')",
    "file('**.txt')",
    "file('home/{alice,bob}/*')",
    "file('**/[ab].txt')",
    "file('usr/share')",
    "head() and not closed()",
    "extra(close) and branch('retention/weekly')",
    "roots(branch('retention/weekly'))",
    "7:retention/weekly",
  ],
  tricky: [
    "feature één",
    "'feature één'",
    "branch('feature één')",
    "heads(branch('feature één'))",
    "extra('d-colon', 'k:v:w')",
    "extra('f-empty', '')",
    "user('ü')",
    "user('Ü')",
    "desc('GRÜSSE')",
    "file('café.txt')",
    "file('a%2Fb')",
    "file('*')",
  ],
};

describe.each(["poem", "tree", "tricky"])("%s", (name) => {
  test.each([...ANY_HISTORY, ...(OF_FIXTURE[name] as readonly string[])])(
    "%s",
    async (expression) => {
      expect(ours(name, expression)).toBe(await theirs(name, expression));
    },
  );
});

test("random expressions on random histories", async () => {
  for (let seed = 0; seed < 8; seed++) {
    const random = seeded(1000 + seed);
    const name = `random${seed}`;
    await hg.text("init", join(folder, name));
    await hg.text("debugbuilddag", "-R", join(folder, name), randomDag(random, 30));
    const history = await changelogFromHg(hg, join(folder, name));
    histories.set(name, history);
    for (let i = 0; i < 25; i++) {
      const expression = randomExpression(random, history.reader.count, 3);
      expect(`${expression} = ${ours(name, expression)}`).toBe(
        `${expression} = ${await theirs(name, expression)}`,
      );
    }
  }
});

function randomExpression(random: () => number, count: number, depth: number): string {
  const rev = () => String(Math.floor(random() * count));
  const inner = () => randomExpression(random, count, depth - 1);
  if (depth === 0) return rev();
  const forms = [
    () => `${rev()}:${rev()}`,
    () => `${rev()}::${rev()}`,
    () => `::${rev()}`,
    () => `${rev()}::`,
    () => `(${inner()}) and (${inner()})`,
    () => `(${inner()}) or (${inner()})`,
    () => `(${inner()}) - (${inner()})`,
    () => `not (${inner()})`,
    () => `heads(${inner()})`,
    () => `roots(${inner()})`,
    () => `parents(${inner()})`,
    () => `children(${inner()})`,
    () => `ancestors(${inner()})`,
    () => `descendants(${inner()})`,
    () => `only(${inner()}, ${inner()})`,
    () => `only(${inner()})`,
    () => `reverse(${inner()})`,
    () => `last(${inner()}, 3)`,
    () => `limit(${inner()}, 4, 1)`,
    () => `(${inner()})^`,
    () => `(${inner()})^2`,
    () => `((${inner()})~2 - null)`,
    () => `(${inner()})::(${inner()})`,
    () => `commonancestors(${inner()})`,
  ];
  return (forms[Math.floor(random() * forms.length)] as () => string)();
}

describe("names", () => {
  test("branches and their tips are hg's", async () => {
    for (const name of ["poem", "tree", "tricky"]) {
      const { reader } = histories.get(name) as HgChangelog;
      const tips = [...new RevisionNames(reader).branchTips().values()].toSorted(
        (a, b) => b.rev - a.rev,
      );
      const listing = await hg.run(
        "branches",
        "-c",
        "-R",
        join(folder, name),
        "-T",
        "{branch} {rev}{if(closed, ' closed')}\n",
      );
      expect(
        tips.map((tip) => `${tip.branch} ${tip.rev}${tip.closed ? " closed" : ""}`).toSorted(),
      ).toEqual(listing.output.toString("latin1").trimEnd().split("\n").toSorted());
    }
  });

  test("the current revision is the newest open head", () => {
    const current = (name: string) =>
      new RevisionNames((histories.get(name) as HgChangelog).reader).current;
    expect([current("poem"), current("tree")]).toEqual([5, 11]);
  });

  test("a branch that begins with a slash needs no quotes", () => {
    const { reader } = histories.get("poem") as HgChangelog;
    const branched = {
      ...reader,
      head: (rev: Parameters<typeof reader.head>[0]) => ({
        ...reader.head(rev),
        extras: new Map(rev >= 3 ? [["branch", "/vol/vol1-a"]] : []),
      }),
    };
    expect(evaluateRevset(branched, "/vol/vol1-a", DATES)).toEqual([5]);
    expect(evaluateRevset(branched, "branch(/vol/vol1-a) - 4", DATES)).toEqual([3, 5]);
    expect(resolveRevision(branched, "default", DATES)).toBe(2);
  });
});

describe("errors", () => {
  const attempt = (expression: string) => {
    try {
      resolveRevision((histories.get("tree") as HgChangelog).reader, expression, DATES);
    } catch (error) {
      if (error instanceof ReelError)
        return { code: error.code, message: error.message, at: error.data["at"] };
    }
    return null;
  };

  test.each([
    ["nosuch", "revset.unknown", undefined],
    ["3", "nothing", undefined],
    ["9", "nothing", undefined],
    ["x2", "revset.ambiguous", undefined],
    ["heads(", "revset.parse", 6],
    ["1 and and 2", "revset.parse", 6],
    ["head(1", "revset.parse", 6],
    ["heds(all())", "revset.parse", 0],
    ["1 + 'open", "revset.parse", 4],
    ["none()", "revset.empty", undefined],
    ["date('rubbish')", "date.bad", undefined],
  ])("%s gives %s", (expression, code, at) => {
    const found = attempt(expression);
    expect(found?.code ?? "nothing").toBe(code);
    expect(found?.at).toBe(at);
  });

  test("a wrong name gets a suggestion", () => {
    expect(attempt("heds(all())")?.message).toContain("did you mean head or heads?");
  });
});
