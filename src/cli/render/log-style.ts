// How a listing of changesets looks: a named style, a template of the user's, or JSON.
import { type ByteString, utf8ToByteString } from "../../core/bytes.ts";
import type { HistoryStep } from "../../job/requests.ts";
import type { ChangesetView } from "./changeset-view.ts";
import { JSON_SCHEMA, jsonLine, jsonString } from "./json.ts";
import { renderChangeset, type Verbosity } from "./log.ts";
import { compileTemplate, type TemplateEnvironment } from "./template.ts";
import type { KeywordContext } from "./template-keywords.ts";
import { bytesToText } from "./text.ts";

/** `begin` and `end` stand around the whole listing, `between` after each entry but the last. */
export interface LogStyle {
  readonly begin: ByteString;
  readonly between: ByteString;
  /** Not printed after an empty listing if `emptyEnd` is given. */
  readonly end: ByteString;
  readonly emptyListing: ByteString;
  entry(context: KeywordContext, environment: TemplateEnvironment): ByteString;
}

export const STYLE_TEMPLATES: Readonly<Record<string, ByteString>> = {
  compact:
    '{rev}{if(tags, "[{join(tags, ",")}]")}{if(parents, ":{join(parents % "{rev}", ",")}")}' +
    "   {node|short}   {date|isodate}   {author|user}\\n  {desc|firstline|strip}\\n\\n",
  /** A line a dump: what an operator scans for a date. */
  dumps:
    '{pad(rev, 6, " ", "1")}  {node|short}  {date|isodate}  {if(level, "level {pad(level, 2)}", "        ")}' +
    "  {branch}  {desc|firstline}\\n",
};

export const STYLE_NAMES = ["default", "json", ...Object.keys(STYLE_TEMPLATES)] as const;

function plainStyle(entry: LogStyle["entry"]): LogStyle {
  return { begin: "", between: "", end: "", emptyListing: "", entry };
}

/** `wanted` is -T: a style's name or a template; null is the default style. */
export function logStyle(wanted: string | null, verbosity: Verbosity): LogStyle {
  if (wanted === null || wanted === "default") {
    return plainStyle((context, { paint }) => renderChangeset(context.view, verbosity, paint));
  }
  if (wanted === "json") return mercurialJson(verbosity);
  const named = Object.hasOwn(STYLE_TEMPLATES, wanted) ? STYLE_TEMPLATES[wanted] : undefined;
  const template = compileTemplate(named ?? utf8ToByteString(wanted));
  return plainStyle((context, environment) => template.render(context, environment));
}

/** `-T json`: the fields and the layout of `hg log -T json`. */
function mercurialJson(verbosity: Verbosity): LogStyle {
  return {
    begin: "[",
    between: ",",
    end: "\n]\n",
    emptyListing: "[\n]\n",
    entry: ({ view }) =>
      `\n {\n${mercurialFields(view, verbosity)
        .map(([k, v]) => `  "${k}": ${v}`)
        .join(",\n")}\n }`,
  };
}

function mercurialFields(view: ChangesetView, verbosity: Verbosity): [string, ByteString][] {
  if (verbosity === "quiet") {
    return [
      ["node", jsonString(view.node)],
      ["rev", String(view.rev)],
    ];
  }
  const strings = (items: readonly ByteString[]) =>
    `[${items.map((item) => jsonString(item)).join(", ")}]`;
  const fields: [string, ByteString][] = [
    ["bookmarks", "[]"],
    ["branch", jsonString(view.branch)],
    ["date", `[${view.time}, ${view.zone}]`],
    ["desc", jsonString(view.description)],
    ["node", jsonString(view.node)],
    [
      "parents",
      strings([view.p1, view.p2].filter((p, i) => i === 0 || p.rev >= 0).map((p) => p.node)),
    ],
    ["phase", '"public"'],
    ["rev", String(view.rev)],
    ["tags", strings(view.tags)],
    ["user", jsonString(view.user)],
  ];
  if (verbosity === "verbose") fields.push(["files", strings(view.files())]);
  if (verbosity === "debug") {
    const extra = [...view.extras].map(
      ([key, value]) => `${jsonString(key)}: ${jsonString(value)}`,
    );
    fields.push(["extra", `{${extra.join(", ")}}`], ["manifest", jsonString(view.manifest)]);
    const changes = view.changes();
    if (changes !== null) {
      fields.push(["added", strings(changes.added)], ["modified", strings(changes.modified)]);
      fields.push(["removed", strings(changes.removed)]);
    }
  }
  return fields.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** `--json`: an array with one object a line; streamed, so that a long history needs no memory. */
export function reelJson(verbosity: Verbosity): LogStyle {
  return {
    begin: "[\n",
    between: ",\n",
    end: "\n]\n",
    emptyListing: "[\n]\n",
    entry: ({ view }) => jsonLine(changesetObject(view, verbosity)),
  };
}

function changesetObject(
  view: ChangesetView,
  verbosity: Verbosity,
): Readonly<Record<string, unknown>> {
  const level = view.extras.get("reel.level");
  const verbose = verbosity === "verbose" || verbosity === "debug";
  return {
    schema: JSON_SCHEMA,
    rev: view.rev,
    node: view.node,
    parents: [view.p1, view.p2].filter((p) => p.rev >= 0).map((p) => p.node),
    branch: bytesToText(view.branch),
    tags: view.tags.map(bytesToText),
    user: bytesToText(view.user),
    date: [view.time, view.zone],
    level: level === undefined ? null : Number(level),
    closed: view.closed,
    description: bytesToText(view.description),
    extras: Object.fromEntries(
      [...view.extras].map(([key, value]) => [bytesToText(key), bytesToText(value)]),
    ),
    manifest: view.manifest,
    ...(view.step === null ? {} : stepFields(view.step)),
    ...(verbose ? { files: view.files().map(bytesToText) } : {}),
  };
}

function stepFields({ path, status, from }: HistoryStep): Readonly<Record<string, unknown>> {
  return { path: bytesToText(path), status, from: from === null ? null : bytesToText(from) };
}
