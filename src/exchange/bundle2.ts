// Codec of the bundle2 container: parts with parameters and payloads in chunks. docs/format/bundle.md,
// section 3. It knows no part by name, but it knows which must be understood: those with a capital letter.
import { ByteReader, byteString, type ByteString, bytesOf, ByteWriter } from "../core/bytes.ts";
import { ByteFeed } from "./byte-feed.ts";
import { damaged, endsEarly, received, tooLarge } from "./damage.ts";

export type Parameters = ReadonlyMap<ByteString, ByteString>;

export interface PartHeader {
  /** In lower case. */
  readonly type: string;
  readonly mandatory: boolean;
  readonly id: number;
  readonly mandatoryParameters: Parameters;
  readonly advisoryParameters: Parameters;
}

export type Bundle2Item =
  /** While a payload is open, a part that interrupts it: it has an end of its own before the payload goes on. */
  | { readonly kind: "part"; readonly header: PartHeader }
  | { readonly kind: "payload"; readonly bytes: Uint8Array }
  | { readonly kind: "part-end" }
  | { readonly kind: "end" };

const WHAT = "the bundle";
const INTERRUPT = 0xffff_ffff;
/** Type, id, counts, and 510 parameters of the longest names and values. */
const PART_HEADER_BYTES_MAX = 1 + 255 + 4 + 2 + 510 * (2 + 510);
/** What hg announces of itself in stream parameters is a few words. */
export const STREAM_PARAMETER_BYTES_MAX = 64 << 10;
const PART_TYPE = /^[a-zA-Z0-9_:-]+$/;

/** Takes the bytes after the stream parameters as they come and gives the items they complete. */
export class Bundle2Decoder {
  private readonly feed = new ByteFeed();
  /** Parts that are open: one, or the interrupted one and the one that interrupts. */
  private open = 0;
  /** Bytes that remain of a payload chunk. */
  private payload = 0;
  /** Length of the part header that is awaited; 0 if none is. */
  private header = 0;
  private interrupting = false;
  private ended = false;

  /** Throws `exchange.damaged`, `exchange.too-large`. */
  push(bytes: Uint8Array): Bundle2Item[] {
    this.feed.push(bytes);
    const items: Bundle2Item[] = [];
    while (this.step(items));
    return items;
  }

  /** Throws `exchange.truncated` unless all was there. */
  finish(): void {
    if (!this.ended) throw endsEarly(WHAT, this.open > 0 ? "in a part" : "before its last part");
  }

  private step(items: Bundle2Item[]): boolean {
    const { feed } = this;
    if (this.ended) {
      if (feed.available > 0) throw damaged(WHAT, "bytes after its end");
      return false;
    }
    if (this.header > 0) {
      if (feed.available < this.header) return false;
      items.push({ kind: "part", header: decodePartHeader(feed.take(this.header)) });
      this.header = 0;
      this.open++;
      this.interrupting = false;
      return true;
    }
    if (this.payload > 0) {
      if (feed.available === 0) return false;
      const bytes = feed.some(this.payload);
      this.payload -= bytes.byteLength;
      items.push({ kind: "payload", bytes });
      return true;
    }
    if (feed.available < 4) return false;
    const length = feed.u32();
    if (this.open === 0 || this.interrupting) this.startPart(length, items);
    else if (length === 0) {
      items.push({ kind: "part-end" });
      this.open--;
    } else if (length === INTERRUPT) {
      if (this.open > 1) throw damaged(WHAT, "an interruption of an interruption");
      this.interrupting = true;
    } else if (length > 0x7fff_ffff) throw damaged(WHAT, `a payload chunk of length ${length}`);
    else this.payload = length;
    return true;
  }

  private startPart(length: number, items: Bundle2Item[]): void {
    if (length === 0) {
      if (this.interrupting) throw damaged(WHAT, "an interruption without a part");
      this.ended = true;
      items.push({ kind: "end" });
    } else if (length > PART_HEADER_BYTES_MAX)
      throw tooLarge("a part's header", length, PART_HEADER_BYTES_MAX);
    else this.header = length;
  }
}

