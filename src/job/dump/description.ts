// The line that a person would write of a dump.
import { showBytes } from "../../core/bytes.ts";
import type { DumpOutcome } from "../../dump/request.ts";
import type { DumpRequest } from "../requests.ts";
import type { DumpIdentity } from "./identity.ts";

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** "3.1 GiB", "812 bytes". */
export function showSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  if (unit === 0) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** "1,204": by hand, since the locale tables take 18 ms to load. */
function showCount(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** "level 2 of /vol/vol1, 1,204 files, 3.1 GiB on VOL003", and the operator's message below. */
export function describeDump(
  request: DumpRequest,
  identity: DumpIdentity,
  outcome: DumpOutcome,
): string {
  const files = `${showCount(outcome.files)} ${outcome.files === 1 ? "file" : "files"}`;
  const labels = [...new Set(outcome.extents.map((extent) => extent.label))].filter(
    (label) => label !== "-",
  );
  const where = labels.length === 0 ? "" : ` on ${labels.join(", ")}`;
  const line = `level ${request.level} of ${showBytes(identity.name)}, ${files}, ${showSize(outcome.contentBytes)}${where}`;
  return request.message === null || request.message === ""
    ? line
    : `${line}\n\n${request.message}`;
}
