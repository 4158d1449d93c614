// The unpacked segments read last, within a bound of bytes.
import { ReelError } from "../core/errors.ts";
import { storeFileName } from "../store/layout.ts";
import { decodeSegment, decodeSegmentHeader, SEGMENT_HEADER_BYTES } from "../store/segment.ts";
import type { ReadView, StoreFile } from "../store/store.ts";

/** 128 full segments: a walk through a tree meets its groups in turn, a few segments each. */
const CACHE_BYTES_MAX = 32 << 20;
/** One read gets most segments whole: 256 KiB raw, packed to a half. */
const FIRST_READ_BYTES = 64 << 10;

export class SegmentCache {
  private readonly store: ReadView;
  private readonly kept = new Map<string, Uint8Array>();
  private bytes = 0;

  constructor(store: ReadView) {
    this.store = store;
  }

  /** The raw bytes of the segment at that place; a view that must not be changed. Throws `format.damaged`. */
  read(file: StoreFile, offset: number, kind: number): Uint8Array {
    const key = `${file}:${offset}`;
    const known = this.kept.get(key);
    if (known) {
      this.kept.delete(key);
      this.kept.set(key, known);
      return known;
    }
    const what = `${storeFileName(file)} at ${offset}`;
    const rest = this.store.size(file) - offset;
    if (rest < SEGMENT_HEADER_BYTES)
      throw new ReelError("format.truncated", { what, wanted: SEGMENT_HEADER_BYTES, found: rest });
    let bytes = this.store.read(file, offset, Math.min(rest, FIRST_READ_BYTES));
    const header = decodeSegmentHeader(bytes, 0, what);
    if (header.segmentBytes > rest)
      throw new ReelError("format.truncated", { what, wanted: header.segmentBytes, found: rest });
    if (header.segmentBytes > bytes.byteLength)
      bytes = this.store.read(file, offset, header.segmentBytes);
    const segment = decodeSegment(bytes, 0, what);
    if (segment.kind !== kind)
      throw new ReelError("format.damaged", {
        what,
        found: `a segment of kind ${segment.kind}, expected ${kind}`,
      });
    this.keep(key, segment.raw);
    return segment.raw;
  }

  private keep(key: string, raw: Uint8Array): void {
    this.kept.set(key, raw);
    this.bytes += raw.byteLength;
    for (const [oldest, old] of this.kept) {
      if (this.bytes <= CACHE_BYTES_MAX || oldest === key) break;
      this.kept.delete(oldest);
      this.bytes -= old.byteLength;
    }
  }
}
