// The framing of a virtual tape, as SIMH's .tap files have it: a 32-bit little-endian word, the record
// padded to an even length, the same word again; a lone word 0 is a filemark. The upper four bits of a
// word are a class: 0 a good record, 8 a record read with an error.
// docs/format/tape.md.

export const WORD_BYTES = 4;
export const MARK_WORD = 0;
export const END_WORD = 0xffff_ffff;
const GAP_WORD = 0xffff_fffe;
/** Bit of a record that could not be read without error when the tape was copied. */
export const DAMAGED_BIT = 0x8000_0000;
/** 24 bits of length are what every reader of the format takes. */
export const RECORD_BYTES_MAX = 0xff_ffff;

export type FrameKind =
  | "mark"
  | "record"
  /** A record of class 8: its bytes are there and not to be trusted. */
  | "damaged-record"
  /** A record of a class that is no data: to be passed over. */
  | "foreign"
  /** One word that stands alone (an erase gap, a private marker). */
  | "marker"
  | "end"
  | "invalid";

/** What a leading word announces. */
export function frameKind(word: number): FrameKind {
  if (word === MARK_WORD) return "mark";
  if (word === END_WORD) return "end";
  if (word === GAP_WORD) return "marker";
  const bytes = frameBytes(word);
  switch (word >>> 28) {
    case 0:
      return bytes <= RECORD_BYTES_MAX ? "record" : "invalid";
    case 8:
      return bytes > 0 && bytes <= RECORD_BYTES_MAX ? "damaged-record" : "invalid";
    case 7:
      return "marker";
    case 15:
      return "invalid";
    default:
      return bytes > 0 && bytes <= RECORD_BYTES_MAX ? "foreign" : "invalid";
  }
}

/** Length of the record that a word announces. */
export function frameBytes(word: number): number {
  return word & 0x0fff_ffff;
}

/** Bytes of the whole frame: both words and the padded record. */
export function framedBytes(recordBytes: number): number {
  return 2 * WORD_BYTES + recordBytes + (recordBytes & 1);
}

/** Writes a frame of a good record at `at`; gives the place after it. */
export function encodeFrame(record: Uint8Array, into: Uint8Array, at: number): number {
  const length = record.byteLength;
  const end = at + framedBytes(length);
  putWord(into, at, length);
  into.set(record, at + WORD_BYTES);
  if (length & 1) into[end - WORD_BYTES - 1] = 0;
  putWord(into, end - WORD_BYTES, length);
  return end;
}

export function putWord(into: Uint8Array, at: number, word: number): void {
  into[at] = word;
  into[at + 1] = word >>> 8;
  into[at + 2] = word >>> 16;
  into[at + 3] = word >>> 24;
}

export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
