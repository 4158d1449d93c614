// Revlogs as Mercurial stores them: its deltas applied by Reel, its nodes hashed by Reel and by an
// independent library, its zlib chunks unpacked by another. Nothing here is read by Reel itself.
import { readFileSync } from "node:fs";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { unzlibSync } from "fflate";
import { expect, test } from "vitest";
import { applyDelta } from "../../src/catalog/delta.ts";
import { nodeOf, sha1Hex, sha256 } from "../../src/core/hash.ts";
import { type NodeId, NULL_NODE } from "../../src/core/ids.ts";

const ENTRY_BYTES = 64;
const INLINE = 0x0001_0000;

interface Expected {
  readonly node: NodeId;
  readonly sha1: string;
  readonly length: number;
}

function unpack(chunk: Uint8Array): Uint8Array {
  if (chunk[0] === 0x78) return unzlibSync(chunk);
  return chunk[0] === 0x75 ? chunk.subarray(1) : chunk;
}

/** Texts of all revisions of a generaldelta revlog, with the node and parents that its index gives. */
function readRevlog(name: string): { text: Uint8Array; node: NodeId; p1: NodeId; p2: NodeId }[] {
  const index = readFileSync(`fixtures/hg/revlog/${name}.i`);
  const inline = (index.readUInt32BE(0) & INLINE) !== 0;
  const data = inline ? index : readFileSync(`fixtures/hg/revlog/${name}.d`);
  const revisions: { text: Uint8Array; node: NodeId; p1: NodeId; p2: NodeId }[] = [];
  for (let at = 0; at < index.length; ) {
    const rev = revisions.length;
    const offset = rev === 0 ? 0 : index.readUIntBE(at, 6);
    const length = index.readUInt32BE(at + 8);
    const base = index.readInt32BE(at + 16);
    const from = inline ? at + ENTRY_BYTES : offset;
    const chunk = unpack(data.subarray(from, from + length));
    const text = base === rev ? chunk : applyDelta(revisions[base]?.text as Uint8Array, chunk);
    const parent = (place: number): NodeId =>
      revisions[index.readInt32BE(at + place)]?.node ?? NULL_NODE;
    revisions.push({
      text,
      node: index.toString("hex", at + 32, at + 52) as NodeId,
      p1: parent(24),
      p2: parent(28),
    });
    at += ENTRY_BYTES + (inline ? length : 0);
  }
  return revisions;
}

test.each(["zlib", "none", "split"])("%s", (name) => {
  const expected = JSON.parse(
    readFileSync(`fixtures/hg/revlog/${name}.json`, "utf8"),
  ) as Expected[];
  const revisions = readRevlog(name);
  expect(revisions.map((r) => r.node)).toEqual(expected.map((e) => e.node));
  revisions.forEach(({ text, node, p1, p2 }, rev) => {
    expect(bytesToHex(sha1(text))).toBe(expected[rev]?.sha1);
    expect(text.byteLength).toBe(expected[rev]?.length);
    expect(nodeOf(text, p1, p2)).toBe(node);
  });
});

test("hashes equal an independent library's", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      expect(sha1Hex(bytes)).toBe(bytesToHex(sha1(bytes)));
      expect(bytesToHex(sha256(bytes))).toBe(bytesToHex(nobleSha256(bytes)));
      expect(nodeOf(bytes, NULL_NODE, NULL_NODE)).toBe(
        bytesToHex(sha1(Buffer.concat([Buffer.alloc(40), bytes]))),
      );
    }),
  );
});
