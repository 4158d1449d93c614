import fs from "node:fs";
import { brotliCompressSync, crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CommitRecord,
  decodeCommitRecord,
  encodeCommitRecord,
} from "../../src/store/commit-record.ts";
import {
  decodeSegment,
  decodeSegmentHeader,
  encodeSegment,
  SEGMENT_HEADER_BYTES,
  SEGMENT_RAW_BYTES_MAX,
} from "../../src/store/segment.ts";
import {
  checkRequirements,
  decodeSuperblock,
  encodeSuperblock,
} from "../../src/store/superblock.ts";
import { seededBytes } from "./expected-store.ts";

const root = new URL("../../", import.meta.url);
const example = (name: string) => fs.readFileSync(new URL(`fixtures/store/${name}`, root), "utf8");

/** The bytes of a worked example: offset, hex (`00*N` for zeros), comment. */
function bytesOf(text: string): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const line of text.trimEnd().split("\n")) {
    const [, offset = "", hex = ""] = /^ *(\d+) {2}(\S+)/.exec(line) ?? [];
    expect(Number(offset)).toBe(at);
    const zeros = /^00\*(\d+)$/.exec(hex);
    const part = zeros === null ? Buffer.from(hex, "hex") : Buffer.alloc(Number(zeros[1]));
    parts.push(part);
    at += part.byteLength;
  }
  return Buffer.concat(parts);
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const catalogId = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3";
const extent = (letter: string, length: number) => {
  const content = Buffer.alloc(length, letter);
  return { length, crc: crc32(content) };
};

describe("the worked examples of docs/format/store.md", () => {
  const superblock = { catalogId, requirements: ["groups", "columns"] };
  const none = { length: 0, crc: 0 };
  const record: CommitRecord = {
    catalogId,
    generation: 7,
    groups: [{ histories: 3, directories: 1 }],
    extents: [extent("i", 64), extent("h", 300), none, none, extent("x", 192), extent("d", 5000)],
    root: new Uint8Array(Buffer.from("root")),
  };

  test.each(["superblock.hex", "commit-record.hex", "segment.hex"])("%s is on the page", (name) => {
    expect(fs.readFileSync(new URL("docs/format/store.md", root), "utf8")).toContain(example(name));
  });

  test("superblock", () => {
    const bytes = bytesOf(example("superblock.hex"));
    expect(hex(encodeSuperblock(superblock))).toBe(hex(bytes));
    expect(decodeSuperblock(bytes)).toEqual(superblock);
  });

  test("commit record", () => {
    const bytes = bytesOf(example("commit-record.hex"));
    expect(hex(encodeCommitRecord(record))).toBe(hex(bytes));
    expect(decodeCommitRecord(bytes, 0, catalogId)).toEqual(record);
  });

  test("segment", () => {
    const bytes = bytesOf(example("segment.hex"));
    expect(hex(encodeSegment(3, Buffer.from("a history")))).toBe(hex(bytes));
    expect(Buffer.from(decodeSegment(bytes, 0, "a segment").raw).toString()).toBe("a history");
  });
});

/** Every single byte of it changed, one at a time. */
function* damaged(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at++) {
    const copy = Uint8Array.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
    yield copy;
  }
}

describe("superblock", () => {
  test("any changed byte and any shorter one make it no superblock", () => {
    const good = encodeSuperblock({ catalogId, requirements: ["groups"] });
    for (const bytes of damaged(good)) expect(decodeSuperblock(bytes)).toBeUndefined();
    for (let length = 0; length < good.byteLength; length++) {
      expect(decodeSuperblock(good.subarray(0, length))).toBeUndefined();
    }
  });

  test("any bytes get an answer, even with a good checksum", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 512, maxLength: 512 }), (bytes) => {
        bytes.set(Buffer.from("ReelStor"));
        bytes.set([0, 1, 2, 0], 8);
        new DataView(bytes.buffer).setUint32(508, crc32(bytes.subarray(0, 508)));
        decodeSuperblock(bytes);
      }),
    );
  });

  test.each(["", "two words", "Upper", "x".repeat(33), "é"])("the word '%s' is refused", (word) => {
    const refused = expect.objectContaining({ code: "store.bad-requirement" }) as Error;
    expect(() => encodeSuperblock({ catalogId, requirements: [word] })).toThrow(refused);
  });

  test("more words than fit are refused, as many as fit are kept", () => {
    const words = (count: number) =>
      Array.from({ length: count }, (_, i) => `${i}`.padStart(18, "w"));
    const most = { catalogId, requirements: words(25) };
    expect(decodeSuperblock(encodeSuperblock(most))).toEqual(most);
    expect(() => encodeSuperblock({ catalogId, requirements: words(26) })).toThrow();
  });

  test("a word that is not understood is named", () => {
    const superblock = { catalogId, requirements: ["groups", "quantum"] };
    checkRequirements(superblock, ["quantum", "groups"]);
    expect(() => checkRequirements(superblock, ["groups"])).toThrow("'quantum'");
  });
});

