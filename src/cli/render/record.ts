// The record of one file, for a person and for --json.
import type { ByteString } from "../../core/bytes.ts";
import { TYPE } from "../../core/inode.ts";
import type { CatReport } from "../../job/requests.ts";
import { showAttribute } from "./acl.ts";
import { formatNanoseconds } from "./dates.ts";
import { entryObject, isDevice, modeLetters, shownPath, TYPE_NAMES } from "./entry.ts";
import { changesetObject, changesetTitle, imageObject, imageTitle, tapePlace } from "./naming.ts";
import { showCount } from "./quantities.ts";
import { bytesToText } from "./text.ts";

const NAME_COLUMNS = 13;

/** `zoneOf` gives the zone to show times in. */
export function renderRecord(report: CatReport, zoneOf: (time: number) => number): ByteString {
  const { entry } = report;
  let out = "";
  const line = (name: string, value: ByteString) => {
    out += `${`${name}:`.padEnd(NAME_COLUMNS - 1)} ${value}\n`;
  };
  const time = (seconds: number, nanoseconds: number) =>
    formatNanoseconds(seconds, nanoseconds, zoneOf(seconds));

  line("path", shownPath(entry.path));
  line("changeset", changesetTitle(report.changeset));
  line("type", TYPE_NAMES[entry.type] ?? "unknown");
  if (entry.target !== null) line("target", shownPath(entry.target));
  if (isDevice(entry.type)) line("device", `${entry.rdevMajor}, ${entry.rdevMinor}`);
  line("mode", `${entry.mode.toString(8).padStart(4, "0")} ${modeLetters(entry)}`);
  line("owner", `uid ${entry.uid}, gid ${entry.gid}`);
  if (entry.type === TYPE.file) line("size", `${showCount(entry.size)} bytes`);
  line("modified", time(entry.mtime, entry.mtimeNs));
  line("changed", time(entry.ctime, entry.ctimeNs));
  if (entry.birth !== 0 || entry.birthNs !== 0) {
    line(
      "born",
      entry.birthNs === 0
        ? `${entry.birth} (generation or seconds)`
        : time(entry.birth, entry.birthNs),
    );
  }
  if (entry.digest !== null) line("sha256", entry.digest);
  line("inode", `${entry.dumpInode} on tape, ${entry.sourceInode} in the volume`);
  line("links", linksText(report));
  for (const attribute of entry.attributes) {
    const { name, value } = showAttribute(attribute);
    if (name === "acl" || name === "default acl") line(name, value);
    else line("attribute", `${shownPath(name)} = ${value}`);
  }
  line("revision", entry.node);
  line("since", changesetTitle(report.since));
  if (report.copiedFrom !== null) line("renamed from", shownPath(report.copiedFrom));
  if (entry.stale)
    line("stale", "the dump could not read it; this is the record of the dump before");
  for (const [i, place] of report.places.entries()) {
    const away = place.available ? "" : ", not here";
    line(
      i === 0 ? "on tape" : "also",
      `${tapePlace(place.tape)}, block ${place.block}: ${imageTitle(place.image)}${away}`,
    );
  }
  return out;
}

function linksText({ entry, links }: CatReport): ByteString {
  const others = links.filter((path) => path !== entry.path);
  return others.length === 0
    ? String(entry.nlink)
    : `${entry.nlink}, also ${others.map(shownPath).join(", ")}`;
}

export function recordObject(report: CatReport): Readonly<Record<string, unknown>> {
  return {
    ...entryObject(report.entry),
    changeset: changesetObject(report.changeset),
    since: changesetObject(report.since),
    copiedFrom: report.copiedFrom === null ? null : bytesToText(report.copiedFrom),
    linkedPaths: report.links.map(bytesToText),
    places: report.places.map(({ image, block, tape, available }) => ({
      image: imageObject(image),
      block,
      tape: tape.label,
      file: tape.file,
      available,
    })),
  };
}
