// The bundles that Mercurial wrote, taken apart: chunks as a stream would bring them.
import { readFileSync } from "node:fs";
import { readBundle } from "../../src/exchange/bundle-file.ts";
import type { PartHeader } from "../../src/exchange/bundle2.ts";
import {
  ChangegroupDecoder,
  type ChangegroupItem,
  type ChangegroupVersion,
} from "../../src/exchange/changegroup.ts";

export const HG = new URL("../../fixtures/hg/", import.meta.url).pathname;

export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(HG + name));
}

/** The bytes in pieces of `size`. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.slice(at, at + size);
}

export async function joined(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(Uint8Array.from(chunk));
  return Buffer.concat(parts);
}

export interface ReadPart {
  readonly header: PartHeader;
  readonly payload: Buffer;
}

/** All parts; one that interrupts comes before the one that it interrupts. */
export async function partsOf(bytes: Uint8Array, pieceBytes = 1000): Promise<ReadPart[]> {
  const parts: ReadPart[] = [];
  const open: { header: PartHeader; payload: Uint8Array[] }[] = [];
  for await (const item of readBundle(inPieces(bytes, pieceBytes))) {
    if (item.kind === "part") open.push({ header: item.header, payload: [] });
    if (item.kind === "payload") open.at(-1)?.payload.push(Uint8Array.from(item.bytes));
    if (item.kind === "part-end") {
      const part = open.pop();
      if (part) parts.push({ header: part.header, payload: Buffer.concat(part.payload) });
    }
  }
  return parts;
}

export function itemsOf(
  changegroup: Uint8Array,
  version: ChangegroupVersion,
  pieceBytes = changegroup.byteLength,
): ChangegroupItem[] {
  const decoder = new ChangegroupDecoder(version);
  const items: ChangegroupItem[] = [];
  for (let at = 0; at < changegroup.byteLength; at += pieceBytes) {
    for (const item of decoder.push(changegroup.slice(at, at + pieceBytes))) items.push(item);
  }
  decoder.finish();
  return items;
}
