// The seam of a tape drive. Blocks here are tape records as the medium holds them: one write, one record.

/** File number (filemarks passed) and record within it, both from 0. */
export interface TapePosition {
  readonly file: number;
  readonly record: number;
}

export type ReadResult =
  | { readonly kind: "block"; readonly bytes: number }
  | { readonly kind: "mark" }
  | { readonly kind: "end-of-data" }
  /** The record is lost; the tape stands after it. `bytes` is its length where that is known, else 0. */
  | { readonly kind: "damaged"; readonly at: TapePosition; readonly bytes: number };

export interface DriveCounters {
  /** Calls that read, those that only look for the next record included. */
  reads: number;
  bytesRead: number;
  writes: number;
  bytesWritten: number;
}

export function newDriveCounters(): DriveCounters {
  return { reads: 0, bytesRead: 0, writes: 0, bytesWritten: 0 };
}

/** What lay between a place and the end of its file. */
export interface FileSpan {
  readonly records: number;
  /** Bytes of the records, lost ones as far as their lengths are known. */
  readonly bytes: number;
  /** "end-of-data": no filemark ends the file; its writer was stopped. */
  readonly end: "mark" | "end-of-data";
}

/** One tape under one head: a single owner, one call at a time. */
export interface Drive {
  /** For messages: the path or device. */
  readonly name: string;
  /** What was asked of the medium so far. */
  readonly counters: DriveCounters;
  /** False for pipes: only reading and writing forward. */
  readonly seekable: boolean;
  /**
   * Fills `into` (caller's) with the next record. A record longer than `into` throws `tape.record-too-long`
   * with its length and stays next. Reading past a filemark moves into the next file.
   */
  read(into: Uint8Array): Promise<ReadResult>;
  /**
   * Writes one whole record. "end-of-tape": nothing of this record was kept; it belongs on another tape.
   * The bytes may be reused when it resolves. Writing cuts off what lay after this place.
   */
  write(record: Uint8Array): Promise<"ok" | "end-of-tape">;
  /** Writes a filemark. */
  mark(): Promise<void>;
  /** Makes what was written durable. */
  sync(): Promise<void>;
  /**
   * Goes to a place; a place after the last record of a file is its filemark. Throws `tape.no-such-place`.
   * A drive that is not seekable spaces forward by reading, and throws when asked to go back.
   */
  space(to: TapePosition): Promise<void>;
  /** Passes over the rest of this file and its filemark. At the end of the data it gives no records. */
  skipFile(): Promise<FileSpan>;
  /** Goes behind the last file that ends in a filemark; gives the number of files. For appending. */
  spaceToEnd(): Promise<TapePosition>;
  rewind(): Promise<void>;
  position(): TapePosition;
  close(): Promise<void>;
}
