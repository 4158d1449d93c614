// A Drive over a virtual tape: a file with .tap framing. Seeking within an image costs two reads: dumps
// write records of one length, so the place is computed and the framing there checked; only where it does
// not fit are the records counted one by one. Files are found by their records' leading words.
import { closeSync, constants, ftruncateSync, openSync } from "node:fs";
import { errnoOf, ReelError } from "../core/errors.ts";
import {
  newDriveCounters,
  type Drive,
  type DriveCounters,
  type FileSpan,
  type ReadResult,
  type TapePosition,
} from "./drive.ts";
import { FrameReader } from "./frame-reader.ts";
import { LABEL_RECORD_BYTES } from "./label.ts";
import {
  encodeFrame,
  frameBytes,
  framedBytes,
  frameKind,
  MARK_WORD,
  WORD_BYTES,
} from "./virtual-image.ts";
import { syncFile, WriteBehind } from "./write-behind.ts";

/** A full tape takes the filemarks that end its last file, as a real one does after its early warning. */
const MARKS_RESERVE_BYTES = 4 * WORD_BYTES;

export interface VirtualDriveOptions {
  readonly write: boolean;
  /** Length of the tape: a record that would pass it is refused with "end-of-tape". */
  readonly capacityBytes?: number;
}

/** Opens the virtual tape at `path`; with `write` it is made when it is not there. Throws `tape.not-found`. */
export function openVirtualDrive(path: string, options: VirtualDriveOptions): VirtualDrive {
  let fd: number;
  try {
    fd = openSync(
      path,
      options.write ? constants.O_RDWR | constants.O_CREAT : constants.O_RDONLY,
      0o666,
    );
  } catch (error) {
    if (errnoOf(error) === "ENOENT")
      throw new ReelError("tape.not-found", { tape: path }, { cause: error });
    throw new ReelError(
      "tape.io",
      { tape: path, found: `open: ${errnoOf(error)}` },
      { cause: error },
    );
  }
  return new VirtualDrive(fd, path, options);
}

export class VirtualDrive implements Drive {
  readonly name: string;
  readonly seekable = true;
  readonly counters: DriveCounters = newDriveCounters();
  private readonly fd: number;
  private readonly writable: boolean;
  private readonly capacityBytes: number;
  private readonly frames: FrameReader;
  private out: WriteBehind | null = null;
  /** Where the next frame begins. */
  private at = 0;
  private file = 0;
  private record = 0;
  /** Where each file begins, as far as they are known; all up to `file` are. */
  private readonly fileStart: number[] = [0];
  /** Length of each file's first record; 0 while it is not known. */
  private readonly recordBytes: number[] = [0];

  constructor(fd: number, name: string, options: VirtualDriveOptions) {
    this.fd = fd;
    this.name = name;
    this.writable = options.write;
    this.capacityBytes = options.capacityBytes ?? Number.MAX_SAFE_INTEGER;
    this.frames = new FrameReader(fd, name, this.counters);
  }

  position(): TapePosition {
    return { file: this.file, record: this.record };
  }

  async read(into: Uint8Array): Promise<ReadResult> {
    if (this.out) await this.stopWriting();
    const expected = this.recordBytes[this.file] as number;
    if (expected > 0 && expected <= into.byteLength) {
      const frame = this.frames.frame(this.at, expected, into);
      if (frame?.ok) {
        this.pass(expected);
        return { kind: "block", bytes: expected };
      }
    }
    return this.readUnexpected(into);
  }

