// Style as a test: what the compiler and the linter cannot say of the tree.
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { errorsPage } from "../.ci/errors-page.ts";
import { ERRORS } from "../src/core/errors.ts";

const ROOT = path.resolve(import.meta.dirname, "..");

/** Who may import whom; `core` is free to all. A folder that is named deeper goes first. */
const LAYERS: readonly { readonly folder: string; readonly may: readonly string[] }[] = [
  { folder: "core", may: [] },
  { folder: "store", may: [] },
  { folder: "tape", may: [] },
  { folder: "volume", may: [] },
  { folder: "dump/format", may: [] },
  { folder: "catalog", may: ["store"] },
  { folder: "dump", may: ["dump/format", "tape", "volume"] },
  { folder: "restore", may: ["dump/format", "tape"] },
  { folder: "exchange", may: ["store", "catalog"] },
  {
    folder: "job",
    may: ["store", "catalog", "tape", "volume", "dump", "dump/format", "restore", "exchange"],
  },
  { folder: "cli", may: ["job"] },
];

/** Folders that may take types, and nothing that runs, from any layer below them. */
const TAKES_TYPES = ["cli", "index.ts"];

/** The library: what src/index.ts may run. */
const LIBRARY = ["core", "job"];

/** Where the process's streams, environment, arguments, folder, signals and exit may be touched. */
const OWNS_PROCESS = /^src\/cli\/(io|main)\.ts$|-worker\.ts$/;

/** Facts of the machine, which anyone may read. */
const PROCESS_FACTS = new Set([
  "pid",
  "platform",
  "arch",
  "hrtime",
  "getuid",
  "geteuid",
  "getgid",
  "versions",
]);

/** What a file outside the edge needs of the process all the same. */
const PROCESS_EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // Whether the owner of a lock is alive: signal 0 only asks.
  "src/store/process-table.ts": ["kill"],
  "src/tape/tape-lock.ts": ["kill"],
  // Directories that only lead to what was asked for get the mode that mkdir gives.
  "src/restore/finish.ts": ["umask"],
};

const LINES_MAX = 500;

const SKIPPED_FOLDERS = new Set(["node_modules", "dist", "coverage", ".git", "fixtures"]);

function filesBelow(folder: string): string[] {
  const found: string[] = [];
  for (const entry of fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true })) {
    const name = path.posix.join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) found.push(...filesBelow(name));
    if (entry.isFile()) found.push(name);
  }
  return found.toSorted();
}

const texts = new Map<string, string>();

function read(file: string): string {
  let text = texts.get(file);
  if (text === undefined) texts.set(file, (text = fs.readFileSync(path.join(ROOT, file), "utf8")));
  return text;
}

