// What Reel uses of unbzip2-stream, which comes without types: not its stream, which keeps a number for each
// byte and cannot be stopped within a call, but what that stands on.
declare module "unbzip2-stream/lib/bit_iterator.js" {
  interface BitReader {
    readonly bytesRead: number;
  }
  function bitIterator(nextBuffer: () => Uint8Array | undefined): BitReader;
  export = bitIterator;
}

declare module "unbzip2-stream/lib/bzip2.js" {
  import type bitIterator from "unbzip2-stream/lib/bit_iterator.js";
  type BitReader = ReturnType<typeof bitIterator>;
  const bzip2: {
    /** Size of the stream's blocks in units of 100,000 bytes. */
    header(bits: BitReader): number;
    /** Unpacks a block and gives the stream's checksum so far; null at the end of the stream. */
    decompress(
      bits: BitReader,
      put: (byte: number) => void,
      symbols: Int32Array,
      symbolCount: number,
      checksum: number,
    ): number | null;
  };
  export = bzip2;
}
