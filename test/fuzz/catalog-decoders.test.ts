// Whatever bytes come, a decoder of the catalog gives a value or says what is damaged: no other error, no
// memory by the word of the input, no endless loop.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CanonicalReader } from "../../src/catalog/canonical.ts";
import { decodeChangesetEntry, encodeChangesetEntry } from "../../src/catalog/changeset-index.ts";
import { decodeChangeset, encodeChangeset } from "../../src/catalog/changeset-text.ts";
import { applyDelta } from "../../src/catalog/delta.ts";
import { contentOffset, decodeCopy, encodeFileText } from "../../src/catalog/filelog-text.ts";
import { GroupIndex, HISTORY } from "../../src/catalog/group-index.ts";
import { decodeImage, encodeImage } from "../../src/catalog/image.ts";
import { decodeBatch, encodeBatch } from "../../src/catalog/index-batch.ts";
import { changeManifest, decodeManifest, findInManifest } from "../../src/catalog/manifest-text.ts";
import { decodeRecord, encodeRecord } from "../../src/catalog/record.ts";
import { decodeAttributes } from "../../src/core/attributes.ts";
import { bytesOf } from "../../src/core/bytes.ts";
import { asNodeId, toHistoryId } from "../../src/core/ids.ts";
import { decodeSegment, encodeSegment } from "../../src/store/segment.ts";
import { imageRecord, inodeRecord } from "../catalog/arbitrary-records.ts";

const RUNS = Number(process.env["REEL_FUZZ_RUNS"] ?? 3000);
const NODE = asNodeId("12".repeat(20));

interface Decoder {
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Sound inputs, to be damaged. */
  readonly sound: fc.Arbitrary<Uint8Array>;
}

function soundBatch(): Uint8Array {
  const index = new GroupIndex(0);
  for (const kind of [HISTORY.directory, HISTORY.file, HISTORY.file]) index.addHistory(kind);
  index.segmentGroup.push(0);
  index.segmentOffset.push(77);
  for (const slot of [0, 1, 1, 2, 1]) {
    const last = index.last.at(slot);
    index.addEntry(slot, NODE, last, -1, last, 1, 300, 100, 0, index.entries * 100);
  }
  const run = { names: ["a", "ab", "b"], ids: [1, 2, 70_000].map(toHistoryId) };
  return Uint8Array.from(encodeBatch(index, { entries: 0, segments: 0, histories: 0 }, [[0, run]]));
}

const head = {
  manifest: NODE,
  user: "op",
  time: 1,
  zone: -3600,
  extras: new Map([["a", "b\n"]]),
  description: "x\ny",
};
const manifest = bytesOf(`a\0${NODE}\nb\0${NODE}t\nc\0${NODE}x\n`);
const delta = Buffer.from(
  "0000000100000002000000036162630000000400000005000000007a".slice(0, 54),
  "hex",
);
const entry = encodeChangesetEntry({
  headOffset: 5,
  headLength: 6,
  listOffset: 7,
  listLength: 8,
  files: 9,
  fullLength: 10,
  p1: 1,
  p2: -1,
  node: NODE,
  headCrc: 3,
});
const copied = encodeFileText(bytesOf("content"), { path: "from/here", node: NODE });

const DECODERS: Readonly<Record<string, Decoder>> = {
  "a record of an inode": { decode: decodeRecord, sound: inodeRecord.map(encodeRecord) },
  "a description of an image": { decode: decodeImage, sound: imageRecord.map(encodeImage) },
  "any canonical value": {
    decode: (bytes) => new CanonicalReader(bytes, "test").skip(),
    sound: inodeRecord.map(encodeRecord),
  },
  "a manifest": { decode: decodeManifest, sound: fc.constant(manifest) },
  "a name in a manifest": {
    decode: (bytes) => findInManifest(bytes, "b"),
    sound: fc.constant(manifest),
  },
  "a manifest to be changed": {
    decode: (bytes) =>
      changeManifest(bytes, [
        { name: "b", node: null, flag: "" },
        { name: "bb", node: NODE, flag: "" },
      ]),
    sound: fc.constant(manifest),
  },
  "a delta": {
    decode: (bytes) => applyDelta(bytesOf("0123456789"), bytes),
    sound: fc.constant(delta),
  },
  "a changeset": {
    decode: decodeChangeset,
    sound: fc.constant(encodeChangeset(head, ["a", "b/c"])),
  },
  "an entry of the changeset index": {
    decode: (bytes) => decodeChangesetEntry(bytes, 0, 5),
    sound: fc.constant(entry),
  },
  "a file's text": {
    decode: (bytes) => [contentOffset(bytes), decodeCopy(bytes)],
    sound: fc.constant(copied),
  },
  "an index batch": {
    decode: (bytes) => decodeBatch(new GroupIndex(0), bytes, Buffer.alloc(100), "test"),
    sound: fc.constant(soundBatch()),
  },
  attributes: { decode: decodeAttributes, sound: inodeRecord.map((record) => record.attributes) },
  "a segment": {
    decode: (bytes) => decodeSegment(bytes, 0, "test"),
    sound: fc.uint8Array({ maxLength: 200 }).map((raw) => encodeSegment(3, raw)),
  },
};

/** Numbers that are long, large or the wrong way round in one of the codecs. */
const NASTY = [
  "ffffffff",
  "7fffffff",
  "80000000",
  "fbffffff0f",
  "ffffffffffffff0f",
  "ddffffffff",
  "c6ffffffff",
  "00",
  "0a",
  "010a",
].map((hex) => Buffer.from(hex, "hex"));
const change = fc.record({
  at: fc.nat(1000),
  cut: fc.nat(9),
  put: fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.constantFrom(...NASTY)),
});

function changed(
  sound: Uint8Array,
  changes: readonly { at: number; cut: number; put: Uint8Array }[],
): Uint8Array {
  return changes.reduce((bytes, { at, cut, put }) => {
    const from = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)]);
  }, Buffer.from(sound));
}

function expectSound(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    expect(error).toMatchObject({
      name: "ReelError",
      code: expect.stringMatching(/^format\./) as string,
    });
  }
}

describe.each(Object.entries(DECODERS))("%s", (_, { decode, sound }) => {
  test("takes what is sound", () => {
    fc.assert(
      fc.property(sound, (bytes) => void decode(bytes)),
      { numRuns: 50 },
    );
  });

  test("of any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => expectSound(decode, bytes)),
      { numRuns: RUNS },
    );
  });

  test("of sound bytes that were damaged", () => {
    const changes = fc.array(change, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(sound, changes, (bytes, how) => expectSound(decode, changed(bytes, how))),
      { numRuns: RUNS },
    );
  });

  test("cut anywhere", () => {
    fc.assert(
      fc.property(sound, (bytes) => {
        for (let length = 0; length < bytes.byteLength; length++)
          expectSound(decode, bytes.slice(0, length));
      }),
      { numRuns: 20 },
    );
  });
});
