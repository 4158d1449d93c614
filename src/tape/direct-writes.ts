// Writing past the page cache, for what is written once, in large blocks, and must be durable at the end: a
// tape of 572 MB takes 0.1 s of processor time this way, and 0.5 to 1.1 s through the cache, which it would
// also empty of what other programs keep there. It asks for whole pages, in memory and in the file.
import { closeSync, constants, openSync } from "node:fs";

/** What every device with blocks of up to 4 KiB takes; where that is not enough the write says EINVAL. */
export const PAGE_BYTES = 4096;
/** WebAssembly's unit of memory. */
const WASM_PAGE_BYTES = 64 * 1024;
/** Those of two tapes. */
const IDLE_MAX = 4;
const IDLE_BYTES_MAX: number = 2 << 20;

/** The same file by another descriptor, for direct writes; -1 where the file system has none. */
export function openDirect(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_DIRECT);
  } catch {
    return -1;
  }
}

export function closeDirect(fd: number): void {
  if (fd >= 0) closeSync(fd);
}

declare const WebAssembly: {
  readonly Memory: new (size: {
    initial: number;
    maximum: number;
  }) => { readonly buffer: ArrayBuffer };
};

/** Given back and not taken again; a memory costs 10 GiB of addresses until it is collected. */
const idle: Buffer[] = [];

/** A buffer that begins on a page: of Node's memories only WebAssembly's do. */
export function takePageBuffer(bytes: number): Buffer {
  const known = idle.findIndex((buffer) => buffer.byteLength === bytes);
  if (known >= 0) return idle.splice(known, 1)[0] as Buffer;
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  try {
    return Buffer.from(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer, 0, bytes);
  } catch {
    // No such range of addresses: without direct writes, then.
    return Buffer.allocUnsafeSlow(bytes);
  }
}

/** Nothing may be written from it any more. */
export function givePageBuffer(buffer: Buffer): void {
  if (idle.length < IDLE_MAX && buffer.byteLength <= IDLE_BYTES_MAX) idle.push(buffer);
}
