// Reads what a request names into batches: content, digest, attributes and what became of each row. The
// same reader runs on the reading thread and, for small jobs, on the caller's.
import { hash } from "node:crypto";
import { EMPTY } from "../core/bytes.ts";
import { TYPE } from "../core/inode.ts";
import { AttributeReader } from "./attribute-reader.ts";
import { BATCH_PIECES_MAX, DIGEST_BYTES, type BatchMemory } from "./content-batch.ts";
import type { ContentRequest } from "./content-request.ts";
import { DirectoryHandles } from "./directory-handles.ts";
import { LongFile } from "./long-file.ts";
import { readInto } from "./read-into.ts";
import { CONTENT, type ContentStatus } from "./source.ts";
import { StatBuffer, STATX_MASK, TIME_WORD } from "./stat-buffer.ts";
import {
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_SYMLINK_NOFOLLOW,
  ERRNO,
  meansGone,
  NamePad,
  OPEN_FILE,
  OPEN_PASSAGE,
  openQuietly,
  type NativeMemory,
  type SystemCalls,
} from "./system-calls.ts";

/** Files up to this size are read and hashed in one piece: an eighth of a batch, so that little of it stays empty. */
const SHORT_FILE_BYTES = 256 * 1024;
/** The longest target is PATH_MAX - 1. */
const TARGET_BYTES = 4096;
const EMPTY_DIGEST: string = hash("sha256", EMPTY, "latin1" as "hex");

export class ContentReader {
  private readonly calls: SystemCalls;
  private readonly handles: DirectoryHandles;
  private readonly attributes: AttributeReader;
  private readonly stat: StatBuffer;
  private readonly pad: NamePad;
  private readonly emptyName: NamePad;
  private readonly emptyNameAddress: number;
  private readonly directoryParent: number[] = [-1];
  private readonly directoryName: string[] = [""];
  private request: ContentRequest | undefined;
  private names: NativeMemory;
  private next = 0;
  private long: LongFile | undefined;

  /** `root` stays the caller's. A reader serves one read: requests of one packer, in their order. */
  constructor(calls: SystemCalls, root: number) {
    this.calls = calls;
    const { directoryParent, directoryName } = this;
    this.handles = new DirectoryHandles(calls, root, OPEN_PASSAGE, {
      parentOf: (ordinal) => directoryParent[ordinal] as number,
      nameOf: (ordinal) => directoryName[ordinal] as string,
    });
    this.attributes = new AttributeReader(calls);
    this.stat = new StatBuffer(calls);
    this.pad = new NamePad(calls);
    this.emptyName = new NamePad(calls);
    this.emptyNameAddress = this.emptyName.put("");
    this.names = calls.memory(Buffer.alloc(4096));
  }

  /** Takes the next request; the one before must be used up. */
  start(request: ContentRequest): void {
    this.request = request;
    this.names = this.calls.memory(request.names);
    this.next = 0;
    for (let i = 0; i < request.newParent.length; i++) {
      this.directoryParent.push(request.newParent[i] as number);
      this.directoryName.push(request.newName[i] as string);
    }
  }

  /**
   * Adds pieces to the batch. True when the request is used up, false when the batch has no room or a turn
   * is due (in the middle of a long hole): go on with an empty batch, or with this one if it has no pieces.
   */
  fill(batch: BatchMemory): boolean {
    const { request } = this;
    if (request === undefined) return true;
    const address = this.calls.memory(batch.bytes).address;
    for (;;) {
      if (this.long !== undefined) {
        if (!this.long.fill(batch, address)) return false;
        this.long = undefined;
        this.next++;
      }
      if (this.next === request.count) return true;
      if (batch.count === BATCH_PIECES_MAX) return false;
      const i = this.next;
      const type = request.type[i] as number;
      if (type === TYPE.file) {
        if (!this.readFile(request, i, batch, address)) return false;
        if (this.long !== undefined) continue;
      } else if (!this.readOther(request, i, type, batch, address)) {
        return false;
      }
      this.next++;
    }
  }

  /** False if the batch has no room; a long file is left in `long`. */
  private readFile(
    request: ContentRequest,
    i: number,
    batch: BatchMemory,
    address: number,
  ): boolean {
    const size = request.size[i] as number;
    const isLong = size > SHORT_FILE_BYTES || request.isSparse[i] === 1;
    if (!isLong && batch.room < size) return false;
    const directory = this.handles.fd(request.directory[i] as number);
    const name = this.names.address + (request.nameStart[i] as number);
    const fd = directory < 0 ? directory : openQuietly(this.calls, directory, name, OPEN_FILE);
    if (fd < 0) {
      this.addUnopened(request, i, batch, fd);
      return true;
    }
    if (isLong) {
      if (this.compare(request, i, fd) === CONTENT.vanished) {
        this.calls.close(fd);
        this.addUnopened(request, i, batch, -ERRNO.ENOENT);
      } else {
        this.long = new LongFile(this.calls, fd, request.row[i] as number, size, {
          compare: () => this.compare(request, i, fd),
          readAttributes: () => this.attributes.readFd(fd),
          attributes: () => this.attributes.found,
        });
      }
      return true;
    }
    try {
      return this.readShort(request, i, fd, size, batch, address);
    } finally {
      this.calls.close(fd);
    }
  }

