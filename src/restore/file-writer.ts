// Writes one file's content and hashes it on the way: data runs only, so that holes stay holes; what the
// tape does not give counts as zeros in the digest.
import { createHash, hash as hashOnce, type Hash } from "node:crypto";
import { closeSync, ftruncateSync, writeSync } from "node:fs";
import { type ByteString, showBytes } from "../core/bytes.ts";
import { errnoOf, ReelError } from "../core/errors.ts";
import type { ContentSink } from "./content.ts";

/** Going on with other files would meet them again. */
const FATAL_ERRNOS: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EIO", "EROFS"]);

const ZEROS = new Uint8Array(256 * 1024);

export class FileWriter implements ContentSink {
  readonly fd: number;
  readonly path: ByteString;
  readonly size: number;
  /** errno of a write that failed, "" if none did; nothing is written after it. */
  failed = "";
  private readonly wanted: Uint8Array | null;
  private hash: Hash | null = null;
  private hashed = 0;
  private written = 0;
  private whole: Uint8Array | null = null;

  constructor(fd: number, path: ByteString, size: number, digest: Uint8Array | null) {
    this.fd = fd;
    this.path = path;
    this.size = size;
    this.wanted = digest;
  }

  data(fileOffset: number, bytes: Uint8Array, start: number, length: number): void {
    if (this.wanted !== null) {
      if (fileOffset === 0 && length === this.size) {
        this.whole = hashOnce("sha256", bytes.subarray(start, start + length), "buffer");
      } else {
        this.hashZerosTo(fileOffset);
        (this.hash ??= createHash("sha256")).update(bytes.subarray(start, start + length));
        this.hashed = fileOffset + length;
      }
    }
    if (this.failed !== "") return;
    try {
      let done = 0;
      while (done < length)
        done += writeSync(this.fd, bytes, start + done, length - done, fileOffset + done);
      this.written = fileOffset + length;
    } catch (cause) {
      this.fail(cause);
    }
  }

  /** Sets the length; says whether the digest is the wanted one, null if none was given. */
  end(): boolean | null {
    if (this.failed === "" && this.written !== this.size) {
      try {
        ftruncateSync(this.fd, this.size);
      } catch (cause) {
        this.fail(cause);
      }
    }
    if (this.wanted === null) return null;
    if (this.whole === null) {
      this.hashZerosTo(this.size);
      this.whole = (this.hash ?? createHash("sha256")).digest();
    }
    return Buffer.compare(this.whole, this.wanted) === 0;
  }

  close(): void {
    closeSync(this.fd);
  }

  private hashZerosTo(fileOffset: number): void {
    if (fileOffset <= this.hashed) return;
    this.hash ??= createHash("sha256");
    while (this.hashed < fileOffset) {
      const length = Math.min(ZEROS.byteLength, fileOffset - this.hashed);
      this.hash.update(length === ZEROS.byteLength ? ZEROS : ZEROS.subarray(0, length));
      this.hashed += length;
    }
  }

  private fail(cause: unknown): void {
    const found = errnoOf(cause);
    if (FATAL_ERRNOS.has(found)) {
      throw new ReelError("restore.write-failed", { path: showBytes(this.path), found }, { cause });
    }
    this.failed = found;
  }
}
