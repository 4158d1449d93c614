// Changesets, images and tapes as reports name them.
import type { ByteString } from "../../core/bytes.ts";
import { shortNode } from "../../core/ids.ts";
import type { ChangesetName, ImageName, TapeExtentView, TapeStanding } from "../../job/requests.ts";
import { DATE_FORMAT, formatDate } from "./dates.ts";
import type { Paint } from "./paint.ts";
import { bytesToText, textToBytes } from "./text.ts";

/** "4:267d32f158b3" */
export function changesetId({ rev, node }: ChangesetName): string {
  return `${rev}:${shortNode(node)}`;
}

/** "4:267d32f158b3 of /home, 2026-03-02 20:00 +0000" */
export function changesetTitle(name: ChangesetName): ByteString {
  return `${changesetId(name)} of ${name.branch}, ${dateOf(name)}`;
}

/** "level 2 of /home, 2026-03-02 20:00 +0000, 4:267d32f158b3" */
export function imageTitle(image: ImageName): ByteString {
  return `level ${image.level} of ${image.branch}, ${dateOf(image)}, ${changesetId(image)}`;
}

export function dateOf({ time, zone }: { readonly time: number; readonly zone: number }): string {
  return formatDate(time, zone, DATE_FORMAT.isodate);
}

export function changesetObject(name: ChangesetName): Readonly<Record<string, unknown>> {
  return {
    rev: name.rev,
    node: name.node,
    branch: bytesToText(name.branch),
    date: [name.time, name.zone],
  };
}

export function imageObject(image: ImageName): Readonly<Record<string, unknown>> {
  return { ...changesetObject(image), level: image.level, imageId: image.imageId };
}

/** "VOL003 file 2" */
export function tapePlace({ label, file }: Pick<TapeExtentView, "label" | "file">): ByteString {
  return `${textToBytes(label)} file ${file}`;
}

/** "in the library", or what has to be done first, so that it is seen. */
export function standingText(standing: TapeStanding, paint: Paint): ByteString {
  const where = textToBytes(standing.where);
  if (standing.available) return paint("tape.here", where);
  const copies =
    standing.copies.length === 0 ? "" : `; copy: ${textToBytes(standing.copies.join(", "))}`;
  return paint("tape.missing", `FETCH IT: ${where}${copies}`);
}
