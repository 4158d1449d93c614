// Reads the frames of a virtual tape: leading words, whole records, and the way on after damage.
import { fstatSync, readSync, readvSync } from "node:fs";
import { errnoOf, ReelError } from "../core/errors.ts";
import type { DriveCounters } from "./drive.ts";
import {
  END_WORD,
  frameBytes,
  frameKind,
  framedBytes,
  wordAt,
  WORD_BYTES,
} from "./virtual-image.ts";

const SCAN_BYTES = 1 << 20;
/** When no record's length is known, only lengths like a dump's are looked for after damage. */
const LIKELY_LENGTH_UNIT = 512;
const LIKELY_LENGTH_MAX = 1 << 20;

export class FrameReader {
  private readonly fd: number;
  private readonly name: string;
  private readonly counters: DriveCounters;
  private readonly words = Buffer.alloc(2 * WORD_BYTES);
  private readonly head = Buffer.alloc(WORD_BYTES);
  private readonly tail = Buffer.alloc(WORD_BYTES);
  /** Length of the file; `refresh` after writing. */
  size = 0;

  constructor(fd: number, name: string, counters: DriveCounters) {
    this.fd = fd;
    this.name = name;
    this.counters = counters;
    this.refresh();
  }

  refresh(): void {
    this.size = fstatSync(this.fd).size;
  }

  /** The word at `at`; END_WORD where the file ends, whether at a word's edge or within one. */
  word(at: number): number {
    if (at < 0 || at + WORD_BYTES > this.size) return END_WORD;
    return this.readAt(this.words, WORD_BYTES, at) < WORD_BYTES ? END_WORD : wordAt(this.words, 0);
  }

  /**
   * Both words around `at` in one read: that which ends the frame before it, and that which begins the
   * next, END_WORD at the end of the file.
   */
  wordsAround(at: number): { readonly before: number; readonly after: number } {
    const got = this.readAt(this.words, 2 * WORD_BYTES, at - WORD_BYTES);
    return {
      before: got >= WORD_BYTES ? wordAt(this.words, 0) : END_WORD,
      after: got >= 2 * WORD_BYTES ? wordAt(this.words, WORD_BYTES) : END_WORD,
    };
  }

  /**
   * Reads the frame at `at` in one call, given that its record has `expected` bytes: its leading word, and
   * the record and the closing word into their places. Gives null when another word than expected leads.
   */
  frame(at: number, expected: number, into: Uint8Array): { readonly ok: boolean } | null {
    const padding = expected & 1;
    const parts: Uint8Array[] = [this.head, into.subarray(0, expected)];
    if (padding) parts.push(this.words.subarray(0, 1));
    parts.push(this.tail);
    const wanted = framedBytes(expected);
    const got = this.readv(parts, at);
    if (got < WORD_BYTES || wordAt(this.head, 0) !== expected) return null;
    return { ok: got === wanted && wordAt(this.tail, 0) === expected };
  }

  /** Where the next sound frame begins after damage at `at`; `size` when there is none. */
  resync(at: number, knownBytes: number): { readonly next: number; readonly bytes: number } {
    const leading = this.word(at);
    if (knownBytes > 0) {
      const next = at + framedBytes(knownBytes);
      if (this.word(next - WORD_BYTES) === knownBytes && this.soundAt(next))
        return { next, bytes: knownBytes };
    }
    if (frameKind(leading) === "record" || frameKind(leading) === "damaged-record") {
      const bytes = frameBytes(leading);
      const next = at + framedBytes(bytes);
      if (bytes === knownBytes ? this.soundAt(next) : this.soundRecordAt(next))
        return { next, bytes };
    }
    return { next: this.scan(at + 2, knownBytes), bytes: 0 };
  }

  /** Whether one word at least and what follows say that a record of `bytes` stands at `at`. */
  mayHold(at: number, bytes: number): boolean {
    const next = at + framedBytes(bytes);
    const said = this.word(at) === bytes || this.word(next - WORD_BYTES) === bytes;
    return said && this.soundAt(next);
  }

  private scan(from: number, knownBytes: number): number {
    const chunk = Buffer.allocUnsafe(SCAN_BYTES);
    for (let start = from; start + WORD_BYTES <= this.size; start += SCAN_BYTES - 2) {
      const got = this.readAt(chunk, SCAN_BYTES, start);
      for (let i = 0; i + WORD_BYTES <= got; i += 2) {
        const word = wordAt(chunk, i);
        const likely =
          knownBytes > 0
            ? word === knownBytes
            : word > 0 && word <= LIKELY_LENGTH_MAX && word % LIKELY_LENGTH_UNIT === 0;
        if (likely && this.soundRecordAt(start + i) && this.soundAt(start + i + framedBytes(word)))
          return start + i;
      }
    }
    return this.size;
  }

  /** A good record's frame, both words equal. */
  private soundRecordAt(at: number): boolean {
    const word = this.word(at);
    return frameKind(word) === "record" && this.word(at + framedBytes(word) - WORD_BYTES) === word;
  }

  private soundAt(at: number): boolean {
    if (at === this.size) return true;
    return at < this.size && (frameKind(this.word(at)) === "mark" || this.soundRecordAt(at));
  }

  private readAt(into: Uint8Array, length: number, at: number): number {
    try {
      const got = readSync(this.fd, into, 0, length, at);
      this.counters.reads++;
      this.counters.bytesRead += got;
      return got;
    } catch (error) {
      throw this.failed(error);
    }
  }

  private readv(parts: Uint8Array[], at: number): number {
    try {
      const got = readvSync(this.fd, parts, at);
      this.counters.reads++;
      this.counters.bytesRead += got;
      return got;
    } catch (error) {
      throw this.failed(error);
    }
  }

  private failed(error: unknown): ReelError {
    return new ReelError(
      "tape.io",
      { tape: this.name, found: `read: ${errnoOf(error)}` },
      { cause: error },
    );
  }
}
