// Appends to a file or a pipe in large blocks, one of them with the kernel while the next is filled.
import { fsync, ftruncateSync, statfsSync, write, writeSync } from "node:fs";
import { errnoOf, ReelError } from "../core/errors.ts";
import type { DriveCounters } from "./drive.ts";

/** Measured against a quarter, a half and one MiB: the call costs little beside its copying. */
const BLOCK_BYTES = 2 << 20;
/** Below this much free space every write is made at once, so that none is acknowledged and then lost. */
const CAREFUL_BYTES = 32 << 20;
/** How many bytes may be written between two looks at the free space. */
const LOOK_EVERY_BYTES = 16 << 20;
const FULL_PIPE_WAIT_MS = 2;

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
  private filling: Buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  private spare: Buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  private filled = 0;
  /** Where the first byte of `filling` belongs in the file. */
  private place: number;
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
    this.place = place ?? 0;
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
      await this.send();
      if (bytes > this.filling.byteLength) this.filling = Buffer.allocUnsafeSlow(bytes);
    }
    const at = this.filled;
    this.filled += bytes;
    return { into: this.filling, at };
  }

  /**
   * Writes all of `bytes` at once, everything before them first, and keeps the first `keep` of them. False,
   * and nothing of them kept, when there is no space.
   */
  async appendNow(bytes: Uint8Array, keep: number): Promise<boolean> {
    await this.flush();
    let done = 0;
    try {
      while (done < bytes.byteLength) {
        done += writeSync(this.fd, bytes, done, bytes.byteLength - done, this.place + done);
        this.counters.writes++;
      }
    } catch (error) {
      if (done > 0) ftruncateSync(this.fd, this.place);
      const errno = errnoOf(error);
      if (errno === "ENOSPC" || errno === "EDQUOT") return false;
      throw this.failed(error);
    }
    this.place += keep;
    this.counters.bytesWritten += keep;
    if (keep < bytes.byteLength) ftruncateSync(this.fd, this.place);
    return true;
  }

  /** Hands all that was appended to the kernel. */
  async flush(): Promise<void> {
    if (this.filled > 0) await this.send();
    if (this.flight) await this.flight;
    this.flight = null;
    if (this.failure !== null) throw this.failed(this.failure);
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

  private async send(): Promise<void> {
    if (this.flight) await this.flight;
    if (this.failure !== null) throw this.failed(this.failure);
    const block = this.filling;
    const length = this.filled;
    const place = this.place;
    this.filling = this.spare;
    this.spare = block;
    this.place += length;
    this.filled = 0;
    this.flight = this.writeAll(block, length, place);
  }

  /** Never rejects: a failure is kept for the next call, so that no rejection goes unseen. */
  private writeAll(block: Buffer, length: number, place: number): Promise<void> {
    return new Promise((resolve) => {
      const next = (done: number): void => {
        if (done >= length) {
          this.counters.bytesWritten += length;
          resolve();
          return;
        }
        write(
          this.fd,
          block,
          done,
          length - done,
          this.placed ? place + done : null,
          (error, written) => {
            this.counters.writes++;
            if (error?.code === "EAGAIN") setTimeout(next, FULL_PIPE_WAIT_MS, done);
            else if (error) {
              this.failure = error;
              resolve();
            } else next(done + written);
          },
        );
      };
      next(0);
    });
  }

  private failed(error: unknown): ReelError {
    return new ReelError(
      "tape.io",
      { tape: this.name, found: `write: ${errnoOf(error)}` },
      { cause: error },
    );
  }
}