describe("commit record", () => {
  const anyExtent = fc.record({ length: fc.maxSafeNat(), crc: fc.nat(0xffff_ffff) });
  const anyRecord = fc.nat(6).chain((groups) =>
    fc.record({
      catalogId: fc.constant(catalogId),
      generation: fc.maxSafeNat(),
      groups: fc.array(
        fc.record({ histories: fc.nat(0xffff_ffff), directories: fc.nat(0xffff_ffff) }),
        { minLength: groups, maxLength: groups },
      ),
      extents: fc.array(anyExtent, { minLength: 4 + 2 * groups, maxLength: 4 + 2 * groups }),
      root: fc.uint8Array({ maxLength: 600 }),
    }),
  );

  test("what is encoded is decoded, at any place", () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(3), (record, before) => {
        const encoded = encodeCommitRecord(record);
        expect(encoded.byteLength % 512).toBe(0);
        const bytes = Buffer.concat([Buffer.alloc(512 * before, 7), encoded]);
        expect(decodeCommitRecord(bytes, 512 * before, catalogId)).toEqual(record);
        expect(decodeCommitRecord(bytes, 512 * before, "00".repeat(20))).toBeUndefined();
      }),
    );
  });

  test("any changed byte and any shorter one make it no record", () => {
    const record = {
      catalogId,
      generation: 5,
      groups: [{ histories: 2, directories: 1 }],
      extents: [1, 2, 3, 0, 5, 6].map((length) => ({ length, crc: length * 7 })),
      root: seededBytes(1, 50),
    };
    const good = encodeCommitRecord(record);
    const length = 96 + 32 + 50 + 4;
    for (const bytes of damaged(good.subarray(0, length))) {
      expect(decodeCommitRecord(bytes, 0, catalogId)).toBeUndefined();
    }
    for (let end = 0; end < length; end++) {
      expect(decodeCommitRecord(good.subarray(0, end), 0, catalogId)).toBeUndefined();
    }
  });

  test("a good checksum over wrong counts is not enough", () => {
    for (const [at, value] of [
      [40, 0xffff_ffff],
      [44, 0xffff_ffff],
      [40, 2],
      [44, 1],
    ] as const) {
      const bytes = Buffer.from(bytesOf(example("commit-record.hex")));
      const length = bytes.readUInt32BE(8);
      bytes.writeUInt32BE(value, at);
      bytes.writeUInt32BE(crc32(bytes.subarray(0, length - 4)), length - 4);
      expect(decodeCommitRecord(bytes, 0, catalogId)).toBeUndefined();
    }
  });
});

describe("segment", () => {
  const damage = expect.objectContaining({
    code: expect.stringMatching(/^format\.(damaged|truncated)$/) as string,
  }) as Error;

  test("what is encoded is decoded, one behind another", () => {
    const payloads = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 300 })),
      {
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(payloads, fc.nat(20), (segments, before) => {
        const encoded = segments.map(([kind, raw]) => encodeSegment(kind, raw));
        const bytes = Buffer.concat([Buffer.alloc(before), ...encoded]);
        let at = before;
        for (const [i, [kind, raw]] of segments.entries()) {
          const header = decodeSegmentHeader(bytes, at, "a segment");
          expect(header).toEqual({
            kind,
            rawBytes: raw.byteLength,
            segmentBytes: encoded[i]?.byteLength,
          });
          const segment = decodeSegment(bytes, at, "a segment");
          expect(segment.kind).toBe(kind);
          expect(hex(segment.raw)).toBe(hex(raw));
          at = segment.next;
        }
        expect(at).toBe(bytes.byteLength);
      }),
    );
  });

  test("what gains is compressed, what does not is stored as it is", () => {
    const words = Buffer.alloc(100_000, "one word after another, ");
    const packed = encodeSegment(1, words);
    expect(packed.byteLength).toBeLessThan(2000);
    expect(hex(decodeSegment(packed, 0, "words").raw)).toBe(hex(words));
    const noise = seededBytes(1, 5000);
    expect(encodeSegment(1, noise).byteLength).toBe(SEGMENT_HEADER_BYTES + noise.byteLength);
  });

  test.each([40, 3000])(
    "any changed byte and any shorter one of %i bytes are refused",
    (length) => {
      const good = encodeSegment(9, Buffer.alloc(length, "abcdefg "));
      for (const bytes of damaged(good)) {
        expect(() => decodeSegment(bytes, 0, "a segment")).toThrow(damage);
      }
      for (let end = 0; end < good.byteLength; end++) {
        expect(() => decodeSegment(good.subarray(0, end), 0, "a segment")).toThrow(damage);
      }
      expect(() => decodeSegment(good, good.byteLength, "a segment")).toThrow(damage);
      expect(() => decodeSegment(good, -1, "a segment")).toThrow(damage);
    },
  );

  function forged(method: number, rawBytes: number, payload: Uint8Array): Buffer {
    const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
    header[0] = 1;
    header[1] = method;
    header.writeUInt32BE(rawBytes, 2);
    header.writeUInt32BE(payload.byteLength, 6);
    header.writeUInt32BE(crc32(payload, crc32(header.subarray(0, 10))), 10);
    return Buffer.concat([header, payload]);
  }

  test("a good checksum does not make it right", () => {
    const bomb = brotliCompressSync(Buffer.alloc(10 << 20));
    for (const bytes of [
      forged(1, 5000, bomb),
      forged(1, 20 << 20, bomb),
      forged(1, SEGMENT_RAW_BYTES_MAX + 1, bomb),
      forged(1, 500, seededBytes(3, 200)),
      forged(0, 100, seededBytes(3, 99)),
      forged(2, 100, seededBytes(3, 100)),
    ]) {
      expect(() => decodeSegment(bytes, 0, "a segment")).toThrow(damage);
    }
    expect(decodeSegment(forged(1, 10 << 20, bomb), 0, "zeros").raw.byteLength).toBe(10 << 20);
  });

  test("any bytes get an answer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(90), (bytes, at) => {
        try {
          decodeSegment(bytes, at, "noise");
        } catch (error) {
          expect(error).toEqual(damage);
        }
      }),
    );
  });
});
