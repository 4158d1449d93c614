// Branches, tags and ids, in the columns that Mercurial prints them in.
import type { ByteString } from "../../core/bytes.ts";
import { type NodeId, type Rev, shortNode } from "../../core/ids.ts";
import { JSON_SCHEMA, jsonLine } from "./json.ts";
import type { Verbosity } from "./log.ts";
import { bytesToText, columnsOf } from "./text.ts";

export interface NameRow {
  readonly name: ByteString;
  readonly rev: Rev;
  /** "", "closed" or "inactive". */
  readonly state: string;
  /** Columns that the name is padded to, and least columns of the revision's number. */
  readonly nameColumns: number;
  readonly revColumns: number;
}

/** Name and number together take this many columns in `hg branches`. */
const BRANCH_COLUMNS = 31;
const TAG_COLUMNS = 30;
const TAG_REV_COLUMNS = 5;

export function branchRows(
  branches: readonly {
    readonly branch: ByteString;
    readonly rev: Rev;
    readonly closed: boolean;
    readonly active: boolean;
  }[],
): NameRow[] {
  return branches.map(({ branch, rev, closed, active }) => ({
    name: branch,
    rev,
    state: closed ? "closed" : active ? "" : "inactive",
    nameColumns: BRANCH_COLUMNS - String(rev).length,
    revColumns: 0,
  }));
}

export function tagRows(
  tags: readonly { readonly tag: ByteString; readonly rev: Rev }[],
): NameRow[] {
  return tags.map(({ tag, rev }) => ({
    name: tag,
    rev,
    state: "",
    nameColumns: TAG_COLUMNS,
    revColumns: TAG_REV_COLUMNS,
  }));
}

export function renderNames(
  rows: readonly NameRow[],
  nodeOf: (rev: Rev) => NodeId,
  verbosity: Verbosity,
): ByteString {
  if (verbosity === "quiet") return rows.map(({ name }) => `${name}\n`).join("");
  return rows
    .map(({ name, rev, state, nameColumns, revColumns }) => {
      const blanks = " ".repeat(Math.max(nameColumns - columnsOf(name), 0) + 1);
      const node = verbosity === "debug" ? nodeOf(rev) : shortNode(nodeOf(rev));
      return `${name}${blanks}${String(rev).padStart(revColumns)}:${node}${state === "" ? "" : ` (${state})`}\n`;
    })
    .join("");
}

/** An array with one object a line. */
export function nameObjects(rows: readonly NameRow[], nodeOf: (rev: Rev) => NodeId): ByteString {
  const objects = rows.map(({ name, rev, state }) =>
    jsonLine({
      schema: JSON_SCHEMA,
      name: bytesToText(name),
      rev,
      node: nodeOf(rev),
      state: state === "" ? "open" : state,
    }),
  );
  return objects.length === 0 ? "[]\n" : `[\n${objects.join(",\n")}\n]\n`;
}

export interface IdView {
  readonly rev: Rev;
  readonly node: NodeId;
  readonly branch: ByteString;
  readonly tags: readonly ByteString[];
}

/** What was asked for; nothing is all but the number. */
export interface IdParts {
  readonly number: boolean;
  readonly node: boolean;
  readonly branch: boolean;
  readonly tags: boolean;
}

export function renderId(id: IdView, parts: IdParts, verbosity: Verbosity): ByteString {
  const node = verbosity === "debug" ? id.node : shortNode(id.node);
  const asked = parts.number || parts.node || parts.branch || parts.tags;
  const words: ByteString[] = [];
  if (!asked || parts.node) words.push(node);
  if (parts.number) words.push(String(id.rev));
  if (parts.branch) words.push(id.branch);
  else if (!asked && id.branch !== "default") words.push(`(${id.branch})`);
  if (parts.tags) words.push(...id.tags);
  else if (!asked && id.tags.length > 0) words.push(id.tags.join("/"));
  return `${words.join(" ")}\n`;
}

export function idObject({ rev, node, branch, tags }: IdView): ByteString {
  return `${jsonLine({ schema: JSON_SCHEMA, rev, node, branch: bytesToText(branch), tags: tags.map(bytesToText) })}\n`;
}
