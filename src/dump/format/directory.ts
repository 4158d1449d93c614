// A directory's bytes on tape, in the 4.4BSD form: d_ino (4), d_reclen (2), d_type (1), d_namlen (1), the
// name, a NUL, zeros to a multiple of 4. No entry crosses a multiple of 512; the last of each 512-byte
// chunk is lengthened to fill it. "." and ".." come first.
import { bufferOver, type ByteString } from "../../core/bytes.ts";
import { viewOver } from "./record.ts";

export const DIRECTORY_CHUNK_BYTES = 512;
export const NAME_BYTES_MAX = 255;

/** Bytes that an entry takes at least: 8, the name, a NUL, rounded up to 4. */
function entryBytes(nameLength: number): number {
  return 8 + ((nameLength + 4) & ~3);
}

/** Collects the entries of one directory after another in the same memory. */
export class DirectoryWriter {
  private buffer: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  private view: DataView = viewOver(this.buffer);
  private length = 0;
  private lastAt = 0;

  /** Begins a directory: "." and "..". */
  begin(inode: number, parentInode: number): void {
    this.length = 0;
    this.lastAt = 0;
    this.add(inode, 4, ".");
    this.add(parentInode, 4, "..");
  }

  /** `name` has 1 to 255 bytes, none of them 0 or a slash; `type` is an InodeType. */
  add(inode: number, type: number, name: ByteString): void {
    const wanted = entryBytes(name.length);
    const room = DIRECTORY_CHUNK_BYTES - (this.length % DIRECTORY_CHUNK_BYTES);
    if (wanted > room) this.fillChunk();
    if (this.length + DIRECTORY_CHUNK_BYTES > this.buffer.byteLength) this.grow();
    const at = this.length;
    const { buffer, view } = this;
    view.setUint32(at, inode, true);
    view.setUint16(at + 4, wanted, true);
    buffer[at + 6] = type;
    buffer[at + 7] = name.length;
    for (let i = 0; i < name.length; i++) buffer[at + 8 + i] = name.charCodeAt(i);
    buffer.fill(0, at + 8 + name.length, at + wanted);
    this.lastAt = at;
    this.length = at + wanted;
  }

  /** The bytes, a multiple of 512; valid until the next `begin`. */
  finish(): Uint8Array {
    this.fillChunk();
    return this.buffer.subarray(0, this.length);
  }

  private fillChunk(): void {
    const end = Math.ceil(this.length / DIRECTORY_CHUNK_BYTES) * DIRECTORY_CHUNK_BYTES;
    this.buffer.fill(0, this.length, end);
    this.view.setUint16(this.lastAt + 4, end - this.lastAt, true);
    this.length = end;
  }

  private grow(): void {
    const next = Buffer.allocUnsafeSlow(this.buffer.byteLength * 2);
    next.set(this.buffer.subarray(0, this.length));
    this.buffer = next;
    this.view = viewOver(next);
  }
}

export interface DirectoryEntries {
  readonly inode: Uint32Array;
  /** d_type as written: a hint at best; 0 on tapes that do not say. */
  readonly type: Uint8Array;
  readonly name: readonly ByteString[];
  /** Chunks of which a part made no sense and was passed over. */
  readonly damagedChunks: number;
}

export interface DirectoryForm {
  readonly littleEndian: boolean;
  /** Without DR_NEWINODEFMT the two bytes at 6 are one 16-bit length. */
  readonly newFormat: boolean;
  /** OFS_MAGIC: 16-byte entries, 2 of inode number and 14 of name. */
  readonly ancient?: boolean;
}

export const LINUX_DIRECTORY: DirectoryForm = { littleEndian: true, newFormat: true };

/**
 * The entries of a directory, in order, "." and ".." included, empty slots left out. Answers for any
 * bytes: what is malformed in a chunk ends that chunk, and names that could leave their directory (empty,
 * with a slash or a NUL) are dropped with it.
 */
export function decodeDirectory(
  bytes: Uint8Array,
  form: DirectoryForm = LINUX_DIRECTORY,
): DirectoryEntries {
  return form.ancient ? decodeAncient(bytes, form.littleEndian) : decodeModern(bytes, form);
}

function decodeModern(bytes: Uint8Array, form: DirectoryForm): DirectoryEntries {
  const view = viewOver(bytes);
  const buffer = bufferOver(bytes);
  const inodes: number[] = [];
  const types: number[] = [];
  const names: ByteString[] = [];
  let damagedChunks = 0;
  const little = form.littleEndian;
  let at = 0;
  while (at < bytes.byteLength) {
    // Some writers use chunks of 1024: an entry may cross 512, but never 1024, as real restore has it.
    const chunkEnd = Math.min(bytes.byteLength, Math.floor(at / 1024) * 1024 + 1024);
    if (chunkEnd - at < 8) {
      at = chunkEnd;
      continue;
    }
    const inode = view.getUint32(at, little);
    const recordBytes = view.getUint16(at + 4, little);
    const nameBytes = form.newFormat ? view.getUint8(at + 7) : view.getUint16(at + 6, little);
    if (inode === 0 && recordBytes === 0 && isZero(bytes, at, chunkEnd)) {
      at = chunkEnd;
      continue;
    }
    if (
      recordBytes < 8 ||
      recordBytes % 4 !== 0 ||
      at + recordBytes > chunkEnd ||
      8 + nameBytes > recordBytes
    ) {
      damagedChunks++;
      at = chunkEnd;
      continue;
    }
    if (inode !== 0) {
      const name = buffer.toString("latin1", at + 8, at + 8 + nameBytes);
      if (isName(name)) {
        inodes.push(inode);
        types.push(form.newFormat ? view.getUint8(at + 6) : 0);
        names.push(name);
      } else {
        damagedChunks++;
      }
    }
    at += recordBytes;
  }
  return {
    inode: Uint32Array.from(inodes),
    type: Uint8Array.from(types),
    name: names,
    damagedChunks,
  };
}

function decodeAncient(bytes: Uint8Array, little: boolean): DirectoryEntries {
  const view = viewOver(bytes);
  const inodes: number[] = [];
  const names: ByteString[] = [];
  let damagedChunks = 0;
  for (let at = 0; at + 16 <= bytes.byteLength; at += 16) {
    const inode = view.getUint16(at, little);
    if (inode === 0) continue;
    const field = bufferOver(bytes).toString("latin1", at + 2, at + 16);
    const end = field.indexOf("\0");
    const name = end < 0 ? field : field.slice(0, end);
    if (!isName(name)) {
      damagedChunks++;
      continue;
    }
    inodes.push(inode);
    names.push(name);
  }
  return {
    inode: Uint32Array.from(inodes),
    type: new Uint8Array(inodes.length),
    name: names,
    damagedChunks,
  };
}

function isName(name: ByteString): boolean {
  return name.length > 0 && !name.includes("/") && !name.includes("\0");
}

function isZero(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}
