import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BLOCK_BYTES,
  CHECKSUM,
  dataBlocksOf,
  decodeNames,
  decodeRecord,
  encodeDevice,
  encodeRecord,
  looksLikeHeader,
  MAGIC,
  newRecordHeader,
  RECORD,
  SPARE_AT,
  sumOfWords,
  viewOver,
} from "../../../src/dump/format/record.ts";
import {
  decodeImageWords,
  decodeInodeWords,
  encodeImageWords,
  encodeInodeWordsStart,
} from "../../../src/dump/format/words.ts";
import { fixture, knownTapes } from "./fixtures.ts";

const TYPES = {
  TAPE: RECORD.tape,
  INODE: RECORD.inode,
  BITS: RECORD.bits,
  ADDR: RECORD.addr,
  END: RECORD.end,
  CLRI: RECORD.clri,
};

describe.each(knownTapes())("headers of $name", ({ tape, records }) => {
  const view = viewOver(tape);

  test("are read as an independent reader read them", () => {
    const header = newRecordHeader();
    for (const known of records) {
      expect(looksLikeHeader(view, known.block * BLOCK_BYTES)).toBe(true);
      expect(decodeRecord(view, known.block * BLOCK_BYTES, header)).toBe("ok");
      const { type, address, inode, count, extension, flags, magic, littleEndian } = header;
      expect({ type, address, inode, count, extension, flags, magic, littleEndian }).toEqual({
        type: TYPES[known.type],
        address: known.tapea,
        inode: known.ino,
        count: known.count,
        extension: known.ext,
        flags: Number(known.flags),
        magic: MAGIC.nfs,
        littleEndian: true,
      });
      if (known.type !== "TAPE")
        expect(dataBlocksOf(view, known.block * BLOCK_BYTES, header)).toBe(known.data);
      if (known.size !== null) expect(header.size).toBe(known.size);
      if (known.mode !== null) expect(header.mode).toBe(Number.parseInt(known.mode, 8));
    }
  });

  test("are written again byte for byte, but for what dump leaves stale", () => {
    const header = newRecordHeader();
    for (const known of records) {
      const at = known.block * BLOCK_BYTES;
      decodeRecord(view, at, header);
      const count = Math.min(512, Math.max(0, header.count));
      const addresses = tape.subarray(at + 164, at + 164 + count);
      const again = Buffer.alloc(BLOCK_BYTES);
      encodeRecord(viewOver(again), 0, header, decodeNames(view, at, header), addresses);
      const original = Buffer.from(tape.subarray(at, at + BLOCK_BYTES));
      for (const block of [again, original]) {
        block.fill(0, 28, 32); // the sum over what follows
        block.fill(0, 72, 132); // block pointers, of which Reel writes the device number alone
        block.fill(0, 164 + count, 676); // addresses of an earlier header
      }
      expect(again.equals(original)).toBe(true);
    }
  });
});

test("a big-endian tape reads as its little-endian twin", () => {
  const tape = fixture("chain/3-level3.dump.gz");
  const header = newRecordHeader();
  for (const known of knownTapes()[2]?.records ?? []) {
    const at = known.block * BLOCK_BYTES;
    decodeRecord(viewOver(tape), at, header);
    const little = { ...header };
    const block = Buffer.alloc(BLOCK_BYTES);
    encodeRecord(
      viewOver(block),
      0,
      { ...header, littleEndian: false },
      decodeNames(viewOver(tape), at, header),
      tape.subarray(at + 164, at + 676),
    );
    expect(block.readUInt32BE(24)).toBe(MAGIC.nfs);
    expect(sumOfWords(viewOver(block), 0, false)).toBe(CHECKSUM);
    expect(decodeRecord(viewOver(block), 0, header)).toBe("ok");
    expect({ ...header, littleEndian: true }).toEqual(little);
    expect(decodeNames(viewOver(block), 0, header)).toEqual(
      decodeNames(viewOver(tape), at, header),
    );
  }
});

test("the volume header of the fixtures says what dump was told", () => {
  const tape = fixture("chain/3-level3.dump.gz");
  const header = newRecordHeader();
  expect(decodeRecord(viewOver(tape), 0, header)).toBe("ok");
  expect(header).toMatchObject({
    type: 1,
    date: 0x6b040c21,
    baseDate: 0x6b040c1c,
    volume: 1,
    level: 3,
    blockingFactor: 10,
    flags: 3,
    firstBlock: 0,
  });
  expect(decodeNames(viewOver(tape), 0, header)).toEqual({
    label: "reel-vol",
    filesystem: "an unlisted file system",
    device: "data.img",
    host: "reel-fixture",
  });
  expect(decodeImageWords(viewOver(tape), 0, true)).toBeNull();
});

