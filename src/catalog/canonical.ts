// Canonical MessagePack: the subset that hashed records are made of. Integers in their shortest integer
// form up to 64 bits, byte strings as bin, arrays, nil; no maps, no floats, no text. (msgpackr writes 5e9
// as a float and latin1 text as UTF-8; records are read back with it in tests.) docs/format/records.md.
import { ByteReader, bufferOver, type ByteString, type ByteWriter } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";

const TWO_32 = 0x1_0000_0000;
/** Nesting of arrays that a reader follows. */
const DEPTH_MAX = 16;

export type CanonicalValue = number | bigint | null | Uint8Array | readonly CanonicalValue[];

export function putNil(out: ByteWriter): void {
  out.u8(0xc0);
}

export function putArray(out: ByteWriter, count: number): void {
  if (count < 16) out.u8(0x90 | count);
  else if (count < 0x10000) {
    out.u8(0xdc);
    out.u16be(count);
  } else {
    out.u8(0xdd);
    out.u32be(count);
  }
}

/** An integer of at most 53 bits. */
export function putInt(out: ByteWriter, n: number): void {
  if (n >= 0) {
    if (n < 0x80) out.u8(n);
    else if (n < 0x100) {
      out.u8(0xcc);
      out.u8(n);
    } else if (n < 0x10000) {
      out.u8(0xcd);
      out.u16be(n);
    } else if (n < TWO_32) {
      out.u8(0xce);
      out.u32be(n);
    } else putUint64(out, Math.floor(n / TWO_32), n % TWO_32);
  } else if (n >= -32) out.u8(0x100 + n);
  else if (n >= -0x80) {
    out.u8(0xd0);
    out.u8(0x100 + n);
  } else if (n >= -0x8000) {
    out.u8(0xd1);
    out.u16be(0x10000 + n);
  } else if (n >= -0x8000_0000) {
    out.u8(0xd2);
    out.u32be(TWO_32 + n);
  } else {
    out.u8(0xd3);
    const high = Math.floor(n / TWO_32);
    out.u32be(high + TWO_32);
    out.u32be(n - high * TWO_32);
  }
}

/** A 64-bit unsigned integer in two halves, in its shortest form. */
export function putUint64(out: ByteWriter, high: number, low: number): void {
  if (high === 0) {
    putInt(out, low);
    return;
  }
  out.u8(0xcf);
  out.u32be(high);
  out.u32be(low);
}

function putBinHeader(out: ByteWriter, length: number): void {
  if (length < 0x100) {
    out.u8(0xc4);
    out.u8(length);
  } else if (length < 0x10000) {
    out.u8(0xc5);
    out.u16be(length);
  } else {
    out.u8(0xc6);
    out.u32be(length);
  }
}

export function putBin(out: ByteWriter, bytes: Uint8Array): void {
  putBinHeader(out, bytes.byteLength);
  out.put(bytes);
}

export function putByteString(out: ByteWriter, text: ByteString): void {
  putBinHeader(out, text.length);
  out.byteString(text);
}

/** A pull parser that refuses whatever the encoder would not have written. */
export class CanonicalReader {
  readonly input: ByteReader;

  constructor(bytes: Uint8Array, what: string) {
    this.input = new ByteReader(bytes, what);
  }

  damaged(found: string): ReelError {
    return new ReelError("format.damaged", { what: this.input.what, found });
  }

  array(): number {
    const byte = this.input.u8();
    if (byte >= 0x90 && byte < 0xa0) return byte & 0x0f;
    const count = byte === 0xdc ? this.input.u16be() : byte === 0xdd ? this.input.u32be() : -1;
    if (count < 0) throw this.damaged(`byte ${byte} where an array begins`);
    if (count > this.input.remaining) throw this.damaged(`an array of ${count} elements`);
    if (count < (byte === 0xdc ? 16 : 0x10000))
      throw this.damaged("a length not in its shortest form");
    return count;
  }

  /** True, and past it, if nil comes next. */
  nil(): boolean {
    if (this.input.remaining === 0 || this.input.bytes[this.input.at] !== 0xc0) return false;
    this.input.at++;
    return true;
  }

