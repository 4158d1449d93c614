// Bounded readers and growable writers over bytes, and names as bytes: a ByteString is a string whose
// every code unit is one byte (latin1), so that order is byte order; it is decoded to UTF-8 only to be
// shown.
import { ReelError } from "./errors.ts";

export type ByteString = string;

export const EMPTY: Uint8Array = new Uint8Array(0);

/** A Buffer over the same memory. */
export function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function byteString(bytes: Uint8Array): ByteString {
  return bufferOver(bytes).toString("latin1");
}

export function bytesOf(text: ByteString): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** A byte that is not UTF-8, in text: as Mercurial and Python write it. */
const LONE_BYTE = /([\udc80-\udcff])/u;

/** Text as the bytes it is stored in: UTF-8, and a lone surrogate U+DC80 to U+DCFF as the byte it stands for. */
export function utf8ToByteString(text: string): ByteString {
  if (!LONE_BYTE.test(text)) return Buffer.from(text, "utf8").toString("latin1");
  const parts = text
    .split(LONE_BYTE)
    .map((part, i) =>
      i % 2 === 0 ? utf8ToByteString(part) : String.fromCharCode(part.charCodeAt(0) - 0xdc00),
    );
  return parts.join("");
}

/** For people: bytes that are not UTF-8 come out as U+FFFD. */
export function showBytes(name: ByteString): string {
  return isAscii(name) ? name : Buffer.from(name, "latin1").toString("utf8");
}

export function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII begins with the control characters
  return /^[\x00-\x7f]*$/.test(text);
}

/** Reads forward within fixed bounds; every overrun is a `format.truncated` naming `what`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly what: string;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, what: string, at = 0, end: number = bytes.byteLength) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.what = what;
    this.at = at;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  /** Moves past `length` bytes and gives where they began. */
  take(length: number): number {
    const at = this.at;
    if (!(length >= 0) || length > this.end - at) {
      throw new ReelError("format.truncated", {
        what: this.what,
        wanted: length,
        found: this.end - at,
      });
    }
    this.at = at + length;
    return at;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }
  u16le(): number {
    return this.view.getUint16(this.take(2), true);
  }
  u32le(): number {
    return this.view.getUint32(this.take(4), true);
  }
  u16be(): number {
    return this.view.getUint16(this.take(2));
  }
  u32be(): number {
    return this.view.getUint32(this.take(4));
  }
  i32be(): number {
    return this.view.getInt32(this.take(4));
  }

  /** LEB128, at most 2^53 - 1. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new ReelError("format.damaged", { what: this.what, found: "an integer over 2^53" });
  }

  /** Zigzag LEB128, |n| below 2^52. */
  svarint(): number {
    const n = this.varint();
    return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
  }

  /** A view on the next bytes, not a copy. */
  slice(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  byteString(length: number): ByteString {
    const at = this.take(length);
    return bufferOver(this.bytes).toString("latin1", at, at + length);
  }
}

/** Up to here a loop is faster than the call of `set`. */
const FEW_BYTES = 32;

/** Grows by doubling; `finish` gives the bytes written, in the writer's own memory. */
export class ByteWriter {
  private buffer: Buffer;
  private view: DataView;
  length = 0;

  constructor(capacity = 256) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(16, capacity));
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.byteLength);
  }

  /** Makes room for `extra` bytes and gives the place where they begin, already counted as written. */
  grow(extra: number): number {
    const at = this.length;
    const wanted = at + extra;
    if (wanted > this.buffer.byteLength) {
      const next = Buffer.allocUnsafeSlow(Math.max(wanted, this.buffer.byteLength * 2));
      next.set(this.buffer.subarray(0, at));
      this.buffer = next;
      this.view = new DataView(next.buffer, next.byteOffset, next.byteLength);
    }
    this.length = wanted;
    return at;
  }

  u8(n: number): void {
    const at = this.length;
    if (at < this.buffer.byteLength) this.length = at + 1;
    else this.grow(1);
    this.buffer[at] = n;
  }
  u16le(n: number): void {
    const at = this.grow(2);
    this.view.setUint16(at, n, true);
  }
  u32le(n: number): void {
    const at = this.grow(4);
    this.view.setUint32(at, n, true);
  }
  u16be(n: number): void {
    const at = this.grow(2);
    this.view.setUint16(at, n);
  }
  u32be(n: number): void {
    const at = this.grow(4);
    this.view.setUint32(at, n);
  }

  varint(n: number): void {
    let rest = n;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.u8(rest);
  }

  svarint(n: number): void {
    this.varint(n < 0 ? -2 * n - 1 : 2 * n);
  }

  put(bytes: Uint8Array): void {
    const length = bytes.byteLength;
    const at = this.grow(length);
    if (length > FEW_BYTES) {
      this.buffer.set(bytes, at);
      return;
    }
    const { buffer } = this;
    for (let i = 0; i < length; i++) buffer[at + i] = bytes[i] as number;
  }

  byteString(text: ByteString): void {
    const at = this.grow(text.length);
    this.buffer.write(text, at, text.length, "latin1");
  }

  hex(digits: string): void {
    const at = this.grow(digits.length / 2);
    this.buffer.write(digits, at, "hex");
  }

  zeros(count: number): void {
    const at = this.grow(count);
    this.buffer.fill(0, at, at + count);
  }

  /** A view on what was written; valid until the next write. */
  finish(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  reset(): void {
    this.length = 0;
  }
}
