// A Drive over arrays, for tests: records as they were written, filemarks between them.
import { ReelError } from "../core/errors.ts";
import {
  newDriveCounters,
  type Drive,
  type DriveCounters,
  type FileSpan,
  type ReadResult,
  type TapePosition,
} from "./drive.ts";

export interface MemoryDriveOptions {
  readonly name?: string;
  /** Bytes of records that the tape takes. */
  readonly capacityBytes?: number;
}

export class MemoryDrive implements Drive {
  readonly name: string;
  readonly seekable = true;
  readonly counters: DriveCounters = newDriveCounters();
  /** Records of each file; null is a record that cannot be read. The last file has no filemark yet. */
  readonly files: (Uint8Array | null)[][] = [[]];
  private readonly capacityBytes: number;
  private file = 0;
  private record = 0;

  constructor(options: MemoryDriveOptions = {}) {
    this.name = options.name ?? "memory";
    this.capacityBytes = options.capacityBytes ?? Number.MAX_SAFE_INTEGER;
  }

  position(): TapePosition {
    return { file: this.file, record: this.record };
  }

  async read(into: Uint8Array): Promise<ReadResult> {
    this.counters.reads++;
    const records = this.files[this.file] as (Uint8Array | null)[];
    if (this.record < records.length) {
      const record = records[this.record] as Uint8Array | null;
      if (record === null)
        return { kind: "damaged", at: { file: this.file, record: this.record++ }, bytes: 0 };
      if (record.byteLength > into.byteLength) {
        const found = record.byteLength;
        throw new ReelError("tape.record-too-long", {
          tape: this.name,
          found,
          wanted: into.byteLength,
        });
      }
      into.set(record);
      this.counters.bytesRead += record.byteLength;
      this.record++;
      return { kind: "block", bytes: record.byteLength };
    }
    if (this.file === this.files.length - 1) return { kind: "end-of-data" };
    this.file++;
    this.record = 0;
    return { kind: "mark" };
  }

  async write(record: Uint8Array): Promise<"ok" | "end-of-tape"> {
    this.cut();
    let used = 0;
    for (const file of this.files) for (const kept of file) used += kept?.byteLength ?? 0;
    if (used + record.byteLength > this.capacityBytes) return "end-of-tape";
    (this.files[this.file] as (Uint8Array | null)[]).push(Uint8Array.from(record));
    this.record++;
    this.counters.writes++;
    this.counters.bytesWritten += record.byteLength;
    return "ok";
  }

  async mark(): Promise<void> {
    this.cut();
    this.files.push([]);
    this.file++;
    this.record = 0;
  }

  private cut(): void {
    this.files.length = this.file + 1;
    (this.files[this.file] as unknown[]).length = this.record;
  }

  async sync(): Promise<void> {}

  async space(to: TapePosition): Promise<void> {
    const endFile = this.files.length - 1;
    const records = this.files[to.file];
    if (records === undefined || to.record > records.length) {
      const endRecord = (this.files[Math.min(to.file, endFile)] as unknown[]).length;
      throw new ReelError("tape.no-such-place", {
        tape: this.name,
        file: to.file,
        record: to.record,
        endFile: Math.min(to.file, endFile),
        endRecord,
      });
    }
    this.file = to.file;
    this.record = to.record;
  }

  async skipFile(): Promise<FileSpan> {
    const rest = (this.files[this.file] as (Uint8Array | null)[]).slice(this.record);
    const bytes = rest.reduce((sum, record) => sum + (record?.byteLength ?? 0), 0);
    const ended = this.file < this.files.length - 1;
    if (ended) {
      this.file++;
      this.record = 0;
    } else this.record += rest.length;
    return { records: rest.length, bytes, end: ended ? "mark" : "end-of-data" };
  }

  async spaceToEnd(): Promise<TapePosition> {
    this.file = this.files.length - 1;
    this.record = 0;
    return this.position();
  }

  async rewind(): Promise<void> {
    this.file = 0;
    this.record = 0;
  }

  async close(): Promise<void> {}
}
