import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  parseSimulationCommands,
  runSimulation,
  Simulation,
  type SimulationOptions,
  type SimulationReport,
} from "../../src/store/simulation.ts";

interface Case {
  readonly options: Partial<SimulationOptions>;
  readonly commands: readonly string[];
  readonly expected: SimulationReport;
}

const cases = JSON.parse(
  readFileSync(new URL("../../fixtures/ffs/placement.json", import.meta.url), "utf8"),
) as Record<"chapter" | "random", Case[]>;

describe.each(["chapter", "random"] as const)("the simulator's %s cases", (set) => {
  test.each(cases[set].map((one, i) => [i, JSON.stringify(one.options), one] as const))(
    "%i %s",
    (_, __, { options, commands, expected }) => {
      expect(runSimulation(options, commands)).toEqual(expected);
    },
  );
});

describe("what does not fit changes nothing", () => {
  test.each([
    ["no parent", "file /nowhere/a 1"],
    ["a file as parent", "dir /f/d"],
    ["a name twice", "file /f 2"],
    ["the root again", "dir /"],
    ["too many blocks", "file /big 1000"],
  ])("%s", (_, command) => {
    const simulation = new Simulation();
    simulation.run({ kind: "file", path: "/f", blocks: 3 });
    const before = simulation.report();
    const [parsed] = parseSimulationCommands(command);
    expect(parsed && simulation.run(parsed)).toBe(false);
    expect(simulation.report()).toEqual(before);
  });

  test("no free inode", () => {
    const report = runSimulation({ groups: 1, inodes: 2 }, ["file /a 1", "file /b 1", "dir /c"]);
    expect(report.inodes).toEqual({ "/": 0, "/a": 1 });
  });
});

test("a file takes no more of a group than the large-file exception allows until every group has had its turn", () => {
  const { groups } = runSimulation({ groups: 4, dataBlocks: 20, largeFile: 3 }, ["file /a 14"]);
  expect(groups.map(({ data }) => data.filter((inode) => inode === 1).length)).toEqual([
    5, 3, 3, 3,
  ]);
});

describe("command files", () => {
  test("blank lines and comments are passed over", () => {
    expect(parseSimulationCommands("# a comment\n\ndir /a\r\nfile /a/b 12\n")).toEqual([
      { kind: "dir", path: "/a", blocks: 1 },
      { kind: "file", path: "/a/b", blocks: 12 },
    ]);
  });

  test.each([
    "link /a /b",
    "dir",
    "dir a",
    "file /a",
    "file /a -1",
    "file /a 1 2",
    "file /a 12345678901",
  ])("%s is refused with its line", (line) => {
    expect(() => parseSimulationCommands(`dir /x\n${line}`)).toThrow(/line 2/);
  });
});

test.each([
  { groups: 0 },
  { inodes: 1.5 },
  { largeFile: -1 },
  { faraway: 0 },
  { contiguous: 0 },
  { groups: 1000, inodes: 1000, dataBlocks: 1000 },
])("options %o are refused", (options) => {
  expect(() => new Simulation(options)).toThrow(
    expect.objectContaining({ code: "usage" }) as Error,
  );
});
