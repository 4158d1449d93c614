// Directories, maps, attributes and the offset map: against tapes of the real dump, and against any bytes.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeAttributes, encodeAttributes } from "../../../src/core/attributes.ts";
import { ReelError } from "../../../src/core/errors.ts";
import { TYPE } from "../../../src/core/inode.ts";
import { decodeDirectory, DirectoryWriter } from "../../../src/dump/format/directory.ts";
import {
  ATTRIBUTE_BLOB_BYTES_MAX,
  decodeAttributeBlob,
  encodeAttributeBlobs,
  joinAttributes,
} from "../../../src/dump/format/extended-attributes.ts";
import { InodeMap, mapBlocks } from "../../../src/dump/format/inode-map.ts";
import {
  blockOfInode,
  decodeOffsetMap,
  encodeOffsetMap,
} from "../../../src/dump/format/offset-map.ts";
import {
  checkedOffsetMap,
  decodeOffsetDescriptor,
  encodeOffsetSection,
} from "../../../src/dump/format/offset-section.ts";
import { aclForTape, aclFromTape } from "../../../src/dump/format/posix-acl.ts";
import { fixture, knownTapes, type KnownTape } from "./fixtures.ts";

const FUZZ = { interruptAfterTimeLimit: 1000, markInterruptAsFailure: false, numRuns: 20_000 };

/** The data of an inode on a tape of one volume: its records of that kind, joined and cut at the size. */
function dataOf({ tape, records }: KnownTape, inode: number, extension: number): Buffer[] {
  const found: Buffer[][] = [];
  let current: Buffer[] | null = null;
  let size = 0;
  for (const record of records) {
    if (record.type === "INODE") {
      current = record.ino === inode && record.ext === extension ? [] : null;
      if (current) found.push(current);
      size = record.size ?? 0;
    } else if (record.type !== "ADDR") current = null;
    const at = (record.block + 1) * 1024;
    const used = current?.reduce((sum, part) => sum + part.length, 0) ?? 0;
    current?.push(tape.subarray(at, at + Math.min(record.data * 1024, size - used)));
  }
  return found.map((parts) => Buffer.concat(parts));
}

interface State {
  readonly path_hex: string;
  readonly ino: number;
  readonly type: string;
  readonly xattrs_b64?: Readonly<Record<string, string>>;
}

const level0 = knownTapes()[0] as KnownTape;
const state = JSON.parse(fixture("chain/1-level0.state.json.gz").toString()) as State[];
const pathOf = (entry: State) =>
  Buffer.from(entry.path_hex, "hex")
    .toString("latin1")
    .replace(/^\.?\/?/, "");

test("directories of the real dump hold the mounted tree", () => {
  const byPath = new Map(state.map((entry) => [pathOf(entry), entry]));
  let directories = 0;
  for (const [path, entry] of byPath) {
    if (entry.type !== "dir" || path === "lost+found") continue;
    const bytes = dataOf(level0, entry.ino, 0)[0] as Buffer;
    const found = decodeDirectory(bytes);
    expect(found.damagedChunks).toBe(0);
    const names = new Map(found.name.map((name, i) => [name, found.inode[i]]));
    expect(names.get(".")).toBe(entry.ino);
    const below = [...byPath].filter(
      ([other]) =>
        other !== "" &&
        (other.lastIndexOf("/") < 0 ? "" : other.slice(0, other.lastIndexOf("/"))) === path,
    );
    for (const [other, child] of below)
      expect(names.get(other.slice(other.lastIndexOf("/") + 1))).toBe(child.ino);
    expect(names.size).toBe(below.length + 2);

    const writer = new DirectoryWriter();
    writer.begin(entry.ino, names.get("..") as number);
    for (let i = 2; i < found.name.length; i++)
      writer.add(found.inode[i] as number, found.type[i] as number, found.name[i] as string);
    const again = writer.finish();
    // dump leaves stale bytes behind the names; what is read is the same.
    expect(again.length).toBe(bytes.length);
    expect(decodeDirectory(again)).toEqual(found);
    directories++;
  }
  expect(directories).toBeGreaterThan(20);
});

