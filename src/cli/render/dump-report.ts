// What a dump did.
import type { ByteString } from "../../core/bytes.ts";
import type { DumpReport, SkippedView } from "../../job/requests.ts";
import { shownPath } from "./entry.ts";
import { JSON_SCHEMA, jsonLine } from "./json.ts";
import type { Verbosity } from "./log.ts";
import { changesetId, imageObject } from "./naming.ts";
import type { Paint } from "./paint.ts";
import { countOf, showDuration, showSize } from "./quantities.ts";
import { bytesToText, textToBytes } from "./text.ts";

const TAPE_BLOCK_BYTES = 1024;
/** Skipped files listed; with -v all of them. They are all in the catalog. */
const SKIPPED_SHOWN = 20;

const WHY: Readonly<Record<SkippedView["why"], string>> = {
  changed: "changed while it was read; what was read is on tape",
  shrunk: "shrank while it was read; the rest is zeros",
  vanished: "vanished before it was read",
  unreadable: "could not be read",
  failed: "a read failed in the middle; the rest is zeros",
  "unreadable-directory": "directory could not be listed; what was below it is kept from the base",
  mount: "another file system is mounted there and was not entered",
};

export function renderDump(
  report: DumpReport,
  look: { readonly verbosity: Verbosity; readonly paint: Paint },
): ByteString {
  const { image, base } = report;
  if (look.verbosity === "quiet") return report.skipped.map(skippedLine).join("");
  const on = base === null ? "everything" : `since level ${base.level}, ${changesetId(base)}`;
  const title = `level ${image.level} of ${image.branch}: ${on}`;
  const kinds = `${countOf(report.files, "file")}, ${countOf(report.directories, "directory", "directories")}`;
  const tapes = report.tapes.map(({ label, file }) =>
    label === "-" ? "standard output" : `${textToBytes(label)} file ${file}`,
  );
  let out = `${title}\n`;
  out += `${kinds}, ${showSize(report.contentBytes)} of content\n`;
  out += `${showSize(report.blocks * TAPE_BLOCK_BYTES)} on ${tapes.join(", ")}, in ${showDuration(report.seconds)}\n`;
  if (isVerbose(look.verbosity)) {
    const phases = report.phases.map(({ name, seconds }) => `${name} ${showDuration(seconds)}`);
    if (phases.length > 0) out += `time: ${phases.join(", ")}\n`;
  }
  if (report.excluded > 0)
    out += `${countOf(report.excluded, "entry", "entries")} excluded by pattern\n`;
  out += renderSkipped(report.skipped, look);
  return `${out}changeset ${look.paint("log.changeset", changesetId(image))}\n`;
}

function renderSkipped(
  skipped: readonly SkippedView[],
  { verbosity, paint }: { readonly verbosity: Verbosity; readonly paint: Paint },
): ByteString {
  if (skipped.length === 0) return "";
  const all = isVerbose(verbosity);
  const shown = all ? skipped : skipped.slice(0, SKIPPED_SHOWN);
  let out = `${paint("ui.error", `${countOf(skipped.length, "path")} not as they were:`)}\n${shown.map(skippedLine).join("")}`;
  if (shown.length < skipped.length)
    out += `    and ${countOf(skipped.length - shown.length, "more", "more")}; -v lists them\n`;
  return out;
}

function skippedLine({ path, why, errno, stale }: SkippedView): ByteString {
  const reason = errno === "" ? WHY[why] : `${WHY[why]} (${errno})`;
  return `    ${shownPath(path)}: ${reason}${stale ? "; the catalog keeps the record before" : ""}\n`;
}

export function dumpObject(report: DumpReport): ByteString {
  const { image, base, skipped, ...rest } = report;
  const object = {
    schema: JSON_SCHEMA,
    changeset: imageObject(image),
    base: base === null ? null : imageObject(base),
    ...rest,
    skipped: skipped.map((each) => ({ ...each, path: bytesToText(each.path) })),
  };
  return `${jsonLine(object)}\n`;
}

function isVerbose(verbosity: Verbosity): boolean {
  return verbosity === "verbose" || verbosity === "debug";
}
