// Texts of changesets: heads and file lists come back, however they are split and joined.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChangesetHead } from "../../src/catalog/changelog-reader.ts";
import {
  checkUser,
  decodeChangeset,
  decodeFileList,
  decodeHead,
  encodeChangeset,
  encodeFileList,
  encodeHead,
  joinChangeset,
  normalDescription,
  splitChangeset,
} from "../../src/catalog/changeset-text.ts";
import { bytesOf, byteString } from "../../src/core/bytes.ts";
import { asNodeId } from "../../src/core/ids.ts";

const byte = fc.oneof(
  fc.constantFrom("\n", "\r", "\0", "\\", ":", " ", "n", "0", "%"),
  fc.nat(255).map((code) => String.fromCharCode(code)),
);
const bytes = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: byte, maxLength });
const line = (maxLength: number): fc.Arbitrary<string> =>
  bytes(maxLength).map((text) => text.replaceAll("\n", "x"));
const path = line(12).filter((each) => each !== "");

const head: fc.Arbitrary<ChangesetHead> = fc.record({
  manifest: fc
    .string({
      unit: fc.constantFrom(..."0123456789abcdef".split("")),
      minLength: 40,
      maxLength: 40,
    })
    .map(asNodeId),
  user: line(12).filter((user) => user !== ""),
  time: fc.integer(),
  zone: fc.integer({ min: -50_400, max: 43_200 }),
  extras: fc
    .array(
      fc.tuple(
        bytes(6).map((key) => key.replaceAll(":", "x")),
        bytes(10),
      ),
      { maxLength: 4 },
    )
    .map(
      (pairs) => new Map(pairs.filter(([key, value]) => key !== "branch" || value !== "default")),
    ),
  description: bytes(40),
});

describe("texts of changesets", () => {
  test("come back", () => {
    fc.assert(
      fc.property(head, fc.uniqueArray(path, { maxLength: 6 }), (wanted, files) => {
        const text = encodeChangeset(wanted, files);
        const decoded = decodeChangeset(text);
        expect(decoded.files).toEqual(files);
        expect(decoded.head).toEqual(wanted);
        const split = splitChangeset(text);
        expect(decodeHead(split.head)).toEqual(wanted);
        expect(byteString(encodeHead(wanted))).toBe(byteString(split.head));
        expect(decodeFileList(split.list)).toEqual(files);
        expect(byteString(encodeFileList(files))).toBe(byteString(split.list));
        expect(byteString(joinChangeset(split.head, split.list))).toBe(byteString(text));
      }),
      { numRuns: 2000 },
    );
  });

  test("that are no changesets are refused; the rest is split and joined to itself", () => {
    fc.assert(
      fc.property(bytes(60), (text) => {
        try {
          const { head, list } = splitChangeset(bytesOf(text));
          expect(byteString(joinChangeset(head, list))).toBe(text);
          decodeChangeset(bytesOf(text));
        } catch (error) {
          const code = expect.stringMatching(/^format\.(damaged|bad-node)$/) as string;
          expect(error).toMatchObject({ code });
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("have one line for the user", () => {
    const refused = expect.objectContaining({ code: "catalog.bad-user" }) as Error;
    for (const user of ["", "a\nb", "\n"]) expect(() => checkUser(user)).toThrow(refused);
    expect(checkUser("a <b@c>")).toBe("a <b@c>");
  });

  test("have a description as hg commit would leave it", () => {
    expect(normalDescription("\n\n a \t\r\nb\r\n\nc  \n\n")).toBe(" a\nb\n\nc");
  });
});
