// Extended attributes of one inode, ACLs among them, in the form of core/attributes.ts.
import { encodeAttributes, type Attribute } from "../core/attributes.ts";
import { EMPTY } from "../core/bytes.ts";
import { ERRNO, type NativeMemory, type SystemCalls } from "./system-calls.ts";

/** The kernel's own limits, XATTR_LIST_MAX and XATTR_SIZE_MAX. */
const LIST_BYTES = 64 * 1024;
const VALUE_BYTES = 64 * 1024;
/** Half a batch. ext4 allows 64 KiB or so an inode unless it was made with ea_inode. */
export const ATTRIBUTES_BYTES_MAX: number = 1 << 20;

export class AttributeReader {
  /** What the last call found; void at the next one. */
  found: Uint8Array = EMPTY;
  private readonly calls: SystemCalls;
  private readonly list: NativeMemory;
  private readonly value: NativeMemory;

  constructor(calls: SystemCalls) {
    this.calls = calls;
    this.list = calls.memory(Buffer.allocUnsafeSlow(LIST_BYTES));
    this.value = calls.memory(Buffer.allocUnsafeSlow(VALUE_BYTES));
  }

  /** Of an open file. 0, or the first errno: what could be read is in `found` all the same. */
  readFd(fd: number): number {
    const length = this.calls.flistxattr(fd, this.list.address, LIST_BYTES);
    this.found = EMPTY;
    if (length === 0) return 0;
    return this.collect(length, (name) =>
      this.calls.fgetxattr(fd, name, this.value.address, VALUE_BYTES),
    );
  }

  /** Of what the path names, itself if it is a symbolic link. `path` is an address. */
  readPath(path: number): number {
    const length = this.calls.llistxattr(path, this.list.address, LIST_BYTES);
    this.found = EMPTY;
    if (length === 0) return 0;
    return this.collect(length, (name) =>
      this.calls.lgetxattr(path, name, this.value.address, VALUE_BYTES),
    );
  }

  private collect(listLength: number, get: (name: number) => number): number {
    if (listLength === -ERRNO.ENOTSUP) return 0;
    if (listLength < 0) return -listLength;
    const { list, value } = this;
    const attributes: Attribute[] = [];
    let errno = 0;
    let total = 0;
    for (let at = 0; at < listLength; ) {
      const end = list.bytes.indexOf(0, at);
      const length = get(list.address + at);
      if (length >= 0) {
        total += length + end - at;
        if (total > ATTRIBUTES_BYTES_MAX) return ERRNO.E2BIG;
        attributes.push({
          name: list.bytes.toString("latin1", at, end),
          value: Uint8Array.prototype.slice.call(value.bytes, 0, length),
        });
      } else if (length !== -ERRNO.ENODATA && errno === 0) {
        errno = -length;
      }
      at = end + 1;
    }
    this.found = encodeAttributes(attributes);
    return errno;
  }
}
