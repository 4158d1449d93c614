// Appends to a file or a pipe in large blocks, one of them with the kernel while the next is filled. A block's
// whole pages go past the page cache where the file system lets them: see direct-writes.ts.
import { fsync, ftruncateSync, statfsSync, write, writeSync } from "node:fs";
import { errnoOf, ReelError } from "../core/errors.ts";
import {
  closeDirect,
  givePageBuffer,
  openDirect,
  PAGE_BYTES,
  takePageBuffer,
} from "./direct-writes.ts";
import type { DriveCounters } from "./drive.ts";

/** Measured against a quarter, a half and one MiB: the call costs little beside its copying. */
const BLOCK_BYTES = 2 << 20;
/** Below this much free space every write is made at once, so that none is acknowledged and then lost. */
const CAREFUL_BYTES = 32 << 20;
/** How many bytes may be written between two looks at the free space. */
const LOOK_EVERY_BYTES = 16 << 20;
const FULL_PIPE_WAIT_MS = 2;
/** A direct write that the file system, or what lies below it, cannot make. */
const CANNOT: ReadonlySet<string> = new Set(["EINVAL", "EOPNOTSUPP", "ENOTSUP"]);

/** Makes what a file holds durable; what cannot be (a pipe, a terminal) is no error. */
export function syncFile(fd: number, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(fd, (error) => {
      if (error && error.code !== "EINVAL" && error.code !== "ENOTSUP" && error.code !== "EROFS") {
        reject(
          new ReelError(
            "tape.io",
            { tape: name, found: `sync: ${errnoOf(error)}` },
            { cause: error },
          ),
        );
      } else resolve();
    });
  });
}

export class WriteBehind {
  private readonly fd: number;
  private readonly name: string;
  private readonly counters: DriveCounters;
  /** False for a pipe, which has no places. */
  private readonly placed: boolean;
  /** For direct writes; -1 for none. */
  private direct = -1;
  private filling: Buffer = takePageBuffer(BLOCK_BYTES);
  private spare: Buffer = takePageBuffer(BLOCK_BYTES);
  /** Where the first byte of `filling` belongs in the file; a multiple of a page, but in a pipe. */
  private origin = 0;
  /** What of `filling` is still to be written. */
  private from = 0;
  private filled = 0;
  private flight: Promise<void> | null = null;
  private failure: unknown = null;
  private freeBytes = 0;
  private sinceLook: number = LOOK_EVERY_BYTES;

  /** Writes from `place` on; null for a pipe. */
  constructor(fd: number, name: string, counters: DriveCounters, place: number | null) {
    this.fd = fd;
    this.name = name;
    this.counters = counters;
    this.placed = place !== null;
    if (place !== null) {
      this.direct = openDirect(fd);
      this.goOn(place);
    }
  }

  /** The next byte belongs at `place`: its place in the buffer is as far from a page's begin. */
  private goOn(place: number): void {
    this.from = place % PAGE_BYTES;
    this.filled = this.from;
    this.origin = place - this.from;
  }

  /** True when the file system may not take what a block holds: then use `appendNow`. */
  nearlyFull(bytes: number): boolean {
    if (!this.placed) return false;
    this.sinceLook += bytes;
    if (this.sinceLook >= LOOK_EVERY_BYTES || this.freeBytes - this.sinceLook < CAREFUL_BYTES)
      this.look();
    return this.freeBytes < CAREFUL_BYTES;
  }

  /** Gives `bytes` of room at a place in a buffer; the caller fills them before the next call. */
  async room(bytes: number): Promise<{ readonly into: Buffer; readonly at: number }> {
    if (this.filled + bytes > this.filling.byteLength) {
      await this.send(false);
      if (this.filled + bytes > this.filling.byteLength) this.makeRoom(this.filled + bytes);
    }
    const at = this.filled;
    this.filled += bytes;
    return { into: this.filling, at };
  }

  /** For a record longer than a block. */
  private makeRoom(bytes: number): void {
    const larger = takePageBuffer(bytes);
    larger.set(this.filling.subarray(this.from, this.filled), this.from);
    this.filling = larger;
  }