const ALL = filesBelow(".");
const SOURCES = ALL.filter((file) => file.startsWith("src/") && file.endsWith(".ts"));
const TESTS = ALL.filter((file) => file.startsWith("test/") && file.endsWith(".ts"));
const TOOLS = ALL.filter((file) => /^(bin|\.ci)\//.test(file));

interface Import {
  readonly specifier: string;
  readonly typesOnly: boolean;
}

function importsOf(text: string): Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(
    /^\s*(?:import|export)\s+(type\s)?([^;"]*?)\s*from\s*"([^"]+)"/gm,
  )) {
    const names = (match[2] ?? "")
      .replaceAll(/[{}\s]+/g, " ")
      .trim()
      .split(",");
    const typesOnly =
      match[1] !== undefined ||
      names.every((name) => name.trim() === "" || name.trim().startsWith("type "));
    found.push({ specifier: match[3] ?? "", typesOnly });
  }
  for (const match of text.matchAll(/(?:\bimport\(|\brequire\(|^import\s)\s*"([^"]+)"/gm)) {
    found.push({ specifier: match[1] ?? "", typesOnly: false });
  }
  return found;
}

/** `path` is below src/. */
function layerOf(file: string): string {
  const deepestFirst = LAYERS.map((layer) => layer.folder).toSorted((a, b) => b.length - a.length);
  return deepestFirst.find((folder) => file.startsWith(`${folder}/`)) ?? file;
}

/** Lines of the files that match, as `file:line: text`. */
function linesWith(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    read(file)
      .split("\n")
      .map((line, index) => ({ line, at: `${file}:${index + 1}: ${line.trim()}` }))
      .filter(({ line }) => pattern.test(line))
      .map(({ at }) => at),
  );
}

/** The text without comments, for rules about code. Strings stay, so a rule must bear them. */
function code(file: string): string {
  return read(file)
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/(^|\s)\/\/.*$/gm, "");
}

describe("layers", () => {
  test("every source is in a layer of the table", () => {
    const folders = new Set(LAYERS.map((layer) => layer.folder));
    const strangers = SOURCES.filter(
      (file) => file !== "src/index.ts" && !folders.has(layerOf(file.slice(4))),
    );
    expect(strangers).toEqual([]);
  });

  test("nothing is imported upward or sideways", () => {
    const wrong: string[] = [];
    for (const file of SOURCES) {
      const from = layerOf(file.slice(4));
      const may = new Set([
        "core",
        from,
        ...(LAYERS.find((layer) => layer.folder === from)?.may ?? LIBRARY),
      ]);
      for (const { specifier, typesOnly } of importsOf(read(file))) {
        if (!specifier.startsWith(".")) continue;
        const to = layerOf(path.posix.join(path.posix.dirname(file), specifier).slice(4));
        if (!may.has(to) && !(typesOnly && TAKES_TYPES.includes(from)))
          wrong.push(`${file} imports ${specifier}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("a file whose name begins with _ is private to its folder", () => {
    const wrong = [...SOURCES, ...TESTS].flatMap((file) =>
      importsOf(read(file))
        .filter(({ specifier }) => /\/_[^/]+$/.test(specifier) && !/^\.\/_[^/]+$/.test(specifier))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test("sources import no test, and packages only those that are dependencies", () => {
    const { dependencies } = JSON.parse(read("package.json")) as {
      dependencies: Record<string, string>;
    };
    const wrong = SOURCES.flatMap((file) =>
      importsOf(read(file))
        .map(({ specifier }) => specifier)
        .filter((specifier) => {
          if (specifier.startsWith("."))
            return path.posix.join(path.posix.dirname(file), specifier).startsWith("test/");
          return !specifier.startsWith("node:") && !(packageOf(specifier) in dependencies);
        })
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe("files", () => {
  test("no dumping ground", () => {
    const names = /(^|[/_.-])(utils?|helpers?|common|misc)([/_.-]|$)/;
    expect([...SOURCES, ...TESTS].filter((file) => names.test(file))).toEqual([]);
  });

  test(`no source over ${LINES_MAX} lines`, () => {
    const long = SOURCES.map((file) => ({ file, lines: read(file).split("\n").length - 1 }));
    expect(long.filter(({ lines }) => lines > LINES_MAX)).toEqual([]);
  });

  test("every source says at its head what it is", () => {
    expect(SOURCES.filter((file) => !/^(\/\/|\/\*)/.test(read(file)))).toEqual([]);
  });

  test("the top level holds what belongs there", () => {
    const belongs = [
      "package.json",
      "package-lock.json",
      "tsconfig.json",
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
    ];
    expect(
      ALL.filter((file) => !file.includes("/") && !file.startsWith(".") && !belongs.includes(file)),
    ).toEqual([]);
  });
});

describe("code", () => {
  test("the process belongs to the command line's edge", () => {
    const wrong: string[] = [];
    for (const file of SOURCES.filter((each) => !OWNS_PROCESS.test(each))) {
      for (const [, property = ""] of code(file).matchAll(/\bprocess\.(\w+)/g)) {
        const allowed = PROCESS_FACTS.has(property) || PROCESS_EXCEPTIONS[file]?.includes(property);
        if (allowed !== true) wrong.push(`${file}: process.${property}`);
      }
      if (importsOf(read(file)).some(({ specifier }) => specifier === "node:process"))
        wrong.push(`${file}: node:process`);
    }
    expect(wrong).toEqual([]);
  });

  test("no default exports", () => {
    const wanted = new Set(["test/vitest.config.ts", "test/global-setup.ts"]);
    expect(
      linesWith(
        [...SOURCES, ...TESTS].filter((file) => !wanted.has(file)),
        /^export default\b/,
      ),
    ).toEqual([]);
  });

  test("nothing unfinished, no test left out or alone", () => {
    const files = [...SOURCES, ...TESTS, ...TOOLS].filter((file) => file !== "test/tidy.test.ts");
    expect(linesWith(files, /\b(TODO|FIXME)\b|not implemented/)).toEqual([]);
    expect(
      linesWith(TESTS, /\b(it|test|describe)\.(only|skip|todo)\b/).filter(
        (line) => !line.startsWith("test/tidy"),
      ),
    ).toEqual([]);
  });

  test("no path of somebody's machine", () => {
    // In pieces, or this line would be found.
    const elsewhere = new RegExp(`(?<![\\w.])/(${["work", "root", "Users"].join("|")})/[\\w.]`);
    const written = ALL.filter((file) => /\.(ts|js|cjs|json|md)$/.test(file) || file === ".ci/run");
    expect(linesWith(written, elsewhere)).toEqual([]);
  });
});

describe("documents", () => {
  test("docs/errors.md is what the tables give (npm run docs)", () => {
    expect(read("docs/errors.md")).toBe(errorsPage());
  });

  test("every error code is used", () => {
    const used = SOURCES.filter((file) => file !== "src/core/errors.ts")
      .map(code)
      .join("\n");
    expect(Object.keys(ERRORS).filter((each) => !used.includes(`"${each}"`))).toEqual([]);
  });

  test("docs/architecture.md names real files", () => {
    const named = [
      ...read("docs/architecture.md").matchAll(/`((?:[\w.-]+\/)*[\w.-]+\.(?:ts|md|js|cjs))`/g),
    ];
    const missing = named
      .map(([, name = ""]) => name)
      .filter((name) => !ALL.includes(name) && !ALL.includes(`src/${name}`));
    expect(missing).toEqual([]);
  });

  test("relative links in documents lead somewhere", () => {
    const wrong = ALL.filter((file) => file.endsWith(".md")).flatMap((file) =>
      [...read(file).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)]
        .map(([, link = ""]) => link)
        .filter((link) => !fs.existsSync(path.join(ROOT, path.dirname(file), link)))
        .map((link) => `${file}: ${link}`),
    );
    expect(wrong).toEqual([]);
  });
});

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

describe("dependencies", () => {
  /** Packages that no file imports: what uses them instead. */
  const USED_BY_TOOL: Readonly<Record<string, { readonly file: string; readonly word: string }>> = {
    "@biomejs/biome": { file: "package.json", word: "biome format" },
    "@types/node": { file: "tsconfig.json", word: '"node"' },
    oxlint: { file: "package.json", word: "oxlint " },
    "oxlint-tsgolint": { file: "package.json", word: "--type-aware" },
    typescript: { file: "package.json", word: "tsc " },
  };
  const manifest = JSON.parse(read("package.json")) as Record<
    "dependencies" | "devDependencies",
    Record<string, string>
  >;
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });

  test("each has its line in docs/dependencies.md, and no other has", () => {
    const [packages = ""] = read("docs/dependencies.md").split("## Programs");
    const listed = [...packages.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(names.toSorted());
  });

  test("each is used", () => {
    const imported = new Set(
      [...SOURCES, ...TESTS, ...TOOLS].flatMap((file) =>
        importsOf(read(file)).map(({ specifier }) => packageOf(specifier)),
      ),
    );
    const unused = names.filter((name) => {
      const tool = USED_BY_TOOL[name];
      return tool === undefined ? !imported.has(name) : !read(tool.file).includes(tool.word);
    });
    expect(unused).toEqual([]);
  });

  test("the lock file names no registry", () => {
    expect(linesWith(["package-lock.json"], /"resolved": "https?:/)).toEqual([]);
  });
});
