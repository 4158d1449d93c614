// The system calls of a restore that Node's fs does not have, or has only for whole paths: all work
// relative to a directory's descriptor, take names as bytes, and follow no symbolic link in the last
// component. Loaded on demand, through koffi, 0.3 µs a call above the kernel's time.
//
// Every call gives a descriptor, a length or 0, or the negative errno; none throws.
import { constants } from "node:fs";
import { endianness } from "node:os";
import { getSystemErrorName } from "node:util";
import type { ByteString } from "../core/bytes.ts";
import { errnoOf, ReelError } from "../core/errors.ts";

/** What statx gives of an inode. `mode` has the type bits. */
export interface InodeStatus {
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly mtimeNs: number;
  /** Device and inode in one string, to tell inodes apart. */
  readonly identity: string;
}

export interface SystemCalls {
  /** A directory for reading, never through a symbolic link. */
  openDirectory(at: number, name: ByteString): number;
  /** A new file for writing, mode 0600; fails if anything has the name. */
  createFile(at: number, name: ByteString): number;
  /** A descriptor that only names the inode (O_PATH), whatever it is. */
  openPath(at: number, name: ByteString): number;
  makeDirectory(at: number, name: ByteString, mode: number): number;
  /** `mode` with the type bits; the numbers are ignored for fifos and sockets. */
  makeNode(at: number, name: ByteString, mode: number, major: number, minor: number): number;
  makeSymlink(target: ByteString, at: number, name: ByteString): number;
  makeLink(fromAt: number, from: ByteString, at: number, name: ByteString): number;
  removeFile(at: number, name: ByteString): number;
  removeDirectory(at: number, name: ByteString): number;

  /** With the empty name: of the descriptor itself. */
  status(at: number, name: ByteString): InodeStatus | number;
  changeOwner(at: number, name: ByteString, uid: number, gid: number): number;
  changeMode(fd: number, mode: number): number;
  /** Of what an O_PATH descriptor names; a symbolic link is refused. */
  changeModeOfPath(fd: number, mode: number): number;
  /** Seconds and nanoseconds; negative nanoseconds leave that time alone. */
  setTimes(
    at: number,
    name: ByteString,
    atime: number,
    atimeNs: number,
    mtime: number,
    mtimeNs: number,
  ): number;

  /** With the empty name: of the open file or directory itself. */
  setAttribute(at: number, name: ByteString, attribute: ByteString, value: Uint8Array): number;
  removeAttribute(at: number, name: ByteString, attribute: ByteString): number;
  listAttributes(at: number, name: ByteString): readonly ByteString[] | number;
}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const UTIME_OMIT = 0x3ffffffe;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const ENAMETOOLONG = 36;
/** PATH_MAX: longer than any name or link target that the kernel takes. */
const TEXT_BYTES_MAX = 4096;
/** The kernel's XATTR_LIST_MAX. */
const LIST_BYTES_MAX = 65536;
const STATX_BYTES = 256;

const littleEndian = endianness() === "LE";

let loaded: SystemCalls | null = null;

/** Throws `restore.no-system-calls` where they are not there. */
export async function loadSystemCalls(): Promise<SystemCalls> {
  if (loaded !== null) return loaded;
  if (process.platform !== "linux") {
    throw new ReelError("restore.no-system-calls", { found: `this is ${process.platform}` });
  }
  try {
    const { default: koffi } = await import("koffi");
    loaded = bind(koffi.load(null), () => koffi.errno());
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : errnoOf(cause);
    throw new ReelError("restore.no-system-calls", { found }, { cause });
  }
  return loaded;
}

/** "EACCES" for a negative errno. */
export function errnoName(negative: number): string {
  return getSystemErrorName(negative);
}

type Call = (...args: (number | bigint | Uint8Array | null)[]) => number;

interface Library {
  func(definition: string): unknown;
}

