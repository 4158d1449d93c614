// What differs between two states of a file, and a line of it for an auditor.
import type { ByteString } from "../../core/bytes.ts";
import { TYPE } from "../../core/inode.ts";
import type { DiffEntryView, FileEntryView } from "../../job/requests.ts";
import { showAttribute } from "./acl.ts";
import { formatNanoseconds } from "./dates.ts";
import { entryObject, isDevice, modeLetters, shownPath, TYPE_NAMES } from "./entry.ts";
import { JSON_SCHEMA } from "./json.ts";
import type { Verbosity } from "./log.ts";
import type { Paint } from "./paint.ts";
import { bytesToText } from "./text.ts";

/** One attribute that differs; null where one side has none. */
export interface Difference {
  readonly name: ByteString;
  readonly before: ByteString | null;
  readonly after: ByteString | null;
  /** Worth a word in the short form: it says something that the others do not. */
  readonly telling: boolean;
}

const LABELS: Readonly<Record<DiffEntryView["status"], string>> = {
  A: "status.added",
  M: "status.modified",
  R: "status.removed",
  V: "status.renamed",
};

/** In a fixed order: what a file is, who may use it, what it holds, its times. */
export function differencesOf(
  before: FileEntryView,
  after: FileEntryView,
  zoneOf: (time: number) => number,
): Difference[] {
  const differences: Difference[] = [];
  const compare = (
    name: ByteString,
    a: ByteString | null,
    b: ByteString | null,
    telling = true,
  ) => {
    if (a !== b) differences.push({ name, before: a, after: b, telling });
  };
  const time = (seconds: number, nanoseconds: number) =>
    formatNanoseconds(seconds, nanoseconds, zoneOf(seconds));
  compare("type", TYPE_NAMES[before.type] ?? "unknown", TYPE_NAMES[after.type] ?? "unknown");
  compare("mode", modeText(before), modeText(after));
  compare("uid", String(before.uid), String(after.uid));
  compare("gid", String(before.gid), String(after.gid));
  compareAttributes(before, after, compare);
  if (before.type === TYPE.file || after.type === TYPE.file)
    compare("size", String(before.size), String(after.size));
  compare("content", before.digest, after.digest);
  compare(
    "target",
    before.target === null ? null : shownPath(before.target),
    after.target === null ? null : shownPath(after.target),
  );
  if (isDevice(before.type) || isDevice(after.type))
    compare("device", deviceText(before), deviceText(after));
  compare("links", String(before.nlink), String(after.nlink), false);
  compare("mtime", time(before.mtime, before.mtimeNs), time(after.mtime, after.mtimeNs));
  compare("ctime", time(before.ctime, before.ctimeNs), time(after.ctime, after.ctimeNs), false);
  compare("inode", String(before.sourceInode), String(after.sourceInode), false);
  compare("stale", before.stale ? "yes" : "no", after.stale ? "yes" : "no");
  return differences;
}

function modeText(entry: FileEntryView): string {
  return (
    entry.mode.toString(8).padStart(4, "0") +
    (entry.type === TYPE.symlink ? "" : ` ${modeLetters({ ...entry, attributes: [] })}`)
  );
}

function deviceText(entry: FileEntryView): string {
  return `${entry.rdevMajor}, ${entry.rdevMinor}`;
}

function compareAttributes(
  before: FileEntryView,
  after: FileEntryView,
  compare: (name: ByteString, a: ByteString | null, b: ByteString | null) => void,
): void {
  const values = (entry: FileEntryView) =>
    new Map(entry.attributes.map((a) => [showAttribute(a).name, showAttribute(a).value]));
  const [old, now] = [values(before), values(after)];
  for (const name of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    compare(shownPath(name), old.get(name) ?? null, now.get(name) ?? null);
  }
}

/** One line; verbose, a line more for each attribute, from what to what. */
export function renderDiff(
  entry: DiffEntryView,
  verbosity: Verbosity,
  paint: Paint,
  zoneOf: (time: number) => number,
): ByteString {
  const { before, after } = entry;
  const moved = entry.status === "V" && before !== null ? `${shownPath(before.path)} -> ` : "";
  const title = paint(LABELS[entry.status], `${entry.status} ${moved}${shownPath(entry.path)}`);
  const differences = before === null || after === null ? [] : differencesOf(before, after, zoneOf);
  if (verbosity === "quiet" || differences.length === 0) return `${title}\n`;
  if (verbosity === "verbose" || verbosity === "debug") {
    const lines = differences.map(
      ({ name, before: a, after: b }) => `    ${name}: ${a ?? "none"} -> ${b ?? "none"}\n`,
    );
    return `${title}\n${lines.join("")}`;
  }
  const telling = differences.filter((difference) => difference.telling);
  const names = (telling.length > 0 ? telling : differences).map((difference) => difference.name);
  return `${title}  (${names.join(", ")})\n`;
}

export function diffObject(entry: DiffEntryView): Readonly<Record<string, unknown>> {
  const { before, after } = entry;
  const differences =
    before === null || after === null ? [] : differencesOf(before, after, () => 0);
  return {
    schema: JSON_SCHEMA,
    status: entry.status,
    path: bytesToText(entry.path),
    from: before !== null && entry.status === "V" ? bytesToText(before.path) : null,
    changed: differences.map(({ name }) => bytesToText(name)),
    before: before === null ? null : entryObject(before),
    after: after === null ? null : entryObject(after),
  };
}
