// Bytes that arrive in pieces, taken out in other pieces: what the decoders of a stream stand on.
import { assert } from "../core/errors.ts";

export class ByteFeed {
  private pieces: Uint8Array[] = [];
  /** Bytes of the first piece that were taken already. */
  private used = 0;
  available = 0;

  push(piece: Uint8Array): void {
    if (piece.byteLength === 0) return;
    this.pieces.push(piece);
    this.available += piece.byteLength;
  }

  /** Exactly `length` bytes: a view where one piece has them all. */
  take(length: number): Uint8Array {
    assert(length <= this.available, "more bytes are taken than there are");
    const first = this.pieces[0];
    if (first && first.byteLength - this.used >= length) return this.fromFirst(first, length);
    const joined = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const piece = this.pieces[0] as Uint8Array;
      const part = this.fromFirst(piece, Math.min(length - filled, piece.byteLength - this.used));
      joined.set(part, filled);
      filled += part.byteLength;
    }
    return joined;
  }

  /** Up to `length` bytes, as many as lie in one piece. */
  some(length: number): Uint8Array {
    const first = this.pieces[0];
    if (!first) return this.take(0);
    return this.fromFirst(first, Math.min(length, first.byteLength - this.used));
  }

  u32(): number {
    const b = this.take(4);
    return (
      (b[0] as number) * 0x1000000 +
      (((b[1] as number) << 16) | ((b[2] as number) << 8) | (b[3] as number))
    );
  }

  private fromFirst(piece: Uint8Array, length: number): Uint8Array {
    const part = piece.subarray(this.used, this.used + length);
    this.used += length;
    this.available -= length;
    if (this.used === piece.byteLength) {
      this.pieces.shift();
      this.used = 0;
    }
    return part;
  }
}
