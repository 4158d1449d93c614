// What a restore did.
import type { ByteString } from "../../core/bytes.ts";
import type { RestoreReport } from "../../job/requests.ts";
import { shownPath } from "./entry.ts";
import { JSON_SCHEMA, jsonLine } from "./json.ts";
import type { Verbosity } from "./log.ts";
import { changesetObject, changesetTitle } from "./naming.ts";
import type { Paint } from "./paint.ts";
import { countOf, showDuration, showSize } from "./quantities.ts";
import { bytesToText, textToBytes } from "./text.ts";

export function renderRestore(
  report: RestoreReport,
  { verbosity, paint }: { readonly verbosity: Verbosity; readonly paint: Paint },
): ByteString {
  let out = "";
  if (verbosity !== "quiet") {
    const others = report.others === 0 ? "" : `, ${countOf(report.others, "other")}`;
    const kinds = `${countOf(report.files, "file")}, ${countOf(report.directories, "directory", "directories")}${others}`;
    const tapes =
      report.tapesRead.length === 0 ? "no tape" : textToBytes(report.tapesRead.join(", "));
    out += `restored ${changesetTitle(report.changeset)} to ${textToBytes(report.target)}\n`;
    out += `${kinds}, ${showSize(report.contentBytes)} from ${tapes}, in ${showDuration(report.seconds)}\n`;
  }
  if (report.problems.length > 0) {
    out += `${paint("ui.error", `${countOf(report.problems.length, "path")} not as they were:`)}\n`;
    for (const { path, what } of report.problems)
      out += `    ${shownPath(path)}: ${textToBytes(what)}\n`;
  }
  return out;
}

export function restoreObject(report: RestoreReport): ByteString {
  const object = {
    schema: JSON_SCHEMA,
    ...report,
    changeset: changesetObject(report.changeset),
    problems: report.problems.map(({ path, what }) => ({ path: bytesToText(path), what })),
  };
  return `${jsonLine(object)}\n`;
}