function decodePartHeader(bytes: Uint8Array): PartHeader {
  return received("a part's header", () => {
    const input = new ByteReader(bytes, "a part's header");
    const type = input.byteString(input.u8());
    if (!PART_TYPE.test(type)) throw damaged(WHAT, `a part of type ${JSON.stringify(type)}`);
    const id = input.u32be();
    const mandatory = input.u8();
    const sizes = input.slice(2 * (mandatory + input.u8()));
    const mandatoryParameters = new Map<ByteString, ByteString>();
    const advisoryParameters = new Map<ByteString, ByteString>();
    for (let i = 0; i < sizes.byteLength; i += 2) {
      const key = input.byteString(sizes[i] as number);
      const into = i < mandatory * 2 ? mandatoryParameters : advisoryParameters;
      into.set(key, input.byteString(sizes[i + 1] as number));
    }
    if (input.remaining > 0)
      throw damaged(WHAT, `${input.remaining} bytes after a part's parameters`);
    return {
      type: type.toLowerCase(),
      mandatory: /[A-Z]/.test(type),
      id,
      mandatoryParameters,
      advisoryParameters,
    };
  });
}

/** The stream's own parameters: blanks between `name=value`, both quoted as in a URL. Throws `exchange.damaged`. */
export function decodeStreamParameters(bytes: Uint8Array): Map<ByteString, ByteString> {
  const parameters = new Map<ByteString, ByteString>();
  for (const word of byteString(bytes).split(" ")) {
    if (word === "") continue;
    const [name = "", value = ""] = word.split(/=(.*)/s).map(unquote);
    if (!/^[a-zA-Z]/.test(name))
      throw damaged(WHAT, `the stream parameter ${JSON.stringify(name.slice(0, 80))}`);
    parameters.set(name, value);
  }
  return parameters;
}

function unquote(text: ByteString): ByteString {
  return text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function quote(text: ByteString): ByteString {
  return text.replaceAll(
    /[^A-Za-z0-9_.~-]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** Magic and stream parameters: what comes before the parts, never compressed. */
export function encodeBundle2Start(parameters: Parameters): Uint8Array {
  const words = [...parameters].map(([name, value]) => `${quote(name)}=${quote(value)}`).join(" ");
  const out = new ByteWriter(16);
  out.byteString("HG20");
  out.u32be(words.length);
  out.byteString(words);
  return out.finish();
}

/** The header of a part with its length; a mandatory part's type is written in capitals. */
export function encodePartHeader({
  type,
  mandatory,
  id,
  mandatoryParameters,
  advisoryParameters,
}: PartHeader): Uint8Array {
  const out = new ByteWriter(64);
  out.u8(type.length);
  out.byteString(mandatory ? type.toUpperCase() : type.toLowerCase());
  out.u32be(id);
  out.u8(mandatoryParameters.size);
  out.u8(advisoryParameters.size);
  const all = [...mandatoryParameters, ...advisoryParameters];
  for (const [key, value] of all) {
    out.u8(key.length);
    out.u8(value.length);
  }
  for (const [key, value] of all) {
    out.byteString(key);
    out.byteString(value);
  }
  const header = out.finish();
  const framed = new ByteWriter(header.byteLength + 4);
  framed.u32be(header.byteLength);
  framed.put(header);
  return framed.finish();
}

const ZERO = bytesOf("\0\0\0\0");

/** One part with its payload, which comes in pieces of any size. */
export function* encodePart(
  header: PartHeader,
  payload: Iterable<Uint8Array>,
): Generator<Uint8Array> {
  yield encodePartHeader(header);
  for (const bytes of payload) {
    if (bytes.byteLength === 0) continue;
    const length = new ByteWriter(16);
    length.u32be(bytes.byteLength);
    yield length.finish();
    yield bytes;
  }
  yield ZERO;
}

/** What ends a bundle after its last part. */
export const BUNDLE2_END: Uint8Array = ZERO;