  /** An integer that a number holds exactly. */
  int(): number {
    const byte = this.input.u8();
    if (byte < 0x80) return byte;
    if (byte >= 0xe0) return byte - 0x100;
    switch (byte) {
      case 0xcc:
        return this.least(this.input.u8(), 0x80);
      case 0xcd:
        return this.least(this.input.u16be(), 0x100);
      case 0xce:
        return this.least(this.input.u32be(), 0x10000);
      case 0xcf: {
        const high = this.input.u32be();
        const n = this.least(high, 1) * TWO_32 + this.input.u32be();
        if (n > Number.MAX_SAFE_INTEGER) throw this.damaged("an integer over 2^53");
        return n;
      }
      case 0xd0:
        return this.most((this.input.u8() << 24) >> 24, -33);
      case 0xd1:
        return this.most((this.input.u16be() << 16) >> 16, -0x81);
      case 0xd2:
        return this.most(this.input.i32be(), -0x8001);
      case 0xd3: {
        const high = this.input.i32be();
        const n = high * TWO_32 + this.input.u32be();
        if (n < Number.MIN_SAFE_INTEGER) throw this.damaged("an integer under -2^53");
        return this.most(n, -0x8000_0001);
      }
      default:
        throw this.damaged(`byte ${byte} where an integer begins`);
    }
  }

  /** An integer from 0 to `max`. */
  uint(max: number): number {
    const n = this.int();
    if (n < 0 || n > max) throw this.damaged(`the number ${n} where 0 to ${max} is expected`);
    return n;
  }

  /** An array of just so many elements. */
  arrayOf(count: number): void {
    const found = this.array();
    if (found !== count)
      throw this.damaged(`an array of ${found} where ${count} elements are expected`);
  }

  private least(n: number, min: number): number {
    if (n < min) throw this.damaged("an integer not in its shortest form");
    return n;
  }

  private most(n: number, max: number): number {
    if (n > max) throw this.damaged("an integer not in its shortest form");
    return n;
  }

  /** A 64-bit unsigned integer; leaves its halves in `high` and `low`. */
  uint64(): void {
    if (this.input.remaining > 0 && this.input.bytes[this.input.at] === 0xcf) {
      this.input.at++;
      this.high = this.least(this.input.u32be(), 1);
      this.low = this.input.u32be();
    } else {
      this.high = 0;
      this.low = this.int();
      if (this.low < 0) throw this.damaged("a negative inode number");
    }
  }
  high = 0;
  low = 0;

  /** A view on the bytes. */
  bin(): Uint8Array {
    const byte = this.input.u8();
    const length =
      byte === 0xc4
        ? this.input.u8()
        : byte === 0xc5
          ? this.input.u16be()
          : byte === 0xc6
            ? this.input.u32be()
            : -1;
    if (length < 0) throw this.damaged(`byte ${byte} where bytes begin`);
    if (length < (byte === 0xc5 ? 0x100 : byte === 0xc6 ? 0x10000 : 0))
      throw this.damaged("a length not in its shortest form");
    return this.input.slice(length);
  }

  byteString(): ByteString {
    return bufferOver(this.bin()).toString("latin1");
  }

  /** Whatever comes next, for elements that a later version may add. */
  skip(depth = 0): void {
    const byte = this.input.bytes[this.input.at];
    if (this.nil()) return;
    if (byte !== undefined && byte >= 0xc4 && byte <= 0xc6) {
      this.bin();
    } else if (
      byte !== undefined &&
      ((byte >= 0x90 && byte < 0xa0) || byte === 0xdc || byte === 0xdd)
    ) {
      if (depth >= DEPTH_MAX) throw this.damaged("arrays nested too deep");
      for (let n = this.array(); n > 0; n--) this.skip(depth + 1);
    } else if (byte === 0xcf) this.uint64();
    else this.int();
  }

  end(): void {
    if (this.input.remaining > 0) throw this.damaged(`${this.input.remaining} bytes too many`);
  }
}
