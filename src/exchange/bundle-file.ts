// Bundle files: which container and compression the first bytes tell, and the same stream of parts from
// either container. docs/format/bundle.md, section 4. No file is opened here: bytes come and go in chunks.
import { byteString, bytesOf } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import {
  Bundle2Decoder,
  type Bundle2Item,
  BUNDLE2_END,
  decodeStreamParameters,
  encodeBundle2Start,
  encodePart,
  type PartHeader,
  STREAM_PARAMETER_BYTES_MAX,
} from "./bundle2.ts";
import type { ChangegroupVersion } from "./changegroup.ts";
import { type Compression, pack, unpack } from "./compression.ts";
import { damaged, endsEarly, tooLarge } from "./damage.ts";

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

/** How a changegroup is announced: as a part of its own, which must be understood. */
export function changegroupPart(
  version: ChangegroupVersion,
  changesets: number,
  treeManifests: boolean,
): PartHeader {
  const mandatoryParameters = new Map<string, string>([["version", version]]);
  if (treeManifests) mandatoryParameters.set("treemanifest", "1");
  return {
    type: "changegroup",
    mandatory: true,
    id: 0,
    mandatoryParameters,
    advisoryParameters: new Map([["nbchanges", String(changesets)]]),
  };
}

/** A reader of chunks that may stop for a header and go on. */
class Chunks {
  private readonly iterator: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.iterator = chunks[Symbol.asyncIterator]();
  }

  /** Exactly `length` bytes. Throws `exchange.truncated`. */
  async take(length: number): Promise<Uint8Array> {
    while (this.rest.byteLength < length) {
      const next = await this.iterator.next();
      if (next.done === true) throw endsEarly("the bundle", "in its header");
      this.rest = this.rest.byteLength === 0 ? next.value : Buffer.concat([this.rest, next.value]);
    }
    const taken = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(length);
    return taken;
  }

  /** What is left, behind `before`. */
  async *remaining(before: Uint8Array = new Uint8Array(0)): AsyncGenerator<Uint8Array> {
    try {
      if (before.byteLength > 0) yield before;
      if (this.rest.byteLength > 0) yield this.rest;
      for (;;) {
        const next = await this.iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await this.iterator.return?.();
    }
  }
}

/**
 * The parts of a bundle of any kind, as they come; one of the old kind is a single changegroup 01. Throws
 * `exchange.not-a-bundle`, `exchange.unknown-parameter`, `exchange.damaged`, `exchange.truncated`,
 * `exchange.too-large`.
 */
export async function* readBundle(source: AsyncIterable<Uint8Array>): AsyncGenerator<Bundle2Item> {
  const chunks = new Chunks(source);
  const magic = byteString(await chunks.take(4));
  if (magic === "HG20") yield* bundle2Items(chunks);
  else if (magic === "HG10") yield* bundle1Items(chunks);
  else throw new ReelError("exchange.not-a-bundle", { found: JSON.stringify(magic) });
}

async function* bundle2Items(chunks: Chunks): AsyncGenerator<Bundle2Item> {
  const length = Buffer.from(await chunks.take(4)).readUInt32BE();
  if (length > STREAM_PARAMETER_BYTES_MAX)
    throw tooLarge("the bundle's parameters", length, STREAM_PARAMETER_BYTES_MAX);
  const parameters = decodeStreamParameters(await chunks.take(length));
  let compression = "UN";
  for (const [name, value] of parameters) {
    if (name === "Compression") compression = value;
    else if (/^[A-Z]/.test(name))
      throw new ReelError("exchange.unknown-parameter", { found: name, where: "the bundle" });
  }
  if (!isCompression(compression))
    throw new ReelError("exchange.unknown-parameter", {
      found: `Compression=${compression}`,
      where: "the bundle",
    });
  const decoder = new Bundle2Decoder();
  for await (const bytes of unpack(chunks.remaining(), compression)) yield* decoder.push(bytes);
  decoder.finish();
}

function isCompression(text: string): text is Compression {
  return text === "UN" || text === "GZ" || text === "BZ" || text === "ZS";
}

async function* bundle1Items(chunks: Chunks): AsyncGenerator<Bundle2Item> {
  const compression = byteString(await chunks.take(2));
  if (!isCompression(compression) || compression === "ZS")
    throw damaged("the bundle", `compression ${JSON.stringify(compression)}`);
  yield {
    kind: "part",
    header: {
      type: "changegroup",
      mandatory: true,
      id: 0,
      mandatoryParameters: new Map([["version", "01"]]),
      advisoryParameters: NO_PARAMETERS,
    },
  };
  // The "BZ" of the magic is the bzip2 stream's own.
  const packed = chunks.remaining(compression === "BZ" ? bytesOf("BZ") : undefined);
  for await (const bytes of unpack(packed, compression)) yield { kind: "payload", bytes };
  yield { kind: "part-end" };
  yield { kind: "end" };
}

export type WrittenCompression = "UN" | "GZ";

export interface BundlePart {
  readonly header: PartHeader;
  readonly payload: Iterable<Uint8Array>;
}

/** A bundle of the new kind. */
export async function* writeBundle2(
  parts: Iterable<BundlePart>,
  compression: WrittenCompression,
): AsyncGenerator<Uint8Array> {
  yield encodeBundle2Start(
    compression === "UN" ? NO_PARAMETERS : new Map([["Compression", compression]]),
  );
  yield* pack(bundle2Body(parts), compression);
}

function* bundle2Body(parts: Iterable<BundlePart>): Generator<Uint8Array> {
  for (const { header, payload } of parts) yield* encodePart(header, payload);
  yield BUNDLE2_END;
}

/** A bundle of the old kind, around a changegroup 01. */
export async function* writeBundle1(
  changegroup: Iterable<Uint8Array>,
  compression: WrittenCompression,
): AsyncGenerator<Uint8Array> {
  yield bytesOf(`HG10${compression}`);
  yield* pack(changegroup, compression);
}
