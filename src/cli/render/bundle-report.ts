// What went into a bundle, or came out of one.
import type { ByteString } from "../../core/bytes.ts";
import type { BundleReport, TakenBundle } from "../../job/bundle-requests.ts";
import { JSON_SCHEMA, jsonLine } from "./json.ts";
import { countOf, showSize } from "./quantities.ts";
import { textToBytes } from "./text.ts";

export function bundleLine({ file, changesets, revisions, bytes }: BundleReport): ByteString {
  const counts = `${countOf(changesets, "changeset")}, ${countOf(revisions, "revision")}`;
  return `${textToBytes(file)}: ${counts}, ${showSize(bytes)}\n`;
}

export function bundleObject(report: BundleReport): ByteString {
  return `${jsonLine({ schema: JSON_SCHEMA, ...report })}\n`;
}

export function takenLine({ file, changesets, revisions, known }: TakenBundle): ByteString {
  const name = textToBytes(file);
  if (changesets.length === 0 && revisions === 0) return `${name}: nothing new\n`;
  const counts = `${countOf(changesets.length, "changeset")}, ${countOf(revisions, "revision")}`;
  const here = known === 0 ? "" : `; ${countOf(known, "revision")} here already`;
  return `${name}: added ${counts}${here}\n`;
}

export function takenObject(report: TakenBundle): ByteString {
  return `${jsonLine({ schema: JSON_SCHEMA, ...report })}\n`;
}
