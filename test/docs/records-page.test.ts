// docs/format/records.md against its worked examples: the page, the files that a writer in Python made, Reel's
// codecs, and msgpackr.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { Unpackr } from "msgpackr";
import { expect, test } from "vitest";
import {
  decodeImage,
  encodeImage,
  type ImageRecord,
  imageIdOf,
  NO_IMAGE,
} from "../../src/catalog/image.ts";
import {
  decodeRecord,
  encodeRecord,
  type InodeRecord,
  isRecord,
} from "../../src/catalog/record.ts";
import { encodeAttributes } from "../../src/core/attributes.ts";
import { EMPTY } from "../../src/core/bytes.ts";
import { TYPE } from "../../src/core/inode.ts";
import { bytesOfExample, page, root } from "./page-hex.ts";

const linesOf = (name: string): string =>
  fs.readFileSync(path.join(root, "fixtures/records", name), "utf8");
const bytesOf = (name: string): Buffer => bytesOfExample(name, linesOf(name));
const digest = createHash("sha256").update("the content").digest();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const file: InodeRecord = {
  type: TYPE.file,
  dumpInode: 131_074,
  sourceInodeHigh: 0,
  sourceInodeLow: 131_074,
  birth: 1_700_000_000,
  birthNs: 123_456_789,
  mode: 0o640,
  nlink: 2,
  uid: 70_000,
  gid: 100,
  size: 5_000_000_000,
  mtime: 1_700_000_001,
  mtimeNs: 5,
  ctime: 1_700_000_002,
  ctimeNs: 999_999_999,
  rdevMajor: 0,
  rdevMinor: 0,
  target: null,
  digest,
  attributes: encodeAttributes([
    { name: "user.b", value: EMPTY },
    { name: "user.a", value: Buffer.from("1") },
  ]),
};

const link: InodeRecord = {
  type: TYPE.symlink,
  dumpInode: 17,
  sourceInodeHigh: 256,
  sourceInodeLow: 7,
  birth: 0,
  birthNs: 0,
  mode: 0o777,
  nlink: 1,
  uid: 0,
  gid: 0,
  size: 4,
  mtime: -40,
  mtimeNs: 0,
  ctime: 1_700_000_002,
  ctimeNs: 0,
  rdevMajor: 0,
  rdevMinor: 0,
  target: "caf\xe9",
  digest: null,
  attributes: EMPTY,
};

const volumeUuid = "000102030405060708090a0b0c0d0e0f";
const image: ImageRecord = {
  imageId: imageIdOf(volumeUuid, "", 0, 1_700_000_000, NO_IMAGE),
  volumeUuid,
  volumePath: "",
  name: "/home",
  level: 0,
  date: 1_700_000_000,
  baseImageId: NO_IMAGE,
  baseDate: 0,
  scanStart: 1_699_999_998,
  scanStartNs: 250,
  host: "alder",
  source: "/home",
  root: "inode 2 of ext4",
  blockingFactor: 64,
  snapshot: "",
  exclude: ["*.o"],
  tapes: [{ label: "REEL01", file: 1, firstBlock: 0, blocks: 192 }],
  blocks: 192,
  directories: 3,
  files: 7,
  contentBytes: 70_000,
  notes: [{ path: "var/log", what: "changed", why: "" }],
};

test.each(["file.hex", "link.hex", "image.hex"])("%s is on the page", (name) => {
  expect(page("records.md")).toContain(`\`\`\`\n${linesOf(name)}\`\`\``);
});

test("the codecs write and read these bytes", () => {
  for (const [name, record] of [
    ["file.hex", file],
    ["link.hex", link],
  ] as const) {
    const bytes = bytesOf(name);
    expect(`${name} ${hex(encodeRecord(record))}`).toBe(`${name} ${hex(bytes)}`);
    expect(hex(encodeRecord(decodeRecord(bytes)))).toBe(hex(bytes));
    expect(isRecord(bytes)).toBe(true);
  }
  expect(decodeRecord(bytesOf("link.hex"))).toEqual(link);
  const { attributes, digest: found, ...rest } = decodeRecord(bytesOf("file.hex"));
  expect(rest).toEqual({ ...file, attributes: undefined, digest: undefined });
  expect([hex(attributes), hex(found as Uint8Array)]).toEqual([hex(file.attributes), hex(digest)]);
  expect(hex(encodeImage(image))).toBe(hex(bytesOf("image.hex")));
  expect(decodeImage(bytesOf("image.hex"))).toEqual(image);
});

test("msgpackr reads the values of the page", () => {
  const unpackr = new Unpackr({ useRecords: false, int64AsType: "number" });
  const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
  expect(unpackr.unpack(bytesOf("file.hex"))).toEqual([
    1,
    8,
    131_074,
    131_074,
    [1_700_000_000, 123_456_789],
    0o640,
    2,
    70_000,
    100,
    5_000_000_000,
    1_700_000_001,
    5,
    1_700_000_002,
    999_999_999,
    null,
    digest,
    [bytes("user.a"), bytes("1"), bytes("user.b"), bytes("")],
  ]);
  expect(unpackr.unpack(bytesOf("link.hex"))).toEqual([
    1,
    10,
    17,
    2 ** 40 + 7,
    null,
    0o777,
    1,
    0,
    0,
    4,
    -40,
    0,
    1_700_000_002,
    0,
    null,
    bytes("caf\xe9"),
    null,
  ]);
  const id = createHash("sha1")
    .update(`reel image\n${volumeUuid}\n\n0\n1700000000\n${"0".repeat(40)}\n`)
    .digest();
  expect(unpackr.unpack(bytesOf("image.hex"))).toEqual([
    1,
    id,
    Buffer.from(volumeUuid, "hex"),
    bytes(""),
    bytes("/home"),
    0,
    1_700_000_000,
    Buffer.alloc(20),
    0,
    1_699_999_998,
    250,
    bytes("alder"),
    bytes("/home"),
    bytes("inode 2 of ext4"),
    64,
    bytes(""),
    [bytes("*.o")],
    [[bytes("REEL01"), 1, 0, 192]],
    192,
    3,
    7,
    70_000,
    [[bytes("var/log"), bytes("changed"), bytes("")]],
  ]);
});

test.each([
  ["another number of elements", (b: Buffer) => Buffer.concat([b, Buffer.from("c0", "hex")])],
  ["an end too early", (b: Buffer) => b.subarray(0, -1)],
  [
    "an unknown version",
    (b: Buffer) => Buffer.concat([b.subarray(0, 3), Buffer.of(2), b.subarray(4)]),
  ],
  [
    "an integer longer than it need be",
    (b: Buffer) => Buffer.concat([b.subarray(0, 4), Buffer.of(0xcc, 10), b.subarray(5)]),
  ],
  [
    "a float",
    (b: Buffer) =>
      Buffer.concat([b.subarray(0, 5), Buffer.from("ca41880000", "hex"), b.subarray(6)]),
  ],
  [
    "a text string",
    (b: Buffer) => Buffer.concat([b.subarray(0, 33), Buffer.from("a4", "hex"), b.subarray(35)]),
  ],
])("a record with %s is refused", (_, spoil) => {
  expect(() => decodeRecord(spoil(bytesOf("link.hex")))).toThrow();
});
