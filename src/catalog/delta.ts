// Mercurial's deltas (hg formats, section 3): hunks of start, end, length, bytes against a base text.
import { ByteWriter } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";

const HUNK_HEADER_BYTES = 12;

/** Builds a delta hunk by hunk; starts ascend and hunks do not overlap. */
export class DeltaWriter {
  private readonly out = new ByteWriter(256);

  hunk(start: number, end: number, bytes: Uint8Array): void {
    this.out.u32be(start);
    this.out.u32be(end);
    this.out.u32be(bytes.byteLength);
    this.out.put(bytes);
  }

  finish(): Uint8Array {
    return this.out.finish();
  }
}

function damaged(found: string): ReelError {
  return new ReelError("format.damaged", { what: "a delta", found });
}

/** Length of what applying the delta to `baseLength` bytes gives; checks every hunk. */
export function patchedLength(baseLength: number, delta: Uint8Array): number {
  const view = new DataView(delta.buffer, delta.byteOffset, delta.byteLength);
  let length = baseLength;
  let last = 0;
  let at = 0;
  while (at < delta.byteLength) {
    if (at + HUNK_HEADER_BYTES > delta.byteLength) throw damaged("a hunk cut short");
    const start = view.getUint32(at);
    const end = view.getUint32(at + 4);
    const size = view.getUint32(at + 8);
    if (start < last || end < start || end > baseLength) {
      throw damaged(`hunk ${start}..${end} of a base of ${baseLength} bytes`);
    }
    at += HUNK_HEADER_BYTES + size;
    if (at > delta.byteLength) throw damaged("a hunk cut short");
    length += size - (end - start);
    last = end;
  }
  return length;
}

/** Applies a delta. Throws `format.damaged` if it does not fit the base. */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array {
  const text = new Uint8Array(patchedLength(base.byteLength, delta));
  const view = new DataView(delta.buffer, delta.byteOffset, delta.byteLength);
  let from = 0;
  let to = 0;
  let at = 0;
  while (at < delta.byteLength) {
    const start = view.getUint32(at);
    const size = view.getUint32(at + 8);
    text.set(base.subarray(from, start), to);
    to += start - from;
    text.set(delta.subarray(at + HUNK_HEADER_BYTES, at + HUNK_HEADER_BYTES + size), to);
    to += size;
    from = view.getUint32(at + 4);
    at += HUNK_HEADER_BYTES + size;
  }
  text.set(base.subarray(from), to);
  return text;
}

/** One hunk between the common start and the common end, cut at line boundaries if `lines` is set. */
export function makeDelta(base: Uint8Array, text: Uint8Array, lines: boolean): Uint8Array {
  const shorter = Math.min(base.byteLength, text.byteLength);
  let start = 0;
  while (start < shorter && base[start] === text[start]) start++;
  if (start === base.byteLength && start === text.byteLength) return new Uint8Array(0);
  if (lines) start = start === 0 ? 0 : text.lastIndexOf(0x0a, start - 1) + 1;
  let tail = 0;
  while (
    tail < shorter - start &&
    base[base.byteLength - 1 - tail] === text[text.byteLength - 1 - tail]
  )
    tail++;
  if (lines && tail > 0) {
    // What both end with begins a line in both, or with the next line in it.
    const atLine = (of: Uint8Array): boolean =>
      of.byteLength === tail || of[of.byteLength - tail - 1] === 0x0a;
    if (!atLine(base) || !atLine(text)) {
      const lf = text.indexOf(0x0a, text.byteLength - tail);
      tail = lf < 0 ? 0 : text.byteLength - lf - 1;
    }
  }
  const delta = new DeltaWriter();
  delta.hunk(start, base.byteLength - tail, text.subarray(start, text.byteLength - tail));
  return delta.finish();
}
