// Canonical MessagePack: what the encoder writes msgpackr reads as the same value, in the shortest form; what
// it would not have written is refused.
import fc from "fast-check";
import { Unpackr } from "msgpackr";
import { describe, expect, test } from "vitest";
import {
  CanonicalReader,
  putArray,
  putBin,
  putByteString,
  putInt,
  putNil,
  putUint64,
} from "../../src/catalog/canonical.ts";
import { ByteWriter } from "../../src/core/bytes.ts";

const unpackr = new Unpackr({ int64AsType: "bigint", useRecords: false });
const TWO_32 = 2n ** 32n;

function written(put: (out: ByteWriter) => void): Buffer {
  const out = new ByteWriter();
  put(out);
  return Buffer.from(out.finish());
}

/** Bytes that an integer takes by the MessagePack specification. */
function shortest(n: bigint): number {
  if (n >= -32n && n < 128n) return 1;
  const [low, high] = n < 0n ? [7n, -n - 1n] : [8n, n];
  const wide = [low, low + 8n, low + 24n].findIndex((bits) => high < 1n << bits);
  return [2, 3, 5, 9][wide < 0 ? 3 : wide] as number;
}

const EDGES = [0, 5, 7, 8, 15, 16, 31, 32, 33, 52, 53, 63, 64].flatMap((bits) =>
  [-2n, -1n, 0n, 1n, 2n].flatMap((near) => [
    (1n << BigInt(bits)) + near,
    -(1n << BigInt(bits)) + near,
  ]),
);
const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.constantFrom(...EDGES.filter((n) => Number.isSafeInteger(Number(n))).map(Number)),
);
const unsigned64 = fc.oneof(
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.constantFrom(...EDGES.filter((n) => n >= 0n && n < 2n ** 64n)),
);

describe("integers", () => {
  test("of 53 bits", () => {
    fc.assert(
      fc.property(safe, (n) => {
        const bytes = written((out) => putInt(out, n));
        expect(BigInt(unpackr.unpack(bytes) as number | bigint)).toBe(BigInt(n));
        expect(bytes.length).toBe(shortest(BigInt(n)));
        const input = new CanonicalReader(bytes, "test");
        expect(input.int()).toBe(n);
        input.end();
      }),
      { numRuns: 5000 },
    );
  });

  test("of 64 bits without a sign", () => {
    fc.assert(
      fc.property(unsigned64, (n) => {
        const bytes = written((out) => putUint64(out, Number(n / TWO_32), Number(n % TWO_32)));
        expect(BigInt(unpackr.unpack(bytes) as number | bigint)).toBe(n);
        expect(bytes.length).toBe(shortest(n));
        const input = new CanonicalReader(bytes, "test");
        input.uint64();
        expect(BigInt(input.high) * TWO_32 + BigInt(input.low)).toBe(n);
        input.end();
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    "cc7f",
    "cd00ff",
    "ce0000ffff",
    "cf00000000ffffffff",
    "d0e0",
    "d07f",
    "d1ff80",
    "d17fff",
    "d2ffff8000",
    "d3ffffffff80000000",
    "d30000000100000000",
    "ca3f800000",
    "cb41f0000000000000",
    "c0",
    "c3",
    "a161",
  ])("are refused as %s", (hex) => {
    const bytes = Buffer.from(hex, "hex");
    const refused = expect.objectContaining({ code: "format.damaged" }) as Error;
    expect(() => new CanonicalReader(bytes, "test").int()).toThrow(refused);
    expect(() => new CanonicalReader(bytes, "test").uint64()).toThrow(refused);
  });

  test("over what a number holds are refused, not rounded", () => {
    const refused = expect.objectContaining({ code: "format.damaged" }) as Error;
    for (const hex of [
      "cf0020000000000000",
      "cfffffffffffffffff",
      "d3ffdfffffffffffff",
      "d38000000000000000",
    ]) {
      expect(() => new CanonicalReader(Buffer.from(hex, "hex"), "test").int()).toThrow(refused);
    }
    const least = new CanonicalReader(Buffer.from("d3ffe0000000000001", "hex"), "test");
    expect(least.int()).toBe(Number.MIN_SAFE_INTEGER);
  });
});

type Value = number | null | Uint8Array | readonly Value[];
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    safe,
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 20 }),
  ),
}));

function put(out: ByteWriter, each: Value): void {
  if (each === null) putNil(out);
  else if (typeof each === "number") putInt(out, each);
  else if (each instanceof Uint8Array) putBin(out, each);
  else {
    putArray(out, each.length);
    for (const inner of each) put(out, inner);
  }
}

/** As msgpackr gives it: every integer a bigint, bytes as plain numbers. */
function plain(each: unknown): unknown {
  if (typeof each === "number") return BigInt(each);
  if (each instanceof Uint8Array) return { bytes: Buffer.from(each).toString("hex") };
  return Array.isArray(each) ? each.map(plain) : each;
}

describe("values", () => {
  test("nested in arrays are read by msgpackr, and passed over", () => {
    fc.assert(
      fc.property(value, (each) => {
        const bytes = written((out) => put(out, each));
        expect(plain(unpackr.unpack(bytes))).toEqual(plain(each));
        const input = new CanonicalReader(bytes, "test");
        input.skip();
        input.end();
      }),
    );
  });

  test.each([0, 1, 15, 16, 255, 256, 65_535, 65_536])("arrays and bytes of length %i", (length) => {
    const array = written((out) => {
      putArray(out, length);
      for (let i = 0; i < length; i++) putNil(out);
    });
    expect(unpackr.unpack(array)).toHaveLength(length);
    expect(new CanonicalReader(array, "test").array()).toBe(length);
    const text = "\xff".repeat(length);
    const bin = written((out) => putByteString(out, text));
    expect(unpackr.unpack(bin)).toEqual(Buffer.alloc(length, 0xff));
    expect(new CanonicalReader(bin, "test").byteString()).toBe(text);
  });

  test.each(["dc000f", "dd0000ffff", "c500ff", "c60000ffff"])(
    "lengths as %s are refused",
    (hex) => {
      const bytes = Buffer.concat([Buffer.from(hex, "hex"), Buffer.alloc(70_000, 0xc0)]);
      const refused = expect.objectContaining({ code: "format.damaged" }) as Error;
      const input = new CanonicalReader(bytes, "test");
      expect(() => (hex.startsWith("d") ? input.array() : input.bin())).toThrow(refused);
    },
  );

  test("deeper than any record are refused before the stack ends", () => {
    const deep = Buffer.alloc(100_000, 0x91);
    const refused = expect.objectContaining({ code: "format.damaged" }) as Error;
    expect(() => new CanonicalReader(deep, "test").skip()).toThrow(refused);
  });
});
