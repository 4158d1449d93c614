// A changeset as `hg log` prints it without a template: quiet, normal, verbose and debug.
import type { ByteString } from "../../core/bytes.ts";
import { shortNode } from "../../core/ids.ts";
import type { HistoryStep } from "../../job/requests.ts";
import { type ChangesetView, type ParentView, parentsShown } from "./changeset-view.ts";
import { DATE_FORMAT, formatDate } from "./dates.ts";
import { shownPath } from "./entry.ts";
import type { Paint } from "./paint.ts";

export type Verbosity = "quiet" | "normal" | "verbose" | "debug";

/** Ends with an empty line, but for quiet. */
export function renderChangeset(
  view: ChangesetView,
  verbosity: Verbosity,
  paint: Paint,
): ByteString {
  if (verbosity === "quiet") return `${view.rev}:${shortNode(view.node)}\n`;
  const debug = verbosity === "debug";
  const verbose = debug || verbosity === "verbose";
  const nameOf = (of: ParentView) => `${of.rev}:${debug ? of.node : shortNode(of.node)}`;

  let out = `${paint("log.changeset", `changeset:   ${nameOf(view)}`)}\n`;
  const line = (name: string, value: ByteString) => {
    out += `${`${name}:`.padEnd(13)}${value}\n`;
  };
  if (view.branch !== "default") line("branch", view.branch);
  for (const tag of view.tags) line("tag", tag);
  if (debug) line("phase", "public");
  for (const parent of parentsShown(view, debug)) line("parent", nameOf(parent));
  if (debug) {
    const number = view.manifestRev();
    line("manifest", number === null ? view.manifest : `${number}:${view.manifest}`);
  }
  line("user", view.user);
  line("date", formatDate(view.time, view.zone, DATE_FORMAT.date));
  if (view.step !== null) line("path", stepText(view.step));
  if (verbose) {
    for (const [name, paths] of fileLists(view, debug))
      if (paths.length > 0) line(name, paths.join(" "));
  }
  if (debug) for (const [key, value] of view.extras) line("extra", `${key}=${escapeString(value)}`);

  const description = stripBlanks(view.description);
  if (description !== "") {
    if (verbose) out += `description:\n${description}\n\n`;
    else line("summary", firstLine(description));
  }
  return `${out}\n`;
}

/** "M etc/motd", "V old name -> new name" */
function stepText({ status, path, from }: HistoryStep): ByteString {
  return `${status} ${from === null ? "" : `${shownPath(from)} -> `}${shownPath(path)}`;
}

function fileLists(view: ChangesetView, debug: boolean): [string, readonly ByteString[]][] {
  const changes = debug ? view.changes() : null;
  if (changes === null) return [["files", view.files()]];
  return [
    ["files", changes.modified],
    ["files+", changes.added],
    ["files-", changes.removed],
  ];
}

/** Without the white space at both ends. */
export function stripBlanks(text: ByteString): ByteString {
  return text.replaceAll(/^[ \t\n\r\f\v]+|[ \t\n\r\f\v]+$/g, "");
}

export function firstLine(text: ByteString): ByteString {
  return text.split(/\r\n|\r|\n/, 1)[0] as string;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** Bytes on one line: what is not printable ASCII is escaped as in a string of C. */
export function escapeString(bytes: ByteString): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return bytes.replaceAll(/[\x00-\x1f\\'\x7f-\xff]/g, (byte) => {
    return ESCAPES[byte] ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