  private readUnexpected(into: Uint8Array): ReadResult {
    for (;;) {
      const word = this.frames.word(this.at);
      const bytes = frameBytes(word);
      switch (frameKind(word)) {
        case "end":
          return this.at < this.frames.size && this.at + WORD_BYTES > this.frames.size
            ? this.passDamage()
            : { kind: "end-of-data" };
        case "mark":
          return this.passMark() ? { kind: "mark" } : { kind: "end-of-data" };
        case "marker":
          this.at += WORD_BYTES;
          break;
        case "foreign":
          if (this.frames.word(this.at + framedBytes(bytes) - WORD_BYTES) !== word)
            return this.passDamage();
          this.at += framedBytes(bytes);
          break;
        case "invalid":
        case "damaged-record":
          return this.passDamage();
        case "record": {
          if (this.at + framedBytes(bytes) > this.frames.size) return this.passDamage();
          if (bytes > into.byteLength) {
            throw new ReelError("tape.record-too-long", {
              tape: this.name,
              found: bytes,
              wanted: into.byteLength,
            });
          }
          if (!this.frames.frame(this.at, bytes, into)?.ok) return this.passDamage();
          this.pass(bytes);
          return { kind: "block", bytes };
        }
      }
    }
  }

  async write(record: Uint8Array): Promise<"ok" | "end-of-tape"> {
    const out = this.out ?? this.startWriting();
    const bytes = framedBytes(record.byteLength);
    if (this.at + bytes + MARKS_RESERVE_BYTES > this.capacityBytes) return "end-of-tape";
    if (out.nearlyFull(bytes)) {
      // Room for the marks is proved by writing them along; the next record or mark goes over them.
      const frame = Buffer.alloc(bytes + MARKS_RESERVE_BYTES);
      encodeFrame(record, frame, 0);
      if (!(await out.appendNow(frame, bytes))) return "end-of-tape";
    } else {
      const { into, at } = await out.room(bytes);
      encodeFrame(record, into, at);
    }
    this.pass(record.byteLength);
    return "ok";
  }

  async mark(): Promise<void> {
    const out = this.out ?? this.startWriting();
    const { into, at } = await out.room(WORD_BYTES);
    into.fill(MARK_WORD, at, at + WORD_BYTES);
    this.at += WORD_BYTES;
    this.startFile();
  }

  async sync(): Promise<void> {
    await this.out?.flush();
    if (this.writable) await syncFile(this.fd, this.name);
  }

  async space(to: TapePosition): Promise<void> {
    if (this.out) await this.stopWriting();
    const back = { at: this.at, file: this.file, record: this.record };
    if (!this.spaceOrStay(to)) {
      const found = this.position();
      this.at = back.at;
      this.file = back.file;
      this.record = back.record;
      throw new ReelError("tape.no-such-place", {
        tape: this.name,
        file: to.file,
        record: to.record,
        endFile: found.file,
        endRecord: found.record,
      });
    }
  }

  private spaceOrStay(to: TapePosition): boolean {
    if (to.file !== this.file || to.record < this.record) {
      const known = Math.min(to.file, this.fileStart.length - 1);
      this.goToFile(known);
      while (this.file < to.file)
        if (this.passRecords(Number.MAX_SAFE_INTEGER).end !== "mark") return false;
    }
    if (to.record === this.record) return true;
    if (this.computePlace(to.record)) return true;
    this.passRecords(to.record - this.record);
    return this.file === to.file && this.record === to.record;
  }

  /** Goes to a record of this file by arithmetic, if the framing there is what it must be. */
  private computePlace(record: number): boolean {
    const start = this.fileStart[this.file] as number;
    let bytes = this.recordBytes[this.file] as number;
    if (bytes === 0) {
      const first = this.frames.word(start);
      if (frameKind(first) !== "record") return false;
      bytes = frameBytes(first);
      this.recordBytes[this.file] = bytes;
    }
    const at = start + record * framedBytes(bytes);
    if (at > this.frames.size) return false;
    const { before, after } = this.frames.wordsAround(at);
    if (before !== bytes) return false;
    const kind = frameKind(after);
    if (kind === "record" ? frameBytes(after) > bytes : kind !== "mark" && at !== this.frames.size)
      return false;
    this.at = at;
    this.record = record;
    return true;
  }

