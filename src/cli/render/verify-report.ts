// What a check of the catalog found.
import type { ByteString } from "../../core/bytes.ts";
import type { VerifyReport } from "../../job/requests.ts";
import { JSON_SCHEMA, jsonLine } from "./json.ts";
import type { Verbosity } from "./log.ts";
import type { Paint } from "./paint.ts";
import { countOf, showSize } from "./quantities.ts";
import { textToBytes } from "./text.ts";

export function renderVerify(
  report: VerifyReport,
  { verbosity, paint }: { readonly verbosity: Verbosity; readonly paint: Paint },
): ByteString {
  let out = "";
  for (const { code, where, what } of report.problems) {
    out += `${paint("ui.error", textToBytes(where))}: ${textToBytes(what)} (${code})\n`;
  }
  if (verbosity === "quiet") return out;
  const counts = [
    countOf(report.changesets, "changeset"),
    countOf(report.images, "dump"),
    countOf(report.manifests, "manifest"),
    countOf(report.histories, "history", "histories"),
    countOf(report.revisions, "revision"),
    showSize(report.storeBytes),
  ];
  const verdict =
    report.problems.length === 0 ? "nothing wrong" : countOf(report.problems.length, "problem");
  return `${out}checked ${counts.join(", ")}: ${verdict}\n`;
}

export function verifyObject(report: VerifyReport): ByteString {
  return `${jsonLine({ schema: JSON_SCHEMA, ...report })}\n`;
}
