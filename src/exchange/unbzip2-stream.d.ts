// What Reel uses of unbzip2-stream, which comes without types.
declare module "unbzip2-stream" {
  interface Unbzip2Stream {
    on(event: "data", listener: (bytes: Uint8Array) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    write(bytes: Uint8Array): boolean;
    end(): void;
  }
  function unbzip2Stream(): Unbzip2Stream;
  export = unbzip2Stream;
}
