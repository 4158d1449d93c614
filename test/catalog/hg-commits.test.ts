// Random trees and random changes, committed by the catalog and by the real hg: the nodes of changesets,
// manifests and files must be the same, and so the texts.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CatalogView } from "../../src/catalog/catalog-view.ts";
import { CatalogWriter } from "../../src/catalog/catalog-writer.ts";
import type { Copy } from "../../src/catalog/filelog-text.ts";
import { commitTree } from "../../src/catalog/tree-commit.ts";
import { findFile, manifestFileList, walkDirectories } from "../../src/catalog/tree-walk.ts";
import { verifyCatalog } from "../../src/catalog/verify.ts";
import { type ByteString, utf8ToByteString } from "../../src/core/bytes.ts";
import { type NodeId, NULL_NODE, toRev } from "../../src/core/ids.ts";
import { newProgress } from "../../src/core/progress.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import type { Store } from "../../src/store/store.ts";
import { Random } from "../series/random.ts";
import { differences, type Tree, treeChange } from "./tree-change.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "reel-hg-commits-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const ENVIRONMENT = { ...process.env, HGRCPATH: "", HGPLAIN: "1", LC_ALL: "C.UTF-8", TZ: "UTC" };

/** Runs hg in the repository. */
function hg(repository: string, ...args: string[]): Buffer {
  const extension = path.join(import.meta.dirname, "described-commits.py");
  const config = ["experimental.treemanifest=1", `extensions.described=${extension}`];
  const options = [...config, "ui.username=test"].flatMap((each) => ["--config", each]);
  return execFileSync("hg", [...options, ...args], {
    cwd: repository,
    env: ENVIRONMENT,
    maxBuffer: 1 << 28,
  });
}

interface Commit {
  /** Revision; -1 is none. */
  readonly parent: number;
  readonly tree: Tree;
  /** Path copied from, by path; both in the sense of the parent. */
  readonly copies: ReadonlyMap<ByteString, ByteString>;
  readonly user: ByteString;
  readonly time: number;
  readonly zone: number;
  readonly extras: ReadonlyMap<ByteString, ByteString>;
  readonly description: ByteString;
}

const EMPTY_TREE: Tree = new Map();

const NAMES = [
  "a",
  "b",
  "a-b",
  "a.b",
  "a b",
  "a0",
  "%dir",
  "%image",
  "%25",
  "é",
  "\xff\xfe",
  "Z",
  "~",
];

class RandomHistory {
  readonly commits: Commit[] = [];
  private readonly random: Random;
  private before: Tree = EMPTY_TREE;

  constructor(seed: number, count: number) {
    this.random = new Random(seed);
    while (this.commits.length < count) this.commits.push(this.next());
  }

  private next(): Commit {
    const { random, commits } = this;
    const parent = random.chance(0.15) ? -1 : random.below(commits.length + 1) - 1;
    const tree = new Map(commits[parent]?.tree ?? EMPTY_TREE);
    const copies = new Map<ByteString, ByteString>();
    this.before = commits[parent]?.tree ?? EMPTY_TREE;
    const changes = parent < 0 ? 5 + random.below(40) : random.pick([0, 1, 1, 2, 3, 8, 20]);
    for (let i = 0; i < changes; i++) this.change(tree, copies);
    if (random.chance(0.05)) tree.clear();
    for (const target of copies.keys()) if (!tree.has(target)) copies.delete(target);
    return { parent, tree, copies, ...this.head() };
  }

  private head(): Omit<Commit, "parent" | "tree" | "copies"> {
    const { random } = this;
    const extras = new Map([["reel.level", String(random.below(32))]]);
    if (random.chance(0.7)) extras.set("branch", random.pick(["/vol/vol1", "/é", "default"]));
    if (random.chance(0.3)) extras.set("reel.odd", "a\\b\nc\rd\0e:f\t\x01");
    return {
      user: utf8ToByteString(random.pick(["op@host", "Jörg <j@x>", "a b"])),
      time: random.below(2_000_000_000),
      zone: random.pick([0, -3600, 18_000, -34_200]),
      extras: new Map([...extras].map(([key, value]) => [key, utf8ToByteString(value)])),
      description: utf8ToByteString(random.pick(["x", "level 2 of /é\n\nmore", " lead", ""])),
    };
  }