/** A NUL-terminated text in memory that is used again by each call; null if it is too long. */
function textScratch(): (text: ByteString) => Buffer | null {
  const buffer = Buffer.alloc(TEXT_BYTES_MAX);
  return (text) => {
    if (text.length >= TEXT_BYTES_MAX) return null;
    buffer.write(text, 0, text.length, "latin1");
    buffer[text.length] = 0;
    return buffer;
  };
}

function bind(library: Library, errno: () => number): SystemCalls {
  const call = (definition: string): Call => library.func(definition) as Call;
  const openat = call("int openat(int, const void *, int, uint32_t)");
  const mkdirat = call("int mkdirat(int, const void *, uint32_t)");
  const mknodat = call("int mknodat(int, const void *, uint32_t, uint64_t)");
  const symlinkat = call("int symlinkat(const void *, int, const void *)");
  const linkat = call("int linkat(int, const void *, int, const void *, int)");
  const unlinkat = call("int unlinkat(int, const void *, int)");
  const statx = call("int statx(int, const void *, int, uint32_t, void *)");
  const fchownat = call("int fchownat(int, const void *, uint32_t, uint32_t, int)");
  const fchmod = call("int fchmod(int, uint32_t)");
  const fchmodat = call("int fchmodat(int, const void *, uint32_t, int)");
  const utimensat = call("int utimensat(int, const void *, const void *, int)");
  const futimens = call("int futimens(int, const void *)");
  const fsetxattr = call("int fsetxattr(int, const void *, const void *, size_t, int)");
  const lsetxattr = call("int lsetxattr(const void *, const void *, const void *, size_t, int)");
  const fremovexattr = call("int fremovexattr(int, const void *)");
  const lremovexattr = call("int lremovexattr(const void *, const void *)");
  const flistxattr = call("intptr_t flistxattr(int, void *, size_t)");
  const llistxattr = call("intptr_t llistxattr(const void *, void *, size_t)");

  const text = textScratch();
  const otherText = textScratch();
  const stat = Buffer.alloc(STATX_BYTES);
  const statView = new DataView(stat.buffer, stat.byteOffset, stat.byteLength);
  const times = Buffer.alloc(32);
  const timesView = new DataView(times.buffer, times.byteOffset, times.byteLength);
  const list = Buffer.alloc(LIST_BYTES_MAX);

  const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY } = constants;

  function result(value: number): number {
    return value < 0 ? -errno() : value;
  }

  function open(at: number, name: ByteString, flags: number): number {
    const path = text(name);
    return path === null
      ? -ENAMETOOLONG
      : result(openat(at, path, flags | O_NOFOLLOW | O_CLOEXEC, 0o600));
  }

  /** The inode `name` below the descriptor as a path, where a call knows paths only. */
  function procPath(at: number, name: ByteString): Buffer | null {
    return text(name === "" ? `/proc/self/fd/${at}` : `/proc/self/fd/${at}/${name}`);
  }

  function getInteger64(at: number): number {
    const high = statView.getInt32(littleEndian ? at + 4 : at, littleEndian);
    const low = statView.getUint32(littleEndian ? at : at + 4, littleEndian);
    return high * 0x1_0000_0000 + low;
  }

  function putInteger64(at: number, value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    timesView.setInt32(littleEndian ? at + 4 : at, high, littleEndian);
    timesView.setUint32(littleEndian ? at : at + 4, value - high * 0x1_0000_0000, littleEndian);
  }

  return {
    openDirectory: (at, name) => open(at, name, O_RDONLY | O_DIRECTORY),
    createFile: (at, name) => open(at, name, O_WRONLY | O_CREAT | O_EXCL),
    openPath: (at, name) => open(at, name, O_PATH),
    makeDirectory(at, name, mode) {
      const path = text(name);
      return path === null ? -ENAMETOOLONG : result(mkdirat(at, path, mode));
    },
    makeNode(at, name, mode, major, minor) {
      const path = text(name);
      return path === null
        ? -ENAMETOOLONG
        : result(mknodat(at, path, mode, deviceNumber(major, minor)));
    },
    makeSymlink(target, at, name) {
      const to = otherText(target);
      const path = text(name);
      return path === null || to === null ? -ENAMETOOLONG : result(symlinkat(to, at, path));
    },
    makeLink(fromAt, from, at, name) {
      const source = otherText(from);
      const path = text(name);
      return path === null || source === null
        ? -ENAMETOOLONG
        : result(linkat(fromAt, source, at, path, 0));
    },
    removeFile(at, name) {
      const path = text(name);
      return path === null ? -ENAMETOOLONG : result(unlinkat(at, path, 0));
    },
    removeDirectory(at, name) {
      const path = text(name);
      return path === null ? -ENAMETOOLONG : result(unlinkat(at, path, AT_REMOVEDIR));
    },

    status(at, name) {
      const path = text(name);
      if (path === null) return -ENAMETOOLONG;
      const flags = name === "" ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
      const failed = result(statx(at, path, flags, STATX_BASIC_STATS, stat));
      if (failed < 0) return failed;
      return {
        nlink: statView.getUint32(16, littleEndian),
        uid: statView.getUint32(20, littleEndian),
        gid: statView.getUint32(24, littleEndian),
        mode: statView.getUint16(28, littleEndian),
        size: getInteger64(40),
        mtime: getInteger64(112),
        mtimeNs: statView.getUint32(120, littleEndian),
        identity: `${stat.toString("hex", 136, 144)}:${stat.toString("hex", 32, 40)}`,
      };
    },
    changeOwner(at, name, uid, gid) {
      const path = text(name);
      if (path === null) return -ENAMETOOLONG;
      return result(
        fchownat(at, path, uid, gid, name === "" ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW),
      );
    },
    changeMode: (fd, mode) => result(fchmod(fd, mode)),
    changeModeOfPath: (fd, mode) => result(fchmodat(AT_FDCWD, procPath(fd, ""), mode, 0)),
    setTimes(at, name, atime, atimeNs, mtime, mtimeNs) {
      putInteger64(0, atime);
      putInteger64(8, atimeNs < 0 ? UTIME_OMIT : atimeNs);
      putInteger64(16, mtime);
      putInteger64(24, mtimeNs < 0 ? UTIME_OMIT : mtimeNs);
      if (name === "") return result(futimens(at, times));
      const path = text(name);
      return path === null
        ? -ENAMETOOLONG
        : result(utimensat(at, path, times, AT_SYMLINK_NOFOLLOW));
    },

    setAttribute(at, name, attribute, value) {
      const key = otherText(attribute);
      if (key === null) return -ENAMETOOLONG;
      const size = value.byteLength;
      const bytes = size === 0 ? null : value;
      if (name === "") return result(fsetxattr(at, key, bytes, size, 0));
      const path = procPath(at, name);
      return path === null ? -ENAMETOOLONG : result(lsetxattr(path, key, bytes, size, 0));
    },
    removeAttribute(at, name, attribute) {
      const key = otherText(attribute);
      if (key === null) return -ENAMETOOLONG;
      if (name === "") return result(fremovexattr(at, key));
      const path = procPath(at, name);
      return path === null ? -ENAMETOOLONG : result(lremovexattr(path, key));
    },
    listAttributes(at, name) {
      const path = procPath(at, name);
      if (path === null) return -ENAMETOOLONG;
      const length = result(
        name === "" ? flistxattr(at, list, LIST_BYTES_MAX) : llistxattr(path, list, LIST_BYTES_MAX),
      );
      if (length < 0) return length;
      return list
        .toString("latin1", 0, length)
        .split("\0")
        .filter((attribute) => attribute !== "");
    },
  };
}

/** glibc's makedev: 12 bits of each number low, the others high. */
function deviceNumber(major: number, minor: number): bigint {
  const low = ((minor & 0xff) | ((major & 0xfff) << 8)) >>> 0;
  const middle = (minor & ~0xff) >>> 0;
  return BigInt(low) | (BigInt(middle) << 12n) | (BigInt((major & ~0xfff) >>> 0) << 32n);
}
