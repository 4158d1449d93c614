// Tapes: a list of them, what is on one, and what a check of one found.
import type { ByteString } from "../../core/bytes.ts";
import type {
  TapeImageView,
  TapeListReport,
  TapeShowReport,
  TapeVerifyReport,
} from "../../job/tape-requests.ts";
import { DATE_FORMAT, formatDate } from "./dates.ts";
import { JSON_SCHEMA, jsonLine } from "./json.ts";
import { changesetId, changesetObject, standingText } from "./naming.ts";
import type { Paint } from "./paint.ts";
import { countOf, showCount, showSize } from "./quantities.ts";
import { renderTable } from "./table.ts";
import { textToBytes } from "./text.ts";

const TAPE_BLOCK_BYTES = 1024;

export function renderTapeList(report: TapeListReport, paint: Paint): ByteString {
  if (report.tapes.length === 0)
    return `no tapes yet; the library is ${textToBytes(report.library)}\n`;
  const rows = report.tapes.map((tape) => [
    textToBytes(tape.label),
    String(tape.images),
    showSize(tape.bytes),
    tape.capacityBytes === 0 ? "" : `of ${showSize(tape.capacityBytes)}`,
    tape.lastDate === 0 ? "-" : formatDate(tape.lastDate, 0, DATE_FORMAT.isodate),
    standingText(tape.standing, paint),
  ]);
  const headings = ["label", "images", "size", "", "last dump", "where"];
  return renderTable([headings, ...rows], new Set([1, 2]));
}

export function tapeListObject(report: TapeListReport): ByteString {
  return `${jsonLine({ schema: JSON_SCHEMA, ...report })}\n`;
}

export function renderTapeShow(
  report: TapeShowReport,
  zoneOf: (time: number) => number,
): ByteString {
  let out = `${textToBytes(report.label)}  ${textToBytes(report.path)}\n`;
  if (report.images.length === 0) out += "no images\n";
  else out += imageTable(report.images, zoneOf);
  for (const damage of report.damaged) out += `damaged: ${textToBytes(damage)}\n`;
  return out;
}

function imageTable(
  images: readonly TapeImageView[],
  zoneOf: (time: number) => number,
): ByteString {
  const rows = images.map((image) => [
    String(image.number),
    String(image.file),
    String(image.level),
    formatDate(image.date, zoneOf(image.date), DATE_FORMAT.isodate),
    showSize(image.blocks * TAPE_BLOCK_BYTES),
    String(image.blockingFactor),
    `${image.host}:${image.filesystem}`,
    image.changeset === null
      ? image.imageId === null
        ? "not written by reel"
        : "not in this catalog"
      : changesetId(image.changeset),
  ]);
  const headings = ["n", "file", "level", "date", "size", "-b", "volume", "changeset"];
  return renderTable(
    [headings, ...rows.map((row) => row.map(textToBytes))],
    new Set([0, 1, 2, 4, 5]),
  );
}

function imageObject(image: TapeImageView): Readonly<Record<string, unknown>> {
  return {
    ...image,
    changeset: image.changeset === null ? null : changesetObject(image.changeset),
  };
}

export function tapeShowObject(report: TapeShowReport): ByteString {
  return `${jsonLine({ schema: JSON_SCHEMA, ...report, images: report.images.map(imageObject) })}\n`;
}

export function renderTapeVerify(
  report: TapeVerifyReport,
  zoneOf: (time: number) => number,
): ByteString {
  let out = "";
  for (const image of report.images) {
    const date = formatDate(image.date, zoneOf(image.date), DATE_FORMAT.isodate);
    const checked =
      image.digestsRight < 0
        ? "not in the catalog, stream checked only"
        : `${showCount(image.digestsRight)} contents as in the catalog`;
    const verdict =
      image.problems.length === 0 ? "good" : countOf(image.problems.length, "problem");
    const title = `image ${image.number}, level ${image.level} of ${image.filesystem}, ${date}`;
    out += `${textToBytes(title)}: ${countOf(image.files, "file")}, ${checked}, ${verdict}\n`;
    for (const problem of image.problems) out += `    ${textToBytes(problem)}\n`;
  }
  if (out === "") out = `${textToBytes(report.label)}: no images\n`;
  for (const damage of report.damaged) out += `damaged: ${textToBytes(damage)}\n`;
  return out;
}

export function tapeVerifyObject(report: TapeVerifyReport): ByteString {
  return `${jsonLine({ schema: JSON_SCHEMA, ...report, images: report.images.map(imageObject) })}\n`;
}
