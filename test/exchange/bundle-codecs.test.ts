// The codecs against Mercurial's own bundles: what is decoded gives the same bytes when it is encoded again.
import { describe, expect, test } from "vitest";
import { bytesOf } from "../../src/core/bytes.ts";
import type { NodeId } from "../../src/core/ids.ts";
import { readBundle, writeBundle1, writeBundle2 } from "../../src/exchange/bundle-file.ts";
import { encodePart, type PartHeader } from "../../src/exchange/bundle2.ts";
import {
  ChangegroupDecoder,
  ChangegroupEncoder,
  type ChangegroupVersion,
} from "../../src/exchange/changegroup.ts";
import { unpack } from "../../src/exchange/compression.ts";
import { fixture, inPieces, itemsOf, joined, partsOf } from "./fixture-bundles.ts";

const BUNDLES = [
  "poem/poem-hg10un.hg",
  "poem/poem-hg10gz.hg",
  "poem/poem-hg10bz.hg",
  "poem/poem-hg10un-base1.hg",
  "poem/poem-hg20-none.hg",
  "poem/poem-hg20-gzip.hg",
  "poem/poem-hg20-bzip2.hg",
  "poem/poem-hg20-zstd.hg",
  "poem/poem-hg20-cg3.hg",
  "poem/poem-hg20-phases.hg",
  "poem/poem-hg20-none-base1.hg",
  "tree/tree-none.hg",
  "tree/tree-gzip.hg",
  "tree/tree-zstd.hg",
  "tree/tree-none-rev8.hg",
  "tree/tree-none-base5-rev11.hg",
  "tree/getbundle-full.hg20",
  "tree/getbundle-only-rev8.hg20",
  "tree/getbundle-common5-heads11.hg20",
  "tricky/nofiles-hg20-none.hg",
  "tricky/tricky-flat-hg10un.hg",
  "tricky/tricky-flat-hg20-none.hg",
  "tricky/tricky-tree-hg20-none.hg",
] as const;

function encodedAgain(changegroup: Uint8Array, version: ChangegroupVersion): Uint8Array {
  const encoder = new ChangegroupEncoder(version);
  for (const item of itemsOf(changegroup, version, 97)) {
    if (item.kind === "revision")
      encoder.revision(item.node, item.p1, item.p2, item.base, item.link, item.delta);
    else if (item.kind === "end") encoder.finish();
    else if (item.segment === "trees" || item.segment === "files")
      encoder.group(item.segment, item.path);
    else encoder.enter(item.segment);
  }
  return encoder.take();
}

describe("Mercurial's bundles", () => {
  test.each(BUNDLES)("%s: parts and changegroup encode to the same bytes", async (name) => {
    const parts = await partsOf(fixture(name));
    const changegroups = parts.filter((part) => part.header.type === "changegroup");
    expect(changegroups).toHaveLength(1);
    for (const { header, payload } of changegroups) {
      const version = (header.mandatoryParameters.get("version") ?? "01") as ChangegroupVersion;
      expect(Buffer.from(encodedAgain(payload, version)).equals(payload)).toBe(true);
    }
  });

  test.each(["poem/poem-hg20-none.hg", "poem/poem-hg20-phases.hg", "poem/poem-hg20-cg3.hg"])(
    "%s: the whole file encodes to the same bytes",
    async (name) => {
      const parts = await partsOf(fixture(name));
      const again = writeBundle2(
        parts.map(({ header, payload }) => ({ header, payload: [payload] })),
        "UN",
      );
      expect(await joined(again)).toEqual(Buffer.from(fixture(name)));
    },
  );

  test("an uncompressed HG10 file encodes to the same bytes", async () => {
    const [part] = await partsOf(fixture("poem/poem-hg10un.hg"));
    expect(await joined(writeBundle1([part?.payload ?? Buffer.alloc(0)], "UN"))).toEqual(
      Buffer.from(fixture("poem/poem-hg10un.hg")),
    );
  });

  test("all compressions hold the same", async () => {
    const payload = async (name: string): Promise<string> => {
      const parts = await partsOf(fixture(name), 7);
      return parts.map((part) => part.payload.toString("hex")).join();
    };
    const plain = await payload("poem/poem-hg20-none.hg");
    for (const kind of ["gzip", "bzip2", "zstd"])
      expect(await payload(`poem/poem-hg20-${kind}.hg`)).toBe(plain);
    const old = await payload("poem/poem-hg10un.hg");
    for (const kind of ["gz", "bz"]) expect(await payload(`poem/poem-hg10${kind}.hg`)).toBe(old);
    const tree = await payload("tree/tree-none.hg");
    for (const kind of ["gzip", "zstd"]) expect(await payload(`tree/tree-${kind}.hg`)).toBe(tree);
  });

  test("what Reel packs it reads", async () => {
    const parts = await partsOf(fixture("tree/getbundle-full.hg20"));
    const written = await joined(
      writeBundle2(
        parts.map(({ header, payload }) => ({ header, payload: [payload] })),
        "GZ",
      ),
    );
    expect(await partsOf(written)).toEqual(parts);
  });
});