  private readShort(
    request: ContentRequest,
    i: number,
    fd: number,
    size: number,
    batch: BatchMemory,
    address: number,
  ): boolean {
    const at = batch.used;
    const got = readInto(this.calls, fd, address + at, size, 0);
    // Asked once and after reading: what was read from another inode is thrown away.
    let status = this.compare(request, i, fd);
    if (status === CONTENT.vanished) {
      this.addUnopened(request, i, batch, -ERRNO.ENOENT);
      return true;
    }
    const attributesErrno = this.attributes.readFd(fd);
    const { found } = this.attributes;
    if (batch.room < size + found.byteLength) return false;
    let errno = 0;
    if (got.bytes < size) {
      batch.bytes.fill(0, at + got.bytes, at + size);
      errno = got.errno;
      status = errno === 0 ? CONTENT.shrunk : CONTENT.failed;
    }
    if (attributesErrno !== 0 && errno === 0) {
      errno = attributesErrno;
      status = CONTENT.failed;
    }
    const piece = batch.addPiece(request.row[i] as number, 0, size);
    const digest =
      size === 0
        ? EMPTY_DIGEST
        : hash("sha256", batch.bytes.subarray(at, at + size), "latin1" as "hex");
    batch.digest.write(digest, piece * DIGEST_BYTES, DIGEST_BYTES, "latin1");
    batch.close(piece, status, errno, found);
    return true;
  }

  /** Whether the open file is still what the walk saw. */
  private compare(request: ContentRequest, i: number, fd: number): ContentStatus {
    const { stat } = this;
    const result = this.calls.statx(
      fd,
      this.emptyNameAddress,
      AT_EMPTY_PATH,
      STATX_MASK,
      stat.address,
    );
    if (result < 0 || !this.isSameInode(request, i)) return CONTENT.vanished;
    return stat.size === request.size[i] &&
      stat.seconds(TIME_WORD.modification) === request.mtime[i] &&
      stat.nanoseconds(TIME_WORD.modification) === request.mtimeNs[i] &&
      stat.seconds(TIME_WORD.change) === request.ctime[i] &&
      stat.nanoseconds(TIME_WORD.change) === request.ctimeNs[i]
      ? CONTENT.ok
      : CONTENT.changed;
  }

  /** The upper half of the walk's high word is the walk's own for inodes of other devices. */
  private isSameInode(request: ContentRequest, i: number): boolean {
    const { stat } = this;
    return (
      stat.inodeLow === request.inodeLow[i] &&
      ((stat.inodeHigh ^ (request.inodeHigh[i] as number)) & 0xffff) === 0 &&
      stat.type === request.type[i]
    );
  }

  private addUnopened(
    request: ContentRequest,
    i: number,
    batch: BatchMemory,
    result: number,
  ): void {
    const isGone = meansGone(result) || result === -ERRNO.ENXIO;
    const piece = batch.addPiece(request.row[i] as number, 0, 0);
    batch.close(piece, isGone ? CONTENT.vanished : CONTENT.unreadable, -result, EMPTY);
  }

  /** Links, directories, devices, fifos and sockets: never opened, but asked by name. */
  private readOther(
    request: ContentRequest,
    i: number,
    type: number,
    batch: BatchMemory,
    address: number,
  ): boolean {
    const row = request.row[i] as number;
    if (type === TYPE.unknown) {
      batch.close(batch.addPiece(row, 0, 0), CONTENT.ok, 0, EMPTY);
      return true;
    }
    if (batch.room < TARGET_BYTES) return false;
    const { calls, stat } = this;
    const directory = this.handles.fd(request.directory[i] as number);
    const nameStart = request.nameStart[i] as number;
    const name = this.names.address + nameStart;
    const flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    let result =
      directory < 0 ? directory : calls.statx(directory, name, flags, STATX_MASK, stat.address);
    if (result === 0 && !this.isSameInode(request, i)) result = -ERRNO.ENOENT;
    let length = 0;
    if (result === 0 && type === TYPE.symlink) {
      length = calls.readlinkat(directory, name, address + batch.used, TARGET_BYTES);
      if (length < 0) result = length === -ERRNO.EINVAL ? -ERRNO.ENOENT : length;
    }
    if (result < 0) {
      this.addUnopened(request, i, batch, result);
      return true;
    }
    const nameEnd = this.names.bytes.indexOf(0, nameStart);
    const path = `/proc/self/fd/${directory}/${this.names.bytes.toString("latin1", nameStart, nameEnd)}`;
    const errno = this.attributes.readPath(this.pad.put(path));
    const { found } = this.attributes;
    if (batch.room < length + found.byteLength) return false;
    const piece = batch.addPiece(row, 0, length);
    batch.close(piece, errno === 0 ? CONTENT.ok : CONTENT.failed, errno, found);
    return true;
  }

  close(): void {
    this.long?.close();
    this.handles.close();
  }
}