test("a changed byte is a bad checksum, fewer than 1024 bytes no header", () => {
  const block = Buffer.from(fixture("chain/3-level3.dump.gz").subarray(0, BLOCK_BYTES));
  const header = newRecordHeader();
  block[700] = (block[700] as number) ^ 1;
  expect(decodeRecord(viewOver(block), 0, header)).toBe("bad-checksum");
  expect(decodeRecord(viewOver(block.subarray(0, 1023)), 0, header)).toBe("not-a-header");
  expect(decodeRecord(viewOver(block), 1, header)).toBe("not-a-header");
  expect(decodeRecord(viewOver(block), -1, header)).toBe("not-a-header");
});

test("FreeBSD's form has 64-bit times and addresses, the oldest 16-bit ids", () => {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.writeInt32LE(RECORD.inode, 0);
  block.writeInt32LE(MAGIC.ufs2, 24);
  block.writeUInt16LE(0o100644, 32);
  block.writeInt32LE(5, 60);
  block.writeBigInt64LE(-7n, 96);
  block.writeBigInt64LE(0x1_0000_0001n, 912);
  block.writeUInt32LE((CHECKSUM - sumOfWords(viewOver(block), 0, true)) >>> 0, 28);
  const header = newRecordHeader();
  expect(decodeRecord(viewOver(block), 0, header)).toBe("ok");
  expect(header).toMatchObject({ mtime: -7, mtimeNs: 5, address: 0x1_0000_0001, mode: 0o100644 });

  const old = Buffer.alloc(BLOCK_BYTES);
  old.writeInt32BE(RECORD.inode, 0);
  old.writeUInt16BE(77, 20);
  old.writeInt32BE(MAGIC.old, 24);
  old.writeUInt32BE(1234, 40);
  old.writeInt32BE(2, 96);
  old[100] = 1;
  expect(decodeRecord(viewOver(old), 0, header)).toBe("bad-checksum");
  expect(header).toMatchObject({
    littleEndian: false,
    inode: 77,
    size: 1234,
    count: 2,
    mapAt: 100,
    mapBytes: 256,
  });
  expect(dataBlocksOf(viewOver(old), 0, header)).toBe(1);
});

test("device numbers", () => {
  expect(encodeDevice(1, 3)).toBe(0x103);
  expect(encodeDevice(240, 70000)).toBe(
    ((70000 & 0xff) | (240 << 8) | ((70000 & 0xfff00) << 12)) >>> 0,
  );
});

test("Reel's words come back, in both kinds of headers", () => {
  const words = {
    imageId: "0123456789abcdef0123456789abcdef01234567",
    baseImageId: "f".repeat(40),
    volumeUuid: "ab".repeat(16),
    date: 2 ** 33 + 5,
    baseDate: -3,
  };
  const block = Buffer.alloc(BLOCK_BYTES);
  encodeImageWords(viewOver(block), 0, words);
  expect(decodeImageWords(viewOver(block), 0, true)).toEqual(words);
  expect(decodeImageWords(viewOver(Buffer.alloc(BLOCK_BYTES)), 0, true)).toBeNull();
  const header = newRecordHeader();
  expect(decodeInodeWords(viewOver(block), 0, header)).toBe(false);
  const inode = Buffer.alloc(BLOCK_BYTES);
  encodeInodeWordsStart(viewOver(inode), 0);
  inode.writeBigInt64LE(-2n, SPARE_AT + 16);
  inode.writeUInt32LE(999_999_999, SPARE_AT + 36);
  expect(decodeInodeWords(viewOver(inode), 0, header)).toBe(true);
  expect(header).toMatchObject({ mtime: -2, mtimeNs: 999_999_999, atime: 0 });
});

test("any bytes are answered", () => {
  const header = newRecordHeader();
  const magic = Buffer.alloc(4);
  magic.writeInt32LE(MAGIC.nfs);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1100 }), fc.boolean(), (bytes, withMagic) => {
      const block = new Uint8Array(Math.max(bytes.length, withMagic ? 1024 : 0));
      block.set(bytes);
      if (withMagic) block.set(magic, 24);
      const view = viewOver(block);
      if (decodeRecord(view, 0, header) === "not-a-header") return;
      dataBlocksOf(view, 0, header);
      decodeNames(view, 0, header);
      decodeImageWords(view, 0, header.littleEndian);
      decodeInodeWords(view, 0, header);
    }),
    { interruptAfterTimeLimit: 1000, markInterruptAsFailure: false, numRuns: 20_000 },
  );
});
