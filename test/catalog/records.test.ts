// Records of inodes and descriptions of images: one value has one encoding, read by msgpackr as it is meant.
import fc from "fast-check";
import { Unpackr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { decodeImage, encodeImage, type ImageRecord } from "../../src/catalog/image.ts";
import { decodeRecord, encodeRecord, type InodeRecord } from "../../src/catalog/record.ts";
import { decodeAttributes } from "../../src/core/attributes.ts";
import { TYPE } from "../../src/core/inode.ts";
import { imageRecord, inodeRecord } from "./arbitrary-records.ts";

const unpackr = new Unpackr({ int64AsType: "bigint", useRecords: false });

/** Integers as bigints and bytes as hex, so that forms compare. */
function plain(value: unknown): unknown {
  if (typeof value === "number") return BigInt(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return Array.isArray(value) ? value.map(plain) : value;
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** The array that docs/format/records.md describes. */
function recordArray(r: InodeRecord): unknown[] {
  const pair = (a: number, b: number): unknown => (a === 0 && b === 0 ? null : [a, b]);
  const attributes = decodeAttributes(r.attributes).flatMap(({ name, value }) => [
    bytes(name),
    value,
  ]);
  return [
    1,
    r.type,
    r.dumpInode,
    BigInt(r.sourceInodeHigh) * 2n ** 32n + BigInt(r.sourceInodeLow),
    pair(r.birth, r.birthNs),
    r.mode,
    r.nlink,
    r.uid,
    r.gid,
    r.size,
    r.mtime,
    r.mtimeNs,
    r.ctime,
    r.ctimeNs,
    pair(r.rdevMajor, r.rdevMinor),
    r.target === null ? r.digest : bytes(r.target),
    attributes.length === 0 ? null : attributes,
  ];
}

function imageArray(i: ImageRecord): unknown[] {
  return [
    1,
    Buffer.from(i.imageId, "hex"),
    Buffer.from(i.volumeUuid, "hex"),
    bytes(i.volumePath),
    bytes(i.name),
    i.level,
    i.date,
    Buffer.from(i.baseImageId, "hex"),
    i.baseDate,
    i.scanStart,
    i.scanStartNs,
    bytes(i.host),
    bytes(i.source),
    bytes(i.root),
    i.blockingFactor,
    bytes(i.snapshot),
    i.exclude.map(bytes),
    i.tapes.map((t) => [bytes(t.label), t.file, t.firstBlock, t.blocks]),
    i.blocks,
    i.directories,
    i.files,
    i.contentBytes,
    i.notes.map((n) => [bytes(n.path), bytes(n.what), bytes(n.why)]),
  ];
}

/** Damages bytes in one place: changed, cut, or with something put in. */
const damage = fc.record({
  at: fc.nat(400),
  cut: fc.nat(2),
  put: fc.oneof(
    fc.uint8Array({ maxLength: 2 }),
    fc.constantFrom(
      ...["c0", "90", "91c0", "00", "cc00", "c400", "9200"].map((hex) => Buffer.from(hex, "hex")),
    ),
  ),
});

interface Damage {
  readonly at: number;
  readonly cut: number;
  readonly put: Uint8Array;
}

function damaged(sound: Uint8Array, { at, cut, put }: Damage): Buffer {
  const from = at % (sound.byteLength + 1);
  return Buffer.concat([sound.subarray(0, from), put, sound.subarray(from + cut)]);
}

function expectOneEncoding<T>(
  found: Uint8Array,
  decode: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): void {
  let value: T;
  try {
    value = decode(found);
  } catch (error) {
    const code = expect.stringMatching(/^format\.(damaged|truncated|newer-record)$/) as string;
    expect(error).toMatchObject({ code });
    return;
  }
  expect(Buffer.from(encode(value)).toString("hex")).toBe(Buffer.from(found).toString("hex"));
}

describe("records of inodes", () => {
  test("come back, and msgpackr reads them", () => {
    fc.assert(
      fc.property(inodeRecord, (record) => {
        const encoded = Buffer.from(encodeRecord(record));
        expect(encoded[0]).toBe(0xdc);
        expect(plain(unpackr.unpack(encoded))).toEqual(plain(recordArray(record)));
        const decoded = decodeRecord(encoded);
        const comparable = (r: InodeRecord): unknown => ({
          ...r,
          attributes: plain(r.attributes),
          digest: plain(r.digest),
        });
        expect(comparable(decoded)).toEqual(comparable(record));
      }),
      { numRuns: 1000 },
    );
  });

  test("of other bytes are refused, or encode to the same bytes", () => {
    fc.assert(
      fc.property(inodeRecord, damage, (record, where) => {
        expectOneEncoding(damaged(encodeRecord(record), where), decodeRecord, encodeRecord);
      }),
      { numRuns: 10_000 },
    );
  });

  const record: InodeRecord = {
    type: TYPE.file,
    dumpInode: 5,
    sourceInodeHigh: 0,
    sourceInodeLow: 5,
    birth: 0,
    birthNs: 0,
    mode: 0o644,
    nlink: 1,
    uid: 0,
    gid: 0,
    size: 5e9,
    mtime: 5e9,
    mtimeNs: 0,
    ctime: -1,
    ctimeNs: 0,
    rdevMajor: 0,
    rdevMinor: 0,
    target: null,
    digest: null,
    attributes: new Uint8Array(0),
  };

  test("5e9 is an integer, not the float that msgpackr would write", () => {
    expect(Buffer.from(encodeRecord(record)).toString("hex")).toBe(
      "dc0011" +
        "01" +
        "08" +
        "05" +
        "05" +
        "c0" +
        "cd01a4" +
        "01" +
        "00" +
        "00" +
        "cf000000012a05f200" +
        "cf000000012a05f200" +
        "00" +
        "ff" +
        "00" +
        "c0" +
        "c0" +
        "c0",
    );
  });

  const sound = Buffer.from(encodeRecord(record)).toString("hex");
  test.each([
    ["an empty birth time", sound.replace("0505c0cd", "050590cd")],
    ["a birth time of zeros", sound.replace("0505c0cd", "0505920000cd")],
    ["an empty device", sound.replace(/c0c0c0$/, "90c0c0")],
    ["an empty list of attributes", sound.replace(/c0c0c0$/, "c0c090")],
    ["a name without a value", sound.replace(/c0c0c0$/, "c0c091c40161")],
    ["a name twice", sound.replace(/c0c0c0$/, "c0c094c40161c400c40161c400")],
    ["names that descend", sound.replace(/c0c0c0$/, "c0c094c40162c400c40161c400")],
    ["a digest of another length", sound.replace(/c0c0c0$/, "c0c40100c0")],
    [
      "content of a directory",
      sound.replace("dc00110108", "dc00110104").replace(/c0c0c0$/, "c0c40100c0"),
    ],
    ["an unknown type", sound.replace("dc00110108", "dc00110107")],
    ["a negative size", sound.replace("cf000000012a05f200", "ff")],
    ["a byte too many", `${sound}c0`],
    ["an element too many", `${sound.replace("dc0011", "dc0012")}c0`],
  ])("%s is refused", (_, hex) => {
    expect(hex).not.toBe(sound);
    const refused = expect.objectContaining({ code: "format.damaged" }) as Error;
    expect(() => decodeRecord(Buffer.from(hex, "hex"))).toThrow(refused);
  });

  test("of a later version are named as such", () => {
    const refused = expect.objectContaining({ code: "format.newer-record" }) as Error;
    expect(() =>
      decodeRecord(Buffer.from(sound.replace("dc001101", "dc001202") + "c0", "hex")),
    ).toThrow(refused);
  });
});

describe("descriptions of images", () => {
  test("come back, and msgpackr reads them", () => {
    fc.assert(
      fc.property(imageRecord, (image) => {
        const encoded = Buffer.from(encodeImage(image));
        expect(plain(unpackr.unpack(encoded))).toEqual(plain(imageArray(image)));
        expect(decodeImage(encoded)).toEqual(image);
      }),
      { numRuns: 500 },
    );
  });

  test("of other bytes are refused, or encode to the same bytes", () => {
    fc.assert(
      fc.property(imageRecord, damage, (image, where) => {
        expectOneEncoding(damaged(encodeImage(image), where), decodeImage, encodeImage);
      }),
      { numRuns: 5000 },
    );
  });
});
