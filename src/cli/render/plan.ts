// The plan of a restore: what an operator needs at three in the morning, the tapes first.
import type { ByteString } from "../../core/bytes.ts";
import type { PlanTapeView, RestorePlanView } from "../../job/requests.ts";
import { shownPath } from "./entry.ts";
import { JSON_SCHEMA } from "./json.ts";
import type { Verbosity } from "./log.ts";
import {
  changesetId,
  changesetObject,
  changesetTitle,
  dateOf,
  imageObject,
  standingText,
} from "./naming.ts";
import type { Paint } from "./paint.ts";
import { countOf, showSize } from "./quantities.ts";
import { bytesToText, textToBytes } from "./text.ts";

/** Paths that cannot be restored; with -v all of them. */
const MISSING_SHOWN = 10;

interface Look {
  readonly verbosity: Verbosity;
  readonly paint: Paint;
}

export function renderPlan(plan: RestorePlanView, { verbosity, paint }: Look): ByteString {
  const what = plan.paths.length === 0 ? "everything" : plan.paths.map(shownPath).join(", ");
  let out = `restore ${changesetTitle(plan.changeset)}: ${what}\n`;
  out += `${contents(plan)}\n`;
  if (plan.tapes.length === 0) out += "no tape is needed\n";
  for (const [i, tape] of plan.tapes.entries()) out += renderTape(tape, i + 1, paint);
  if (plan.missing.length > 0) {
    const all = verbosity === "verbose" || verbosity === "debug";
    const shown = all ? plan.missing : plan.missing.slice(0, MISSING_SHOWN);
    out += `${paint("tape.missing", `${countOf(plan.missing.length, "path")} cannot be restored: no known image holds them`)}\n`;
    for (const path of shown) out += `    ${shownPath(path)}\n`;
    if (shown.length < plan.missing.length)
      out += `    and ${countOf(plan.missing.length - shown.length, "more", "more")}; -v lists them\n`;
  }
  return out;
}

/** "1,204 files, 31 directories, 2 others, 3.1 GiB" */
function contents(plan: RestorePlanView): string {
  const others = plan.others === 0 ? "" : `, ${countOf(plan.others, "other")}`;
  const kinds = `${countOf(plan.files, "file")}, ${countOf(plan.directories, "directory", "directories")}${others}`;
  return `${kinds}, ${showSize(plan.contentBytes)} from ${countOf(plan.tapes.length, "tape")}`;
}

function renderTape(tape: PlanTapeView, number: number, paint: Paint): ByteString {
  const title = paint("ui.heading", `${number}. mount ${textToBytes(tape.label)}`);
  let out = `${title}  ${standingText(tape.standing, paint)}\n`;
  for (const pass of tape.images) {
    const { image } = pass;
    const runs = `${countOf(pass.inodes, "inode")} in ${countOf(pass.reads, "read")}, ${showSize(pass.contentBytes)}`;
    const span = `blocks ${pass.firstBlock} to ${pass.lastBlock} of ${pass.blocks}`;
    out += `    file ${pass.file}: level ${image.level}, ${dateOf(image)}, ${changesetId(image)}\n`;
    out += `        ${runs}, ${span}\n`;
  }
  return out;
}

export function planObject(plan: RestorePlanView): Readonly<Record<string, unknown>> {
  return {
    schema: JSON_SCHEMA,
    changeset: changesetObject(plan.changeset),
    paths: plan.paths.map(bytesToText),
    files: plan.files,
    directories: plan.directories,
    others: plan.others,
    contentBytes: plan.contentBytes,
    tapes: plan.tapes.map(({ label, standing, images }) => ({
      label,
      ...standing,
      images: images.map(({ image, ...pass }) => ({ ...imageObject(image), ...pass })),
    })),
    missing: plan.missing.map(bytesToText),
  };
}