  private path(): ByteString {
    const names = Array.from({ length: 1 + this.random.below(4) }, () => this.random.pick(NAMES));
    return names.map(utf8ToByteString).join("/");
  }

  private content(): ByteString {
    const { random } = this;
    const start = random.pick(["", "", "\x01\n", "\x01\nx\x01\n", "\xdc\0\x11", "\x01"]);
    return start + random.bytes(random.pick([0, 1, 5, 190, 5000])).toString("latin1");
  }

  private change(tree: Map<ByteString, ByteString>, copies: Map<ByteString, ByteString>): void {
    const { random } = this;
    const paths = [...tree.keys()].sort();
    const dice = random.next();
    if (paths.length === 0 || dice < 0.4) this.put(tree, this.path(), this.content());
    else if (dice < 0.6) tree.set(random.pick(paths), this.content());
    else if (dice < 0.75) tree.delete(random.pick(paths));
    else if (dice < 0.85) this.removeDirectory(tree, random.pick(paths));
    else this.rename(tree, copies, random.pick(paths));
  }

  /** A file takes the place of what is in its way, be it a directory or files above. */
  private put(tree: Map<ByteString, ByteString>, path: ByteString, content: ByteString): void {
    for (const other of tree.keys()) {
      if (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)) tree.delete(other);
    }
    tree.set(path, content);
  }

  private removeDirectory(tree: Map<ByteString, ByteString>, inside: ByteString): void {
    const prefix = inside.slice(0, inside.lastIndexOf("/") + 1);
    for (const path of tree.keys()) if (path.startsWith(prefix)) tree.delete(path);
  }

  private rename(
    tree: Map<ByteString, ByteString>,
    copies: Map<ByteString, ByteString>,
    from: ByteString,
  ): void {
    const to = this.path();
    const content = tree.get(from);
    // What is new in this commit was never anywhere else.
    if (tree.has(to) || copies.has(from) || content === undefined || !this.before.has(from)) return;
    tree.delete(from);
    this.put(tree, to, this.random.chance(0.5) ? content : this.content());
    copies.set(to, from);
  }
}

function commitWithHg(repository: string, commits: readonly Commit[]): void {
  mkdirSync(repository);
  hg(repository, "init");
  const described = commits.map(({ tree, copies, extras, parent, ...head }) => {
    const changed = differences(commits[parent]?.tree ?? EMPTY_TREE, tree);
    const files = [...changed].map(([name, content]) => {
      const source = copies.get(name);
      return [name, content === null || source === undefined ? content : [content, source]];
    });
    return {
      ...head,
      parent,
      extras: Object.fromEntries(extras),
      files: Object.fromEntries(files),
    };
  });
  const file = `${repository}.json`;
  writeFileSync(file, JSON.stringify(described));
  hg(repository, "commit-described", file);
}

async function commitWithReel(store: Store, commits: readonly Commit[]): Promise<void> {
  for (const { parent, tree, copies, ...head } of commits) {
    const writer = new CatalogWriter(store.begin());
    const { changelog } = writer.view;
    const p1 = parent < 0 ? NULL_NODE : changelog.node(toRev(parent));
    const base = parent < 0 ? NULL_NODE : changelog.head(toRev(parent)).manifest;
    const sources = new Map<ByteString, Copy>();
    for (const [target, source] of copies) {
      const node = findFile(writer.view, base, source)?.node;
      if (node !== undefined) sources.set(target, { path: source, node });
    }
    const change = treeChange(commits[parent]?.tree ?? EMPTY_TREE, tree, sources);
    const { manifest, list, files, listIsManifest } = commitTree(writer, change, base);
    writer.addChangeset({ ...head, manifest }, list, files, listIsManifest, p1, NULL_NODE);
    await writer.commit();
  }
}

function viewOf(store: Store): CatalogView {
  const view = new CatalogView(store.view());
  view.changelog.manifestList = (_, head) => manifestFileList(view, head.manifest);
  return view;
}

/** Lines as `hg manifest --debug` prints them. */
function manifestLines(view: CatalogView, root: NodeId): string[] {
  const lines: [string, string][] = [];
  for (const { path: directory, entries } of walkDirectories(view, root)) {
    for (const { name, node, flag } of entries) {
      const below = directory === "" ? name : `${directory}/${name}`;
      if (flag !== "t") lines.push([below, `${node} 644   ${below}`]);
    }
  }
  return lines.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}

