// A ChangelogReader over what hg tells of a repository, so that revsets, graphs and templates can be
// compared with hg's answers about the same history.
import type { ChangelogReader, ChangesetHead } from "../src/catalog/changelog-reader.ts";
import { asNodeId, type NodeId, NULL_NODE, toRev } from "../src/core/ids.ts";
import type { PathChanges } from "../src/job/requests.ts";
import { textToBytes } from "../src/cli/render/text.ts";
import type { HgServer } from "./hg-server.ts";

interface Row {
  readonly node: NodeId;
  readonly p1: number;
  readonly p2: number;
  readonly head: ChangesetHead;
  readonly files: readonly string[];
  readonly tags: readonly string[];
  readonly changes: PathChanges;
  readonly manifestRev: number;
}

export interface HgChangelog {
  readonly reader: ChangelogReader;
  readonly changes: (rev: number) => PathChanges;
  readonly manifestRev: (manifest: NodeId) => number;
}

// Names hold any byte but NUL, LF and CR.
const FIELD = "\\x00F";
const ITEM = "\\x00I";
const ROW = "\\x00R";
const TEMPLATE = [
  "{node}",
  "{p1rev}",
  "{p2rev}",
  "{manifest.node}",
  "{manifest.rev}",
  "{author}",
  "{date|hgdate}",
  `{extras % '{key}={value|hex}${ITEM}'}`,
  `{files % '{file}${ITEM}'}`,
  `{tags % '{tag}${ITEM}'}`,
  `{file_adds % '{file}${ITEM}'}`,
  `{file_mods % '{file}${ITEM}'}`,
  `{file_dels % '{file}${ITEM}'}`,
].join(FIELD);

function list(field: string | undefined): string[] {
  return (field ?? "").split("\0I").slice(0, -1);
}

/** The server must run in UTF-8 so that bytes come through. */
export async function changelogFromHg(hg: HgServer, repository: string): Promise<HgChangelog> {
  const answer = await hg.run("log", "-R", repository, "-r", "0:", "-T", TEMPLATE + ROW);
  if (answer.code !== 0) throw new Error(answer.errors);
  // The keyword {desc} strips blanks, the JSON does not.
  const listing = JSON.parse(await hg.text("log", "-R", repository, "-r", "0:", "-T", "json")) as {
    desc: string;
  }[];
  const rows = answer.output
    .toString("latin1")
    .split("\0R")
    .slice(0, -1)
    .map((text, rev) => parseRow(text, textToBytes((listing[rev] as { desc: string }).desc)));
  const revOf = new Map(rows.map((row, rev) => [row.node, toRev(rev)]));
  const manifestRevs = new Map(rows.map((row) => [row.head.manifest, row.manifestRev]));
  const tags = new Map(
    rows.flatMap((row, rev) => row.tags.map((tag) => [tag, toRev(rev)] as const)),
  );
  const at = (rev: number) => rows[rev] as Row;
  return {
    reader: {
      count: rows.length,
      node: (rev) => at(rev).node,
      p1: (rev) => toRev(at(rev).p1),
      p2: (rev) => toRev(at(rev).p2),
      head: (rev) => at(rev).head,
      files: (rev) => at(rev).files,
      tagsOf: (rev) => at(rev).tags,
      tags: () => tags,
      revOf: (node) => revOf.get(node) ?? toRev(-1),
      byPrefix: (hex) => {
        const found = rows.flatMap((row, rev) => (row.node.startsWith(hex) ? [toRev(rev)] : []));
        return found.length === 0
          ? "unknown"
          : found.length > 1
            ? "ambiguous"
            : (found[0] as ReturnType<typeof toRev>);
      },
    },
    changes: (rev) => at(rev).changes,
    manifestRev: (manifest) => (manifest === NULL_NODE ? -1 : (manifestRevs.get(manifest) ?? -1)),
  };
}

function parseRow(text: string, description: string): Row {
  const field = text.split("\0F");
  const [time, zone] = (field[6] ?? "").split(" ").map(Number);
  const extras = new Map<string, string>();
  for (const entry of list(field[7])) {
    const [key, hex] = entry.split("=") as [string, string];
    const value = Buffer.from(hex, "hex").toString("latin1");
    if (key !== "branch" || value !== "default") extras.set(key, value);
  }
  return {
    node: asNodeId(field[0] ?? ""),
    p1: Number(field[1]),
    p2: Number(field[2]),
    head: {
      manifest: asNodeId(field[3] ?? ""),
      user: field[5] ?? "",
      time: time ?? 0,
      zone: zone ?? 0,
      extras,
      description,
    },
    files: list(field[8]),
    tags: list(field[9]).filter((tag) => tag !== "tip"),
    changes: { added: list(field[10]), modified: list(field[11]), removed: list(field[12]) },
    manifestRev: Number(field[4]),
  };
}