test("names of 1 to 255 bytes come back, no entry crosses 512", () => {
  const writer = new DirectoryWriter();
  writer.begin(2, 2);
  const names = Array.from({ length: 255 }, (_, i) =>
    String.fromCharCode(33 + (i % 14))
      .repeat(i + 1)
      .replaceAll("/", "\xff"),
  );
  for (const [i, name] of names.entries()) writer.add(100 + i, TYPE.file, name);
  const bytes = Uint8Array.from(writer.finish());
  expect(bytes.length % 512).toBe(0);
  const found = decodeDirectory(bytes);
  expect(found.name).toEqual([".", "..", ...names]);
  expect([...found.inode]).toEqual([2, 2, ...names.map((_, i) => 100 + i)]);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint16(at + 4, true);
    expect(Math.floor(at / 512)).toBe(Math.floor((at + length - 1) / 512));
    at += length;
  }
});

test("big-endian, old and oldest directories", () => {
  const entry = Buffer.alloc(12);
  entry.writeUInt32BE(77, 0);
  entry.writeUInt16BE(12, 4);
  entry.writeUInt16BE(2, 6);
  entry.write("ab", 8);
  expect(decodeDirectory(entry, { littleEndian: false, newFormat: false }).name).toEqual(["ab"]);
  const ancient = Buffer.alloc(48);
  ancient.writeUInt16BE(5, 0);
  ancient.write("fourteen-bytes", 2);
  ancient.writeUInt16BE(6, 32);
  ancient.write("x", 34);
  const found = decodeDirectory(ancient, { littleEndian: false, newFormat: false, ancient: true });
  expect([found.name, [...found.inode]]).toEqual([
    ["fourteen-bytes", "x"],
    [5, 6],
  ]);
});

test("what cannot be a directory entry is passed over", () => {
  const writer = new DirectoryWriter();
  writer.begin(2, 2);
  writer.add(9, TYPE.file, "a/b");
  writer.add(10, TYPE.file, "good");
  const found = decodeDirectory(writer.finish());
  expect(found.name).toEqual([".", "..", "good"]);
  expect(found.damagedChunks).toBe(1);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 2100 }),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      (bytes, littleEndian, newFormat, ancient) => {
        const entries = decodeDirectory(bytes, { littleEndian, newFormat, ancient });
        expect(entries.name.length).toBeLessThanOrEqual(bytes.length / 8);
        expect(entries.inode.length).toBe(entries.name.length);
      },
    ),
    FUZZ,
  );
});

test("maps of the real dump: bits are inodes", () => {
  const bits = level0.records.find((record) => record.type === "BITS");
  const at = ((bits?.block ?? 0) + 1) * 1024;
  const map = new InodeMap(level0.tape.subarray(at, at + (bits?.data ?? 0) * 1024));
  const onTape = new Set(
    level0.records.filter(({ type }) => type === "INODE").map(({ ino }) => ino),
  );
  expect([...map]).toEqual([...onTape].toSorted((a, b) => a - b));
  const again = InodeMap.forInodesUpTo(1024);
  for (const inode of map) again.add(inode);
  expect(Buffer.from(again.bytes).equals(map.bytes)).toBe(true);
  expect(again.size).toBe(onTape.size);
  expect(map.has(0) || map.has(1) || map.has(1e9)).toBe(false);
});

test("the level 3 of the fixtures has inodes 2, 14, 16 and 30 in the first bytes of its map", () => {
  const map = InodeMap.forInodesUpTo(30);
  for (const inode of [2, 14, 16, 30]) map.add(inode);
  expect(Buffer.from(map.bytes.subarray(0, 4)).toString("hex")).toBe("02a00020");
  expect(map.bytes.length).toBe(1024);
  expect(mapBlocks(8191)).toBe(1);
  expect(mapBlocks(8192)).toBe(2);
  expect(() => InodeMap.forInodesUpTo(2 ** 31)).toThrow(ReelError);
});

