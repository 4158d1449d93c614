import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EVERYTHING, type GraphNode, selectionOf, walkGraph } from "../../src/catalog/graph.ts";
import {
  type GraphStyle,
  GraphPen,
  GRAPH_STYLE,
  PLAIN_GRAPH_STYLE,
} from "../../src/cli/render/graph.ts";
import { type Rev, toRev } from "../../src/core/ids.ts";
import { HgServer } from "../hg-server.ts";
import { randomDag, seeded } from "../random-dag.ts";

const GRAPHS = 40;
/** Lines of text beside each node; 1 and 2 let hg slope through the node's line, more make it pad. */
const TEMPLATES = ["{rev}\n", "{rev}\n{rev}\n", "{rev}\na\nb\n", "{rev}\na\nb\nc\n\n"] as const;

const plain = new HgServer({ plain: true });
const styled = new HgServer();
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reel-graph-"));
});
afterAll(() => {
  plain.close();
  styled.close();
  rmSync(folder, { recursive: true, force: true });
});

function drawn(nodes: Iterable<GraphNode>, template: string, style: GraphStyle): string {
  const pen = new GraphPen(style);
  let out = "";
  for (const node of nodes) {
    const text = template.replaceAll("{rev}", String(node.rev)).split("\n").slice(0, -1);
    out += `${pen.draw(node, "o", text).join("\n")}\n`;
  }
  return out;
}

async function parentsIn(repository: string): Promise<{ p1: number[]; p2: number[] }> {
  const listing = await plain.text("log", "-R", repository, "-r", "0:", "-T", "{p1rev} {p2rev}\n");
  const rows = listing
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
  return { p1: rows.map((r) => r[0] ?? -1), p2: rows.map((r) => r[1] ?? -1) };
}

describe("the drawn graph equals hg's", () => {
  test.each(Array.from({ length: GRAPHS }, (_, seed) => [seed]))(
    "random graph %i",
    async (seed) => {
      const random = seeded(seed);
      const repository = join(folder, `g${seed}`);
      await plain.text("init", repository);
      await plain.text(
        "debugbuilddag",
        "-R",
        repository,
        randomDag(random, 12 + Math.floor(random() * 40)),
      );
      const { p1, p2 } = await parentsIn(repository);
      const reader = {
        count: p1.length,
        p1: (r: Rev) => toRev(p1[r] ?? -1),
        p2: (r: Rev) => toRev(p2[r] ?? -1),
      };
      const all = p1.map((_, i) => toRev(i)).reverse();

      for (const template of TEMPLATES) {
        const wanted = await styled.text("log", "-R", repository, "-G", "-T", template);
        expect(drawn(walkGraph(reader, all, EVERYTHING), template, GRAPH_STYLE)).toBe(
          wanted.replaceAll("@", "o"),
        );
      }
      for (const part of [0.15, 0.35, 0.6, 0.85]) {
        const some = all.filter(() => random() < part);
        if (some.length === 0) continue;
        const revset = some.join("+");
        for (const template of TEMPLATES) {
          const nodes = [...walkGraph(reader, some, selectionOf(some))];
          expect(drawn(nodes, template, GRAPH_STYLE)).toBe(
            await styled.text("log", "-R", repository, "-G", "-r", revset, "-T", template),
          );
          expect(drawn(nodes, template, PLAIN_GRAPH_STYLE)).toBe(
            await plain.text("log", "-R", repository, "-G", "-r", revset, "-T", template),
          );
        }
      }
    },
  );
});

test("the width beside a node is hg's {graphwidth}", async () => {
  const random = seeded(99);
  const repository = join(folder, "width");
  await plain.text("init", repository);
  await plain.text("debugbuilddag", "-R", repository, randomDag(random, 60));
  const { p1, p2 } = await parentsIn(repository);
  const reader = {
    count: p1.length,
    p1: (r: Rev) => toRev(p1[r] ?? -1),
    p2: (r: Rev) => toRev(p2[r] ?? -1),
  };
  const all = p1.map((_, i) => toRev(i)).reverse();
  const pen = new GraphPen();
  let out = "";
  for (const node of walkGraph(reader, all, EVERYTHING)) {
    const text = [String(pen.widthAt(node))];
    out += `${pen.draw(node, "o", text).join("\n")}\n`;
  }
  expect(out).toBe(await styled.text("log", "-R", repository, "-G", "-T", "{graphwidth}\n"));
});

test("many short chains, each a head and a root, draw in one or two columns", () => {
  const chains = 5000;
  const reader = {
    count: chains * 2,
    p1: (rev: Rev) => toRev(rev % 2 === 1 ? rev - 1 : -1),
    p2: () => toRev(-1),
  };
  function* down(): Generator<Rev> {
    for (let rev = chains * 2 - 1; rev >= 0; rev--) yield toRev(rev);
  }
  const pen = new GraphPen();
  let widest = 0;
  for (const node of walkGraph(reader, down(), EVERYTHING)) {
    for (const line of pen.draw(node, "o", [""])) widest = Math.max(widest, line.length);
  }
  expect(widest).toBe(1);
});
