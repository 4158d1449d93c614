// Any record of an inode, and any description of an image.
import fc from "fast-check";
import type { ImageRecord } from "../../src/catalog/image.ts";
import type { InodeRecord } from "../../src/catalog/record.ts";
import { encodeAttributes } from "../../src/core/attributes.ts";
import { TYPE } from "../../src/core/inode.ts";

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const ns = fc.integer({ min: 0, max: 999_999_999 });
const seconds = fc.oneof(fc.integer(), fc.maxSafeInteger());
const size = fc.maxSafeNat();
const byteText = (most: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength: most }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const hex = (bytes: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((each) => Buffer.from(each).toString("hex"));

const attributes = fc
  .uniqueArray(
    fc.tuple(
      byteText(20).filter((name) => name !== ""),
      fc.uint8Array({ maxLength: 40 }),
    ),
    {
      selector: ([name]) => name,
      maxLength: 4,
    },
  )
  .map((pairs) => encodeAttributes(pairs.map(([name, value]) => ({ name, value }))));

export const inodeRecord: fc.Arbitrary<InodeRecord> = fc
  .record({
    type: fc.constantFrom(...Object.values(TYPE)),
    dumpInode: u32,
    sourceInodeHigh: fc.oneof(fc.constant(0), u32),
    sourceInodeLow: u32,
    birth: fc.oneof(fc.constant(0), seconds),
    birthNs: fc.oneof(fc.constant(0), ns),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    nlink: u32,
    uid: u32,
    gid: u32,
    size,
    mtime: seconds,
    mtimeNs: ns,
    ctime: seconds,
    ctimeNs: ns,
    rdevMajor: fc.oneof(fc.constant(0), u32),
    rdevMinor: fc.oneof(fc.constant(0), u32),
    target: fc.option(byteText(300)),
    digest: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 })),
    attributes,
  })
  .map((record) => ({
    ...record,
    target: record.type === TYPE.symlink ? record.target : null,
    digest: record.type === TYPE.file ? record.digest : null,
  }));

export const imageRecord: fc.Arbitrary<ImageRecord> = fc.record({
  imageId: hex(20),
  volumeUuid: hex(16),
  volumePath: byteText(20),
  name: byteText(20),
  level: fc.integer({ min: 0, max: 31 }),
  date: seconds,
  baseImageId: hex(20),
  baseDate: seconds,
  scanStart: seconds,
  scanStartNs: ns,
  host: byteText(10),
  source: byteText(20),
  root: byteText(20),
  blockingFactor: fc.integer({ min: 4, max: 256 }),
  snapshot: byteText(10),
  exclude: fc.array(byteText(10), { maxLength: 20 }),
  tapes: fc.array(
    fc.record({ label: byteText(16), file: fc.nat(), firstBlock: size, blocks: size }),
    { maxLength: 3 },
  ),
  blocks: size,
  directories: fc.nat(),
  files: fc.nat(),
  contentBytes: size,
  notes: fc.array(fc.record({ path: byteText(30), what: byteText(8), why: byteText(8) }), {
    maxLength: 20,
  }),
});
