// The label of a tape: one 80-byte record in the manner of ANSI's VOL1, and a filemark: file 0 of a
// labelled tape. A tape without one begins with its first image. docs/format/tape.md.
//    0  4 "VOL1"                              24 13 "REEL", blanks
//    4  6 the label's first six characters    37 14 capacity in bytes, decimal, or blanks
//   51 16 the whole label, blanks             67 12 blanks      79 1 "4"
import { byteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import type { Drive } from "./drive.ts";

export const LABEL_RECORD_BYTES = 80;
export const LABEL_LENGTH_MAX = 16;
const CAPACITY_AT = 37;
/** 14 digits. */
const CAPACITY_LIMIT = 1e14;
const WHOLE_AT = 51;

/** 1 to 16 printable ASCII characters, no blank and no slash, as a file of the library is named after it. */
export function checkLabel(label: string): string {
  if (!/^[!-.0-~]{1,16}$/.test(label) || label === "." || label === ".." || label === "-") {
    throw new ReelError("tape.bad-label", { found: JSON.stringify(label.slice(0, 40)) });
  }
  return label;
}

export interface TapeLabel {
  readonly label: string;
  /** Length that the tape was given; null when it says none. */
  readonly capacityBytes: number | null;
}

/** Throws `tape.bad-label`. */
export function encodeLabel(label: string, capacityBytes: number | null = null): Uint8Array {
  checkLabel(label);
  const record = Buffer.alloc(LABEL_RECORD_BYTES, " ", "latin1");
  record.write("VOL1", 0, "latin1");
  record.write(label.slice(0, 6), 4, "latin1");
  record.write("REEL", 24, "latin1");
  if (capacityBytes !== null && capacityBytes < CAPACITY_LIMIT) {
    record.write(String(capacityBytes), CAPACITY_AT, "latin1");
  }
  record.write(label, WHOLE_AT, "latin1");
  record.write("4", LABEL_RECORD_BYTES - 1, "latin1");
  return record;
}

/** The label in a tape's first record, another system's too (its six characters); null when it is none. */
export function decodeLabel(record: Uint8Array): TapeLabel | null {
  if (record.byteLength !== LABEL_RECORD_BYTES) return null;
  const text = byteString(record);
  if (!text.startsWith("VOL1")) return null;
  const ours = text.slice(24, 37).trimEnd() === "REEL";
  const label = (
    ours ? text.slice(WHOLE_AT, WHOLE_AT + LABEL_LENGTH_MAX) : text.slice(4, 10)
  ).trimEnd();
  if (!/^[!-.0-~]{1,16}$/.test(label)) return null;
  const capacity = text.slice(CAPACITY_AT, WHOLE_AT).trimEnd();
  return { label, capacityBytes: ours && /^[0-9]+$/.test(capacity) ? Number(capacity) : null };
}

/** Writes the label as file 0 of an empty tape, or over what it held. */
export async function writeLabel(
  drive: Drive,
  label: string,
  capacityBytes: number | null = null,
): Promise<void> {
  const record = encodeLabel(label, capacityBytes);
  await drive.rewind();
  if ((await drive.write(record)) === "end-of-tape")
    throw new ReelError("tape.full", { tape: drive.name, blocks: 0 });
  await drive.mark();
  await drive.sync();
}

/** The label of the tape, null when it has none. The tape stands at its first record afterwards. */
export async function readLabel(drive: Drive): Promise<TapeLabel | null> {
  await drive.rewind();
  const record = Buffer.allocUnsafe(LABEL_RECORD_BYTES);
  try {
    const result = await drive.read(record);
    return result.kind === "block" ? decodeLabel(record.subarray(0, result.bytes)) : null;
  } catch (error) {
    if (error instanceof ReelError && error.code === "tape.record-too-long") return null;
    throw error;
  } finally {
    await drive.rewind();
  }
}
