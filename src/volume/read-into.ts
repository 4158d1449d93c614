// A whole read at a place, whatever pieces the kernel gives it in.
import { ERRNO, type SystemCalls } from "./system-calls.ts";

export interface ReadResult {
  bytes: number;
  /** 0 at the end of the file. */
  errno: number;
}

const result: ReadResult = { bytes: 0, errno: 0 };

/** Fewer bytes than `length` mean the end of the file, or `errno`. The result is void at the next call. */
export function readInto(
  calls: SystemCalls,
  fd: number,
  into: number,
  length: number,
  offset: number,
): ReadResult {
  result.bytes = 0;
  result.errno = 0;
  while (result.bytes < length) {
    const got = calls.pread(fd, into + result.bytes, length - result.bytes, offset + result.bytes);
    if (got === -ERRNO.EINTR) continue;
    if (got < 0) result.errno = -got;
    if (got <= 0) break;
    result.bytes += got;
  }
  return result;
}
