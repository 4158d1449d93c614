// Sinks of a scan: content kept in memory up to a limit, and content hashed.
import { createHash, type Hash } from "node:crypto";
import { EMPTY } from "../core/bytes.ts";
import type { ContentSink } from "./content.ts";

const FIRST_BYTES = 4096;

/** Keeps what it is given, holes as zeros; grows by what comes, never by what was announced. */
export class Collector implements ContentSink {
  private readonly bytesMax: number;
  private buffer: Uint8Array = EMPTY;
  private length = 0;
  /** More came than it may keep. */
  overflown = false;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  reset(): void {
    this.length = 0;
    this.overflown = false;
  }

  data(fileOffset: number, bytes: Uint8Array, start: number, length: number): void {
    const end = fileOffset + length;
    if (end > this.bytesMax) {
      this.overflown = true;
      return;
    }
    if (end > this.buffer.byteLength) {
      const next = new Uint8Array(
        Math.min(this.bytesMax, Math.max(FIRST_BYTES, end, this.buffer.byteLength * 2)),
      );
      next.set(this.buffer.subarray(0, this.length));
      this.buffer = next;
    }
    if (fileOffset > this.length) this.buffer.fill(0, this.length, fileOffset);
    this.buffer.set(bytes.subarray(start, start + length), fileOffset);
    this.length = end;
  }

  /** A view, valid until the next `data`. */
  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}

const ZEROS = new Uint8Array(256 * 1024);

/** Hashes a file's content, holes as zeros, and gives it on to another sink. */
export class Hasher implements ContentSink {
  private readonly hash: Hash = createHash("sha256");
  private readonly next: ContentSink | null;
  private hashed = 0;

  constructor(next: ContentSink | null) {
    this.next = next;
  }

  data(fileOffset: number, bytes: Uint8Array, start: number, length: number): void {
    this.zerosTo(fileOffset);
    this.hash.update(bytes.subarray(start, start + length));
    this.hashed += length;
    this.next?.data(fileOffset, bytes, start, length);
  }

  digest(size: number): Uint8Array {
    this.zerosTo(size);
    return this.hash.digest();
  }

  private zerosTo(fileOffset: number): void {
    while (this.hashed < fileOffset) {
      const length = Math.min(ZEROS.byteLength, fileOffset - this.hashed);
      this.hash.update(length === ZEROS.byteLength ? ZEROS : ZEROS.subarray(0, length));
      this.hashed += length;
    }
  }
}