  async skipFile(): Promise<FileSpan> {
    if (this.out) await this.stopWriting();
    return this.passRecords(Number.MAX_SAFE_INTEGER);
  }

  async spaceToEnd(): Promise<TapePosition> {
    if (this.out) await this.stopWriting();
    this.goToFile(this.fileStart.length - 1);
    while (this.passRecords(Number.MAX_SAFE_INTEGER).end === "mark");
    // What follows the last filemark was cut off in writing: the next writer goes over it.
    this.goToFile(this.file);
    return this.position();
  }

  async rewind(): Promise<void> {
    if (this.out) await this.stopWriting();
    this.goToFile(0);
  }

  async close(): Promise<void> {
    try {
      if (this.out) await this.stopWriting();
    } finally {
      closeSync(this.fd);
    }
  }

  private goToFile(file: number): void {
    this.file = file;
    this.record = 0;
    this.at = this.fileStart[file] as number;
  }

  private startWriting(): WriteBehind {
    if (!this.writable) throw new ReelError("tape.read-only", { tape: this.name });
    if (this.at < this.frames.size) ftruncateSync(this.fd, this.at);
    this.fileStart.length = this.file + 1;
    this.recordBytes.length = this.file + 1;
    if (this.record === 0) this.recordBytes[this.file] = 0;
    this.out = new WriteBehind(this.fd, this.name, this.counters, this.at);
    return this.out;
  }

  private async stopWriting(): Promise<void> {
    const out = this.out;
    this.out = null;
    await out?.close();
    this.frames.refresh();
  }

  /** Counts a record of `bytes` as passed. */
  private pass(bytes: number): void {
    if (this.recordBytes[this.file] === 0) this.recordBytes[this.file] = bytes;
    this.record++;
    this.at += framedBytes(bytes);
  }

  private startFile(): void {
    this.file++;
    this.record = 0;
    if (this.fileStart.length === this.file) {
      this.fileStart.push(this.at);
      this.recordBytes.push(0);
    }
  }

  /** False at the second of two filemarks: there the data ends. */
  private passMark(): boolean {
    if (this.record === 0 && this.file > 0) return false;
    this.at += WORD_BYTES;
    this.startFile();
    return true;
  }

  private passDamage(): ReadResult {
    const at = this.position();
    const known = this.recordBytes[this.file] as number;
    // Were a label passed over with its filemark, every file behind it would have another number.
    const isLabel = this.at === 0 && this.frames.mayHold(0, LABEL_RECORD_BYTES);
    const { next, bytes } = this.frames.resync(this.at, isLabel ? LABEL_RECORD_BYTES : known);
    this.at = next;
    this.record++;
    return { kind: "damaged", at, bytes };
  }

  /** Passes over up to `limit` records of this file, and over its filemark if they end before that. */
  private passRecords(limit: number): FileSpan {
    let records = 0;
    let total = 0;
    let word = records < limit ? this.frames.word(this.at) : MARK_WORD;
    while (records < limit) {
      const bytes = frameBytes(word);
      switch (frameKind(word)) {
        case "mark":
          return { records, bytes: total, end: this.passMark() ? "mark" : "end-of-data" };
        case "end":
          return { records, bytes: total, end: "end-of-data" };
        case "marker":
          this.at += WORD_BYTES;
          word = this.frames.word(this.at);
          continue;
        case "record":
        case "foreign": {
          const { before, after } = this.frames.wordsAround(this.at + framedBytes(bytes));
          if (before === word) {
            if (frameKind(word) === "record") {
              this.pass(bytes);
              records++;
              total += bytes;
            } else this.at += framedBytes(bytes);
            word = after;
            continue;
          }
          break;
        }
        case "damaged-record":
        case "invalid":
          break;
      }
      const lost = this.passDamage();
      records++;
      if (lost.kind === "damaged") total += lost.bytes;
      word = this.frames.word(this.at);
    }
    return { records, bytes: total, end: "mark" };
  }
}
