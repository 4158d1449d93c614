// Packing and unpacking of bundle streams, in bounded memory: zlib by Node, bzip2 and zstd by libraries that
// only unpack. A stream that unpacks to absurdly more than it is, a bomb, is refused.
import { pipeline, Readable } from "node:stream";
import { createDeflate, createInflate } from "node:zlib";
import bitIterator from "unbzip2-stream/lib/bit_iterator.js";
import bzip2 from "unbzip2-stream/lib/bzip2.js";
import { ByteWriter, EMPTY } from "../core/bytes.ts";
import { damaged, endsEarly, tooLarge } from "./damage.ts";
import { ZstdFrames } from "./zstd-frames.ts";

/** By the names of bundle2's parameter. */
export type Compression = "UN" | "GZ" | "BZ" | "ZS";

/** Deflate gives at most 1032 for 1; a catalog's texts pack to a tenth. */
export const UNPACKED_RATIO_MAX = 2000;
/** Below this a stream may unpack to whatever it likes. */
export const UNPACKED_BYTES_FREE = 256 << 20;
/** What zlib gives at a time: each is a turn of the event loop, and 16 KiB, its own choice, makes many. */
const CHUNK_BYTES = 128 << 10;
/** The unpacked bytes. Throws `exchange.damaged`, `exchange.truncated`, `exchange.too-large`. */
export async function* unpack(
  chunks: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  let packed = 0;
  let unpacked = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      packed += chunk.byteLength;
      yield chunk;
    }
  };
  for await (const bytes of unpackers[compression](counted())) {
    unpacked += bytes.byteLength;
    const limit = Math.max(UNPACKED_BYTES_FREE, packed * UNPACKED_RATIO_MAX);
    if (unpacked > limit) throw tooLarge("what the bundle unpacks to", unpacked, limit);
    yield bytes;
  }
}

const unpackers: Readonly<
  Record<Compression, (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>>
> = {
  UN: (chunks) => chunks,
  GZ: inflate,
  BZ: unbzip2,
  ZS: unzstd,
};

async function* inflate(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflating = createInflate({ chunkSize: CHUNK_BYTES });
  // The error reaches the loop below, since the pipeline destroys its last stream with it.
  pipeline(Readable.from(chunks), inflating, () => {});
  try {
    for await (const bytes of inflating) yield bytes as Uint8Array;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "Z_BUF_ERROR")
      throw endsEarly("the zlib stream", "in a block");
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))
      throw damaged("the zlib stream", error.message);
    throw error;
  }
}

/** Until so much is there, a block of that size (in units of 100,000 bytes) may be cut; a header has 4 bytes. */
function bytesForBlock(blockSize: number): number {
  return blockSize === 0 ? 4 : 25_000 + 100_000 * blockSize;
}

/** Block by block: the most that one unpacks to is some 46 MB. */
async function* unbzip2(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // The reader takes its first piece at once.
  const queue: Uint8Array[] = [EMPTY];
  const bits = bitIterator(() => queue.shift());
  let pushed = 0;
  let blockSize = 0;
  /** Null between streams. */
  let checksum: number | null = null;
  const step = (): Uint8Array => {
    const out = new ByteWriter(1 << 16);
    try {
      if (blockSize === 0) {
        blockSize = bzip2.header(bits);
        checksum = 0;
        return EMPTY;
      }
      const symbols = 100_000 * blockSize;
      checksum = bzip2.decompress(
        bits,
        (byte) => out.u8(byte),
        new Int32Array(symbols),
        symbols,
        checksum ?? 0,
      );
      if (checksum === null) blockSize = 0;
    } catch (error) {
      throw damaged("the bzip2 stream", error instanceof Error ? error.message : String(error));
    }
    return out.finish();
  };
  for await (const chunk of chunks) {
    if (chunk.byteLength > 0) queue.push(chunk);
    pushed += chunk.byteLength;
    while (pushed - bits.bytesRead >= bytesForBlock(blockSize)) yield step();
  }
  while (pushed > bits.bytesRead) yield step();
  if (checksum !== null) throw endsEarly("the bzip2 stream", "in a block");
}

async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames();
  for await (const chunk of chunks) yield* frames.push(chunk);
  frames.finish();
}

/**
 * Half of a bundle is nodes, which do not pack. 9.3 MB of 30,000 files: 3.36 MB in 0.13 s; with zlib's own 6,
 * 3.13 MB in 0.23 s, longer than the rest of making a bundle takes; with 9 no less in 0.94 s.
 */
const DEFLATE_LEVEL = 4;

/** The packed bytes; only "UN" and "GZ" are written. */
export async function* pack(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  compression: "UN" | "GZ",
): AsyncGenerator<Uint8Array> {
  if (compression === "UN") {
    yield* chunks;
    return;
  }
  const deflating = createDeflate({ level: DEFLATE_LEVEL, chunkSize: CHUNK_BYTES });
  pipeline(Readable.from(chunks), deflating, () => {});
  for await (const bytes of deflating) yield bytes as Uint8Array;
}
