// The one file of this layer that loads koffi: the system calls that Node lacks, or that it cannot make
// relative to a directory, with names as bytes and without an object a call. Addresses are numbers, since
// passing a Buffer at an offset costs a view a call; NativeMemory owns what an address points at.
import { constants as fsConstants } from "node:fs";
import { constants as osConstants } from "node:os";
import { bufferOver, type ByteString } from "../core/bytes.ts";
import { assert, ReelError } from "../core/errors.ts";

/**
 * Each call gives its result, or -errno. `directory` is a file descriptor or AT_FDCWD; names, paths and
 * `into` are addresses; names end with a NUL.
 */
export interface SystemCalls {
  openat(directory: number, name: number, flags: number): number;
  close(fd: number): number;
  getdents64(fd: number, into: number, length: number): number;
  /** Fills 256 bytes; see stat-buffer.ts. */
  statx(directory: number, name: number, flags: number, mask: number, into: number): number;
  pread(fd: number, into: number, length: number, offset: number): number;
  lseek(fd: number, offset: number, whence: number): number;
  readlinkat(directory: number, name: number, into: number, length: number): number;
  flistxattr(fd: number, into: number, length: number): number;
  fgetxattr(fd: number, name: number, into: number, length: number): number;
  llistxattr(path: number, into: number, length: number): number;
  lgetxattr(path: number, name: number, into: number, length: number): number;
  /** Fills 120 bytes: f_type at 0, f_fsid at 56. */
  fstatfs(fd: number, into: number): number;
  /** Memory that calls may read and write by address. */
  memory(bytes: Uint8Array): NativeMemory;
}

/** Bytes with a fixed address. It lives as long as this object is held: hold it during every call. */
export interface NativeMemory {
  readonly bytes: Buffer;
  readonly address: number;
}

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;
export const SEEK_SET = 0;
export const SEEK_END = 2;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;
// Not among Node's constants; the same number on x86, ARM and RISC-V.
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;

const { O_DIRECTORY, O_NOATIME, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fsConstants;
/** Without O_NOATIME, which only the owner and root may ask for: see `openQuietly`. */
export const OPEN_FILE: number = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
export const OPEN_ROOT: number = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
export const OPEN_DIRECTORY: number = OPEN_ROOT | O_NOFOLLOW;
/** A handle to open entries through: needs no permission to list. */
export const OPEN_PASSAGE: number = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

const names = new Map<number, string>();
for (const [name, number] of Object.entries(osConstants.errno)) {
  if (!names.has(number)) names.set(number, name);
}

/** "EACCES" for 13; the number in words where Node has no name for it. */
export function errnoName(errno: number): string {
  return names.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;
}

export const ERRNO = osConstants.errno;

/** Gone, or something else than a walk saw stands at the name now. */
export function meansGone(result: number): boolean {
  return (
    result === -ERRNO.ENOENT ||
    result === -ERRNO.ENOTDIR ||
    result === -ERRNO.ELOOP ||
    result === -ERRNO.ESTALE
  );
}

/** Opens without touching the access time where that is allowed. */
export function openQuietly(
  calls: SystemCalls,
  directory: number,
  name: number,
  flags: number,
): number {
  const fd = calls.openat(directory, name, flags | O_NOATIME);
  return fd === -ERRNO.EPERM ? calls.openat(directory, name, flags) : fd;
}

/** Memory for one name or path at a time: 255 bytes on most file systems, and a prefix. */
const NAME_PAD_BYTES = 8192;

/** Puts names where system calls can read them, with the NUL that ends them. */
export class NamePad {
  private readonly memory: NativeMemory;

  constructor(calls: SystemCalls) {
    this.memory = calls.memory(Buffer.allocUnsafeSlow(NAME_PAD_BYTES));
  }

  /** The address of `name`; void at the next call. */
  put(name: ByteString): number {
    assert(name.length < NAME_PAD_BYTES, "a file name fits the name pad");
    const { bytes } = this.memory;
    bytes.write(name, 0, name.length, "latin1");
    bytes[name.length] = 0;
    return this.memory.address;
  }
}

let loaded: SystemCalls | undefined;

/** Loads libc once. Throws `volume.no-system-calls` where there is none to load. */
export async function loadSystemCalls(): Promise<SystemCalls> {
  loaded ??= await load();
  return loaded;
}

async function load(): Promise<SystemCalls> {
  try {
    const { default: koffi } = await import("koffi");
    const libc = koffi.load("libc.so.6");
    const { errno } = koffi;
    const openat = libc.func("int openat(int, uintptr_t, int)");
    const close = libc.func("int close(int)");
    const getdents64 = libc.func("int64 getdents64(int, uintptr_t, size_t)");
    const statx = libc.func("int statx(int, uintptr_t, int, uint, uintptr_t)");
    const pread = libc.func("int64 pread64(int, uintptr_t, size_t, int64)");
    const lseek = libc.func("int64 lseek64(int, int64, int)");
    const readlinkat = libc.func("int64 readlinkat(int, uintptr_t, uintptr_t, size_t)");
    const flistxattr = libc.func("int64 flistxattr(int, uintptr_t, size_t)");
    const fgetxattr = libc.func("int64 fgetxattr(int, uintptr_t, uintptr_t, size_t)");
    const llistxattr = libc.func("int64 llistxattr(uintptr_t, uintptr_t, size_t)");
    const lgetxattr = libc.func("int64 lgetxattr(uintptr_t, uintptr_t, uintptr_t, size_t)");
    const fstatfs = libc.func("int fstatfs64(int, uintptr_t)");
    const result = (n: number): number => (n < 0 ? -errno() : n);
    return {
      openat: (directory, name, flags) => result(openat(directory, name, flags)),
      close: (fd) => result(close(fd)),
      getdents64: (fd, into, length) => result(getdents64(fd, into, length)),
      statx: (directory, name, flags, mask, into) =>
        result(statx(directory, name, flags, mask, into)),
      pread: (fd, into, length, offset) => result(pread(fd, into, length, offset)),
      lseek: (fd, offset, whence) => result(lseek(fd, offset, whence)),
      readlinkat: (directory, name, into, length) =>
        result(readlinkat(directory, name, into, length)),
      flistxattr: (fd, into, length) => result(flistxattr(fd, into, length)),
      fgetxattr: (fd, name, into, length) => result(fgetxattr(fd, name, into, length)),
      llistxattr: (path, into, length) => result(llistxattr(path, into, length)),
      lgetxattr: (path, name, into, length) => result(lgetxattr(path, name, into, length)),
      fstatfs: (fd, into) => result(fstatfs(fd, into)),
      memory(bytes) {
        return { bytes: bufferOver(bytes), address: Number(koffi.address(bytes)) };
      },
    };
  } catch (cause) {
    const found = cause instanceof Error ? cause.message.split("\n")[0] : undefined;
    throw new ReelError("volume.no-system-calls", { found: found ?? String(cause) }, { cause });
  }
}
