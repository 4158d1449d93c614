// A Drive over a plain file or a pipe: one image as a raw stream, without framing and without filemarks.
import {
  close,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  read,
  readSync,
} from "node:fs";
import { errnoOf, ReelError } from "../core/errors.ts";
import {
  newDriveCounters,
  type Drive,
  type DriveCounters,
  type FileSpan,
  type ReadResult,
  type TapePosition,
} from "./drive.ts";
import { syncFile, WriteBehind } from "./write-behind.ts";

const EMPTY_PIPE_WAIT_MS = 2;
const STDIN = 0;
const STDOUT = 1;

export interface PlainDriveOptions {
  readonly write: boolean;
  /** How much `read` gives at once; the last record of a file may be shorter. */
  readonly recordBytes: number;
}

/** Opens a plain file, a pipe by its path, "-" for the standard stream, or a descriptor that stays open. */
export function openPlainDrive(target: string | number, options: PlainDriveOptions): PlainDrive {
  if (typeof target === "number")
    return new PlainDrive(target, `descriptor ${target}`, false, options);
  if (target === "-") {
    const name = options.write ? "standard output" : "standard input";
    return new PlainDrive(options.write ? STDOUT : STDIN, name, false, options);
  }
  try {
    const flags = options.write ? constants.O_WRONLY | constants.O_CREAT : constants.O_RDONLY;
    return new PlainDrive(openSync(target, flags, 0o666), target, true, options);
  } catch (error) {
    if (errnoOf(error) === "ENOENT")
      throw new ReelError("tape.not-found", { tape: target }, { cause: error });
    throw new ReelError(
      "tape.io",
      { tape: target, found: `open: ${errnoOf(error)}` },
      { cause: error },
    );
  }
}

export class PlainDrive implements Drive {
  readonly name: string;
  readonly seekable: boolean;
  readonly counters: DriveCounters = newDriveCounters();
  readonly recordBytes: number;
  private readonly fd: number;
  private readonly owned: boolean;
  private readonly writable: boolean;
  private out: WriteBehind | null = null;
  private at = 0;
  private marked = false;

  constructor(fd: number, name: string, owned: boolean, options: PlainDriveOptions) {
    this.fd = fd;
    this.name = name;
    this.owned = owned;
    this.writable = options.write;
    this.recordBytes = options.recordBytes;
    this.seekable = fstatSync(fd).isFile() || fstatSync(fd).isBlockDevice();
  }

  position(): TapePosition {
    return this.marked
      ? { file: 1, record: 0 }
      : { file: 0, record: Math.ceil(this.at / this.recordBytes) };
  }

  async read(into: Uint8Array): Promise<ReadResult> {
    if (into.byteLength < this.recordBytes) {
      throw new ReelError("tape.record-too-long", {
        tape: this.name,
        found: this.recordBytes,
        wanted: into.byteLength,
      });
    }
    let filled = 0;
    while (filled < this.recordBytes) {
      const got = this.seekable
        ? readSync(this.fd, into, filled, this.recordBytes - filled, this.at + filled)
        : await this.readPipe(into, filled, this.recordBytes - filled);
      this.counters.reads++;
      this.counters.bytesRead += got;
      if (got === 0) break;
      filled += got;
    }
    this.at += filled;
    return filled === 0 ? { kind: "end-of-data" } : { kind: "block", bytes: filled };
  }

  private readPipe(into: Uint8Array, at: number, length: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        read(this.fd, into, at, length, null, (error, got) => {
          if (error?.code === "EAGAIN") setTimeout(attempt, EMPTY_PIPE_WAIT_MS);
          else if (error) {
            reject(
              new ReelError(
                "tape.io",
                { tape: this.name, found: `read: ${errnoOf(error)}` },
                { cause: error },
              ),
            );
          } else resolve(got);
        });
      };
      attempt();
    });
  }

  async write(record: Uint8Array): Promise<"ok" | "end-of-tape"> {
    if (!this.writable) throw new ReelError("tape.read-only", { tape: this.name });
    if (this.marked) throw new ReelError("tape.one-image", { tape: this.name });
    if (this.out === null) {
      if (this.seekable && fstatSync(this.fd).isFile()) ftruncateSync(this.fd, this.at);
      this.out = new WriteBehind(this.fd, this.name, this.counters, this.seekable ? this.at : null);
    }
    if (this.out.nearlyFull(record.byteLength)) {
      if (!(await this.out.appendNow(record, record.byteLength))) return "end-of-tape";
    } else {
      const { into, at } = await this.out.room(record.byteLength);
      into.set(record, at);
    }
    this.at += record.byteLength;
    return "ok";
  }

  /** Ends the image; nothing is written for it. */
  async mark(): Promise<void> {
    await this.out?.flush();
    this.marked = true;
  }

  async sync(): Promise<void> {
    await this.out?.flush();
    if (this.writable) await syncFile(this.fd, this.name);
  }

  async space(to: TapePosition): Promise<void> {
    await this.finishWriting();
    const at = to.record * this.recordBytes;
    if (this.seekable) {
      const { size } = fstatSync(this.fd);
      if (to.file > 0 || (at > size && to.record > Math.ceil(size / this.recordBytes))) {
        throw this.noSuchPlace(to, Math.ceil(size / this.recordBytes));
      }
      this.at = Math.min(at, size);
      return;
    }
    if (to.file > 0) throw this.noSuchPlace(to, this.position().record);
    if (at < this.at) throw new ReelError("tape.not-seekable", { tape: this.name });
    const scratch = Buffer.allocUnsafe(this.recordBytes);
    while (this.at < at) {
      if ((await this.read(scratch)).kind !== "block")
        throw this.noSuchPlace(to, this.position().record);
    }
  }

  private noSuchPlace(to: TapePosition, endRecord: number): ReelError {
    const { file, record } = to;
    return new ReelError("tape.no-such-place", {
      tape: this.name,
      file,
      record,
      endFile: 0,
      endRecord,
    });
  }

  async skipFile(): Promise<FileSpan> {
    await this.finishWriting();
    if (this.seekable) {
      const bytes = Math.max(0, fstatSync(this.fd).size - this.at);
      this.at += bytes;
      return { records: Math.ceil(bytes / this.recordBytes), bytes, end: "end-of-data" };
    }
    const scratch = Buffer.allocUnsafe(this.recordBytes);
    const from = this.at;
    let records = 0;
    while ((await this.read(scratch)).kind === "block") records++;
    return { records, bytes: this.at - from, end: "end-of-data" };
  }

  /** A plain file is written from its start. */
  async spaceToEnd(): Promise<TapePosition> {
    await this.finishWriting();
    if (this.seekable) this.at = 0;
    return this.position();
  }

  async rewind(): Promise<void> {
    await this.finishWriting();
    if (!this.seekable && this.at > 0)
      throw new ReelError("tape.not-seekable", { tape: this.name });
    this.at = 0;
    this.marked = false;
  }

  async close(): Promise<void> {
    try {
      await this.finishWriting();
    } finally {
      // Closing a pipe may wait for its reader; closing a file does not.
      if (this.owned && this.seekable) closeSync(this.fd);
      else if (this.owned) await new Promise<void>((resolve) => close(this.fd, () => resolve()));
    }
  }

  private async finishWriting(): Promise<void> {
    const out = this.out;
    this.out = null;
    await out?.close();
  }
}