describe("extended attributes", () => {
  test("of the real dump are those of the mounted tree", () => {
    let compared = 0;
    for (const entry of state) {
      const blobs = dataOf(level0, entry.ino, 3);
      const wanted = new Map(Object.entries(entry.xattrs_b64 ?? {}));
      const joined = decodeAttributes(
        joinAttributes(blobs.map((blob) => decodeAttributeBlob(blob))),
      );
      expect(
        new Map(joined.map(({ name, value }) => [name, Buffer.from(value).toString("base64")])),
      ).toEqual(wanted);
      compared += joined.length;
    }
    expect(compared).toBeGreaterThan(20);
  });

  test("the example of the block of inode 553 is the shortest form", () => {
    const blob = Buffer.alloc(256);
    Buffer.from(
      "010002ea050154000000000007000000000000007368 6f7274000000".replaceAll(" ", ""),
      "hex",
    ).copy(blob);
    blob.write("changed", 0x58);
    expect(decodeAttributeBlob(blob)).toEqual([
      { name: "user.short", value: Buffer.from("changed") },
    ]);
  });

  test("come back from blobs of at most 4096 bytes", () => {
    const attribute = fc.record({
      name: fc
        .string({
          minLength: 1,
          maxLength: 100,
          unit: fc.integer({ min: 1, max: 255 }).map((n) => String.fromCharCode(n)),
        })
        .map((name) => `user.${name}`),
      value: fc.uint8Array({ maxLength: 900 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(attribute, { selector: ({ name }) => name, maxLength: 12 }),
        (attributes) => {
          const bytes = encodeAttributes(attributes);
          const { blobs, leftOut } = encodeAttributeBlobs(bytes, false);
          expect(leftOut).toEqual([]);
          for (const blob of blobs)
            expect(blob.length).toBeLessThanOrEqual(ATTRIBUTE_BLOB_BYTES_MAX);
          const back = joinAttributes(blobs.map((blob) => decodeAttributeBlob(blob)));
          expect(Buffer.from(back).equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("a directory gets one blob, ACLs first, and what does not fit is named", () => {
    const acl = Buffer.from("0200000001000600ffffffff04000400ffffffff20000000ffffffff", "hex");
    const bytes = encodeAttributes([
      { name: "system.posix_acl_access", value: acl },
      { name: "system.nfs4_acl", value: new Uint8Array(3) },
      { name: "user.a", value: new Uint8Array(3000) },
      { name: "user.b", value: new Uint8Array(3000) },
      { name: "user.c", value: new Uint8Array(5000) },
      { name: "system.posix_acl_default", value: new Uint8Array(3) },
    ]);
    const { blobs, leftOut } = encodeAttributeBlobs(bytes, true);
    expect(blobs).toHaveLength(1);
    expect(decodeAttributeBlob(blobs[0] as Uint8Array).map(({ name }) => name)).toEqual([
      "system.posix_acl_access",
      "user.a",
    ]);
    expect(new Map(leftOut.map(({ name, reason }) => [name, reason]))).toEqual(
      new Map([
        ["system.nfs4_acl", "unknown-prefix"],
        ["user.b", "no-room"],
        ["user.c", "too-long"],
        ["system.posix_acl_default", "not-an-acl"],
      ]),
    );
  });

  test("ACLs go both ways", () => {
    const tag = fc.constantFrom(1, 2, 4, 8, 0x10, 0x20);
    fc.assert(
      fc.property(
        fc.array(fc.record({ tag, permissions: fc.nat(7), id: fc.nat() }), { maxLength: 20 }),
        (entries) => {
          const call = Buffer.alloc(4 + entries.length * 8);
          call.writeUInt32LE(2, 0);
          for (const [i, entry] of entries.entries()) {
            call.writeUInt16LE(entry.tag, 4 + i * 8);
            call.writeUInt16LE(entry.permissions, 6 + i * 8);
            call.writeUInt32LE(
              entry.tag === 2 || entry.tag === 8 ? entry.id : 0xffff_ffff,
              8 + i * 8,
            );
          }
          expect(
            Buffer.from(aclFromTape(aclForTape(call) as Uint8Array) as Uint8Array).equals(call),
          ).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("any bytes are answered or refused", () => {
    const magic = fc.constantFrom("010002ea", "000002ea");
    fc.assert(
      fc.property(magic, fc.uint8Array({ maxLength: 300 }), (head, bytes) => {
        try {
          decodeAttributeBlob(Buffer.concat([Buffer.from(head, "hex"), bytes]));
        } catch (error) {
          expect(error).toBeInstanceOf(ReelError);
        }
      }),
      FUZZ,
    );
  });
});

describe("the offset map", () => {
  const pairs = fc.uniqueArray(
    fc.tuple(fc.integer({ min: 2, max: 0xffff_ffff }), fc.integer({ min: 0, max: 2 ** 45 })),
    { selector: ([inode]) => inode, maxLength: 200 },
  );

  test("comes back by inode, and has one encoding whatever the order", () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const unique = [
          ...new Map(list.map(([inode, block]) => [block, [inode, block] as const])).values(),
        ];
        const encode = (order: readonly (readonly [number, number])[]) =>
          Buffer.from(
            encodeOffsetMap(
              Uint32Array.from(order.map(([inode]) => inode)),
              Float64Array.from(order.map(([, block]) => block)),
            ),
          );
        const bytes = encode(unique);
        expect(encode(unique.toReversed()).equals(bytes)).toBe(true);
        const map = decodeOffsetMap(bytes);
        expect([...map.inodes].map((inode, i) => [inode, map.blocks[i]])).toEqual(
          unique.toSorted(([a], [b]) => a - b),
        );
        for (const [inode, block] of unique) expect(blockOfInode(map, inode)).toBe(block);
        expect(blockOfInode(map, 1)).toBe(-1);
        expect(Buffer.from(encodeOffsetMap(map.inodes, map.blocks)).equals(bytes)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("takes about three bytes an inode in a dump of small files", () => {
    const inodes = Uint32Array.from({ length: 10_000 }, (_, i) => 11 + i);
    const blocks = Float64Array.from({ length: 10_000 }, (_, i) => 50 + i * 5);
    expect(encodeOffsetMap(inodes, blocks).length).toBeLessThan(20_100);
  });

  test("any bytes are decoded to what encodes to them, or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (rest) => {
        const bytes = Buffer.concat([Buffer.from([1]), rest]);
        let map;
        try {
          map = decodeOffsetMap(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ReelError);
          return;
        }
        expect(Buffer.from(encodeOffsetMap(map.inodes, map.blocks)).equals(bytes)).toBe(true);
      }),
      FUZZ,
    );
  });

  test("a count beyond its bytes allocates nothing", () => {
    expect(() => decodeOffsetMap(Buffer.from("01ffffffffffff07", "hex"))).toThrow(ReelError);
  });

  test("its section ends with a record and is checked", () => {
    for (const [address, factor] of [
      [0, 4],
      [63, 64],
      [64, 64],
      [1023, 256],
    ] as const) {
      const map = encodeOffsetMap(Uint32Array.from([2, 11]), Float64Array.from([5, 7]));
      const section = Buffer.from(encodeOffsetSection(map, "ab".repeat(20), address, factor));
      expect((address + section.length / 1024) % factor).toBe(0);
      const first = decodeOffsetDescriptor(section);
      expect(first).toMatchObject({
        mapBytes: map.length,
        mapBlocks: 1,
        span: section.length / 1024 - 1,
        imageId: "ab".repeat(20),
      });
      expect(decodeOffsetDescriptor(section, section.length - 1024)).toEqual(first);
      const blocks = section.subarray(1024);
      expect(
        Buffer.from(checkedOffsetMap(first as NonNullable<typeof first>, blocks)).equals(map),
      ).toBe(true);
      blocks[1] = (blocks[1] as number) ^ 1;
      expect(() => checkedOffsetMap(first as NonNullable<typeof first>, blocks)).toThrow(ReelError);
      section[20] = 1;
      expect(decodeOffsetDescriptor(section)).toBeNull();
      expect(decodeOffsetDescriptor(section, section.length - 1000)).toBeNull();
    }
  });
});