function tellDifference(repository: string, view: CatalogView, rev: number): void {
  const at = toRev(rev);
  const lines = hg(repository, "manifest", "--debug", "-r", String(rev)).toString("latin1");
  const found = manifestLines(view, view.changelog.head(at).manifest);
  expect(found, `manifest of ${rev}`).toEqual(lines.split("\n").slice(0, -1));
  const text = hg(repository, "debugdata", "-c", String(rev)).toString("latin1");
  expect(Buffer.from(view.changelog.text(at)).toString("latin1"), `text of ${rev}`).toBe(text);
  throw new Error(`changeset ${rev} has another node, and the same text`);
}

async function compare(name: string, commits: readonly Commit[]): Promise<void> {
  const repository = path.join(scratch, name);
  commitWithHg(repository, commits);
  await compareWith(repository, commits);
}

async function compareWith(repository: string, commits: readonly Commit[]): Promise<void> {
  const store = createMemoryStore();
  await commitWithReel(store, commits);
  const view = viewOf(store);
  const log = hg(repository, "log", "-r", "all()", "-T", "{node}\\n").toString();
  const nodes = log.trim().split("\n");
  expect(nodes.length).toBe(commits.length);
  const wrong = nodes.findIndex((node, rev) => view.changelog.node(toRev(rev)) !== node);
  // A node covers all that is below it; what follows only tells where a difference is.
  if (wrong >= 0) tellDifference(repository, view, wrong);
  expect(view.changelog.count).toBe(commits.length);
  expect(verifyCatalog(view, true, newProgress()).problems).toEqual([]);
}

describe("nodes equal hg's", () => {
  test.each(Array.from({ length: 12 }, (_, i) => i + 1))("in random history %i", async (seed) => {
    await compare(`random-${seed}`, new RandomHistory(seed, 13).commits);
  });

  const head = {
    user: "op",
    time: 1000,
    zone: 0,
    extras: new Map<string, string>(),
    description: "x",
    copies: new Map<string, string>(),
  };
  const tree = (...paths: string[]): Tree =>
    new Map(paths.map((each) => [each, `text of ${each}`]));

  test("where files and directories take each other's names", async () => {
    const trees = [
      tree("a", "a-b", "a.b/c", "b/c/d"),
      tree("a/x/y", "a-b", "a.b/c", "b"),
      tree("a", "a-b/c", "a.b", "b/c"),
      tree("a/x/y", "a-b", "a.b/c", "b/c/d"),
      tree("a/x"),
      tree("a/x/y"),
    ];
    await compare(
      "names",
      trees.map((each, i) => ({ ...head, parent: i - 1, tree: each })),
    );
  });

  test("where nothing is changed, or everything is removed", async () => {
    const trees = [tree(), tree("a/b", "c"), tree("a/b", "c"), tree(), tree(), tree("a/b", "c")];
    await compare(
      "empty",
      trees.map((each, i) => ({ ...head, parent: i - 1, tree: each })),
    );
  });

  test("where a text comes back that was there before", async () => {
    const trees = [tree("a/b", "c"), tree("c"), tree("a/b", "c"), tree("a/b"), tree("a/b", "c")];
    const parents = [-1, 0, 1, 2, 0];
    await compare(
      "again",
      trees.map((each, i) => ({ ...head, parent: parents[i] ?? -1, tree: each })),
    );
  });

  test("as `hg mv` and `hg commit` in a working directory make them", async () => {
    const repository = path.join(scratch, "moved");
    const before = tree("a/b", "a/c", "d");
    mkdirSync(path.join(repository, "a"), { recursive: true });
    hg(repository, "init");
    for (const [name, content] of before) writeFileSync(path.join(repository, name), content);
    const commit = ["commit", "-A", "-u", "op", "-d", "1000 0", "-m", "x"];
    hg(repository, ...commit);
    hg(repository, "mv", "a", "e");
    hg(repository, "mv", "d", "a");
    hg(repository, ...commit);
    const copies = new Map([
      ["e/b", "a/b"],
      ["e/c", "a/c"],
      ["a", "d"],
    ]);
    const after = new Map([
      ["e/b", "text of a/b"],
      ["e/c", "text of a/c"],
      ["a", "text of d"],
    ]);
    await compareWith(repository, [
      { ...head, parent: -1, tree: before },
      { ...head, parent: 0, tree: after, copies },
    ]);
  });
});
