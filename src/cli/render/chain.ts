// A level chain with its tapes.
import type { ByteString } from "../../core/bytes.ts";
import type { ChainReport } from "../../job/requests.ts";
import { JSON_SCHEMA } from "./json.ts";
import { changesetId, dateOf, imageObject, standingText, tapePlace } from "./naming.ts";
import type { Paint } from "./paint.ts";
import { countOf, showSize } from "./quantities.ts";

/** The unit of positions on tape. */
const TAPE_BLOCK_BYTES = 1024;

export function renderChain(report: ChainReport, paint: Paint): ByteString {
  let out = "";
  for (const { image, files, blocks, tapes, host } of report.steps) {
    const title = `level ${String(image.level).padEnd(2)} ${dateOf(image)}  ${changesetId(image)}`;
    const content = `${countOf(files, "file")}, ${showSize(blocks * TAPE_BLOCK_BYTES)}`;
    out += `${paint("ui.heading", title)}  ${image.branch} on ${Buffer.from(host, "utf8").toString("latin1")}, ${content}\n`;
    for (const tape of tapes) {
      const last = tape.firstBlock + tape.blocks - 1;
      out += `    ${tapePlace(tape)}, blocks ${tape.firstBlock} to ${last}, ${standingText(tape.standing, paint)}\n`;
    }
  }
  return out;
}

export function chainObject(report: ChainReport): Readonly<Record<string, unknown>> {
  return {
    schema: JSON_SCHEMA,
    steps: report.steps.map(({ image, host, files, blocks, tapes }) => ({
      ...imageObject(image),
      host,
      files,
      blocks,
      tapes,
    })),
  };
}