  /**
   * Writes all of `bytes` at once, everything before them first, and keeps the first `keep` of them. False,
   * and nothing of them kept, when there is no space.
   */
  async appendNow(bytes: Uint8Array, keep: number): Promise<boolean> {
    await this.flush();
    const place = this.origin + this.filled;
    let done = 0;
    try {
      while (done < bytes.byteLength) {
        done += writeSync(this.fd, bytes, done, bytes.byteLength - done, place + done);
        this.counters.writes++;
      }
    } catch (error) {
      if (done > 0) ftruncateSync(this.fd, place);
      const errno = errnoOf(error);
      if (errno === "ENOSPC" || errno === "EDQUOT") return false;
      throw this.failed(error);
    }
    this.counters.bytesWritten += keep;
    if (keep < bytes.byteLength) ftruncateSync(this.fd, place + keep);
    this.goOn(place + keep);
    return true;
  }

  /** Hands all that was appended to the kernel. */
  async flush(): Promise<void> {
    if (this.filled > this.from) await this.send(true);
    if (this.flight) await this.flight;
    this.flight = null;
    if (this.failure !== null) throw this.failed(this.failure);
  }

  /** Flushes; nothing can be appended afterwards. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.stopDirect();
      givePageBuffer(this.filling);
      givePageBuffer(this.spare);
    }
  }

  private look(): void {
    try {
      const { bavail, bsize } = statfsSync(`/proc/self/fd/${this.fd}`);
      this.freeBytes = bavail * bsize;
    } catch {
      this.freeBytes = Number.MAX_SAFE_INTEGER; // no /proc: a lack of space is then found by the write
    }
    this.sinceLook = 0;
  }

  /** Sends what is filled; where more will follow, the part of a page at its end waits for the rest. */
  private async send(all: boolean): Promise<void> {
    if (this.flight) await this.flight;
    if (this.failure !== null) throw this.failed(this.failure);
    const { filling: block, from, filled, origin, spare } = this;
    const pagesEnd = filled - (filled % PAGE_BYTES);
    const waits = !all && this.direct >= 0 && pagesEnd > from ? filled - pagesEnd : 0;
    const end = filled - waits;
    this.filling = spare;
    this.spare = block;
    if (this.placed) this.goOn(origin + end);
    else this.filled = 0;
    if (waits > 0) {
      spare.set(block.subarray(end, filled), 0);
      this.filled = waits;
    }
    this.flight = this.writeAll(block, from, end, origin);
  }

  /** Never rejects: a failure is kept for the next call, so that no rejection goes unseen. */
  private writeAll(block: Buffer, from: number, end: number, origin: number): Promise<void> {
    return new Promise((resolve) => {
      const next = (at: number): void => {
        if (at >= end) {
          this.counters.bytesWritten += end - from;
          resolve();
          return;
        }
        const { fd, upTo } = this.wayFor(at, end);
        write(fd, block, at, upTo - at, this.placed ? origin + at : null, (error, written) => {
          this.counters.writes++;
          if (error?.code === "EAGAIN") setTimeout(next, FULL_PIPE_WAIT_MS, at);
          else if (error && fd === this.direct && CANNOT.has(error.code ?? "")) {
            this.stopDirect();
            next(at);
          } else if (error) {
            this.failure = error;
            resolve();
          } else next(at + written);
        });
      };
      next(from);
    });
  }

  /** How the bytes at `at` are written: whole pages directly, what is before or behind them through the cache. */
  private wayFor(at: number, end: number): { readonly fd: number; readonly upTo: number } {
    if (this.direct < 0) return { fd: this.fd, upTo: end };
    const pagesStart = Math.ceil(at / PAGE_BYTES) * PAGE_BYTES;
    const pagesEnd = end - (end % PAGE_BYTES);
    if (pagesStart >= pagesEnd) return { fd: this.fd, upTo: end };
    if (at < pagesStart) return { fd: this.fd, upTo: pagesStart };
    return { fd: this.direct, upTo: pagesEnd };
  }

  private stopDirect(): void {
    closeDirect(this.direct);
    this.direct = -1;
  }

  private failed(error: unknown): ReelError {
    return new ReelError(
      "tape.io",
      { tape: this.name, found: `write: ${errnoOf(error)}` },
      { cause: error },
    );
  }
}