describe("what is refused", () => {
  const decode = (hex: string, version: ChangegroupVersion = "03") => {
    const decoder = new ChangegroupDecoder(version);
    decoder.push(Buffer.from(hex, "hex"));
    decoder.finish();
  };
  const codeOf = (act: () => unknown): unknown => {
    try {
      act();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return "none";
  };
  const readAll = async (bytes: Uint8Array): Promise<unknown> => {
    try {
      for await (const _ of readBundle(inPieces(bytes, 1 << 16)));
    } catch (error) {
      return (error as { code: string }).code;
    }
    return "none";
  };

  test("chunks of absurd lengths, empty groups, directories without a slash, bytes after the end", () => {
    expect(codeOf(() => decode("00000003"))).toBe("exchange.damaged");
    expect(codeOf(() => decode("00000004"))).toBe("exchange.damaged");
    expect(codeOf(() => decode("ffffffff"))).toBe("exchange.too-large");
    expect(codeOf(() => decode("0000000861626364"))).toBe("exchange.damaged");
    expect(codeOf(() => decode("000000000000000000000006616200000000"))).toBe("exchange.damaged");
    expect(codeOf(() => decode("000000000000000000000006612f00000000"))).toBe("exchange.damaged");
    expect(codeOf(() => decode("0000000000000000000000007fffffff"))).toBe("exchange.too-large");
    expect(codeOf(() => decode("0000000000000000000000000000000000"))).toBe("exchange.damaged");
    expect(codeOf(() => decode("00000000000000000000000000000000"))).toBe("none");
    expect(codeOf(() => decode("000000000000000000000000"))).toBe("exchange.truncated");
    expect(codeOf(() => decode("000000000000000000000000", "02"))).toBe("none");
  });

  test("every cut of a bundle", async () => {
    const whole = fixture("poem/poem-hg20-phases.hg");
    for (let length = 0; length < whole.byteLength; length += 61)
      expect(await readAll(whole.slice(0, length))).toBe("exchange.truncated");
    for (const name of ["gzip", "bzip2", "zstd"]) {
      const packed = fixture(`poem/poem-hg20-${name}.hg`);
      for (const length of [30, 400, packed.byteLength - 20])
        expect(await readAll(packed.slice(0, length)), `${name} ${length}`).toMatch(
          /^exchange\.(truncated|damaged)$/,
        );
    }
  });

  test("what is no bundle, unknown stream parameters and compressions, oversized headers", async () => {
    const start = (words: string): Buffer => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(words.length);
      return Buffer.concat([Buffer.from("HG20"), length, Buffer.from(words), Buffer.alloc(4)]);
    };
    expect(await readAll(bytesOf("PK\x03\x04 and more"))).toBe("exchange.not-a-bundle");
    expect(await readAll(start("Compression=XZ"))).toBe("exchange.unknown-parameter");
    expect(await readAll(start("Needed"))).toBe("exchange.unknown-parameter");
    expect(await readAll(start("advice=1"))).toBe("none");
    expect(await readAll(start("7=1"))).toBe("exchange.damaged");
    expect(await readAll(Buffer.from("484732300000000000800000", "hex"))).toBe(
      "exchange.too-large",
    );
    expect(await readAll(Buffer.from("4847323000800000", "hex"))).toBe("exchange.too-large");
    expect(await readAll(Buffer.from("484732300000000000000001ff00000000", "hex"))).toBe(
      "exchange.damaged",
    );
  });

  test("a decompression bomb", async () => {
    // A zstd frame that repeats one byte: 128 KiB of each 4 bytes.
    const block = Buffer.from([0x02, 0x00, 0x10, 0x00]);
    const frame = Buffer.concat([
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]),
      ...Array.from({ length: 3000 }, () => block),
    ]);
    const act = async (): Promise<void> => {
      for await (const _ of unpack(inPieces(frame, 4096), "ZS"));
    };
    await expect(act()).rejects.toMatchObject({ code: "exchange.too-large" });
    const wide = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0]), block]);
    const open = async (): Promise<void> => {
      for await (const _ of unpack(inPieces(wide, 4096), "ZS"));
    };
    await expect(open()).rejects.toMatchObject({ code: "exchange.too-large" });
  });
});

describe("interruptions", () => {
  test("a part in the middle of another's payload", async () => {
    const header = (type: string): PartHeader => ({
      type,
      mandatory: false,
      id: 1,
      mandatoryParameters: new Map(),
      advisoryParameters: new Map([["in-reply-to", "3"]]),
    });
    const inner = await joined(encodePart(header("output"), [bytesOf("hello")]));
    const outer: Uint8Array[] = [
      ...encodePart(header("data"), [bytesOf("one "), bytesOf("two")]),
    ].map((b) => Buffer.from(b));
    outer.splice(3, 0, Buffer.from("ffffffff", "hex"), inner);
    const bundle = Buffer.concat([
      Buffer.from("HG20\0\0\0\0", "latin1"),
      ...outer,
      Buffer.alloc(4),
    ]);
    const parts = await partsOf(bundle, 3);
    expect(parts.map((p) => [p.header.type, p.payload.toString()])).toEqual([
      ["output", "hello"],
      ["data", "one two"],
    ]);
  });
});

test("version 01 takes the revision before as base", () => {
  const node = (digit: string): NodeId => digit.repeat(40) as NodeId;
  const encoder = new ChangegroupEncoder("01");
  encoder.revision(node("1"), node("0"), node("0"), node("0"), node("1"), bytesOf("d1"));
  encoder.revision(node("2"), node("0"), node("0"), node("1"), node("2"), bytesOf("d2"));
  encoder.finish();
  const bases = itemsOf(encoder.take(), "01").flatMap((i) =>
    i.kind === "revision" ? [i.base] : [],
  );
  expect(bases).toEqual([node("0"), node("1")]);
});
