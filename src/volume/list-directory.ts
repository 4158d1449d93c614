// The entries of an open directory through getdents64, with names as bytes.
import { endianness } from "node:os";
import type { ByteString } from "../core/bytes.ts";
import { SEEK_SET, type NativeMemory, type SystemCalls } from "./system-calls.ts";

/** Some 2,000 entries a call; one call and the empty one that ends it are enough for most directories. */
const LIST_BYTES = 64 * 1024;
// linux_dirent64: d_ino 64 bits, d_off 64 bits, d_reclen 16 bits, d_type 8 bits, d_name with its NUL.
const RECLEN_AT = 16;
const NAME_AT = 19;
const LOW = endianness() === "LE" ? 0 : 1;

/** One buffer for listings, filled again and again. */
export class ListBuffer {
  readonly memory: NativeMemory;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;

  constructor(calls: SystemCalls) {
    const bytes = Buffer.allocUnsafeSlow(LIST_BYTES);
    this.memory = calls.memory(bytes);
    this.halves = new Uint16Array(bytes.buffer, bytes.byteOffset, LIST_BYTES / 2);
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, LIST_BYTES / 4);
  }
}

/** Appends the names but "." and ".."; gives 0, or -errno with the names read so far. */
export function listDirectory(
  calls: SystemCalls,
  fd: number,
  buffer: ListBuffer,
  names: ByteString[],
): number {
  const { memory, halves } = buffer;
  const { bytes } = memory;
  for (;;) {
    const length = calls.getdents64(fd, memory.address, LIST_BYTES);
    if (length <= 0) return length;
    for (let at = 0; at < length; ) {
      const record = halves[(at + RECLEN_AT) >> 1] as number;
      const start = at + NAME_AT;
      // Records are padded to 8 bytes: the NUL is among the last 8.
      let end = Math.max(start, at + record - 8);
      while (bytes[end] !== 0) end++;
      at += record;
      if (
        bytes[start] === 0x2e &&
        (end === start + 1 || (end === start + 2 && bytes[start + 1] === 0x2e))
      )
        continue;
      names.push(bytes.toString("latin1", start, end));
    }
  }
}

/** The inode number that the directory itself holds for `name`: below a mount, that of the covered one. */
export function listedInode(
  calls: SystemCalls,
  fd: number,
  buffer: ListBuffer,
  name: ByteString,
): { readonly high: number; readonly low: number } | undefined {
  const { memory, halves, words } = buffer;
  if (calls.lseek(fd, 0, SEEK_SET) < 0) return undefined;
  for (;;) {
    const length = calls.getdents64(fd, memory.address, LIST_BYTES);
    if (length <= 0) return undefined;
    for (let at = 0; at < length; ) {
      const record = halves[(at + RECLEN_AT) >> 1] as number;
      const start = at + NAME_AT;
      if (
        memory.bytes[start + name.length] === 0 &&
        memory.bytes.toString("latin1", start, start + name.length) === name
      ) {
        return {
          low: words[(at >> 2) + LOW] as number,
          high: words[(at >> 2) + 1 - LOW] as number,
        };
      }
      at += record;
    }
  }
}
