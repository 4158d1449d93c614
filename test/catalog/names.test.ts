// Names of files and branches: every byte string has an escaped form, which gives it back and is nobody else's.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DIRECTORY_NAME,
  escapeBranch,
  escapeName,
  escapePath,
  IMAGE_NAME,
  isReserved,
  OFFSETS_NAME,
  unescapeBranch,
  unescapeName,
  unescapePath,
} from "../../src/catalog/names.ts";

const odd = fc.constantFrom(
  "%",
  "\n",
  "\r",
  ".",
  "h",
  "g",
  "H",
  "G",
  "2",
  "5",
  "0",
  "A",
  "D",
  "E",
  " ",
  ":",
  "\x7f",
);
const byte = fc.oneof(
  odd,
  fc.nat(255).map((code) => String.fromCharCode(code)),
);
/** What a directory entry may be: no slash, no NUL, not empty. */
const name = fc
  .string({ unit: byte, minLength: 1, maxLength: 12 })
  .filter((each) => !/[/\0]/.test(each));

describe("names of files", () => {
  test("are escaped so that they come back", () => {
    fc.assert(
      fc.property(name, (each) => {
        const escaped = escapeName(each);
        expect(unescapeName(escaped)).toBe(each);
        expect(escaped).not.toMatch(/[\n\r\0/]|^\.hg/i);
        expect(isReserved(escaped)).toBe(false);
        if (!/[%\n\r]|^\.hg/i.test(each)) expect(escaped).toBe(each);
      }),
      { numRuns: 5000 },
    );
  });

  test("never meet in one form", () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(escapeName(a) === escapeName(b)).toBe(a === b);
      }),
      { numRuns: 2000 },
    );
  });

  test("are never one of the reserved ones", () => {
    for (const reserved of [DIRECTORY_NAME, IMAGE_NAME, OFFSETS_NAME]) {
      expect(isReserved(reserved)).toBe(true);
      expect(escapeName(reserved)).toBe(`%25${reserved.slice(1)}`);
      expect(escapeName(unescapeName(reserved))).not.toBe(reserved);
    }
  });

  test("are escaped one by one in a path", () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
        const path = names.join("/");
        expect(escapePath(path)).toBe(names.map(escapeName).join("/"));
        expect(unescapePath(escapePath(path))).toBe(path);
      }),
    );
  });

  test.each([
    ["%", "%25"],
    ["%dir", "%25dir"],
    ["a\nb\r", "a%0Ab%0D"],
    [".hg", "%2Ehg"],
    [".HGtags", "%2EHGtags"],
    ["a.hg", "a.hg"],
    ["%2Ehg", "%252Ehg"],
    ["\xff", "\xff"],
  ])("%j is %j", (plain, escaped) => {
    expect(escapeName(plain)).toBe(escaped);
  });
});

describe("names of branches", () => {
  test("are escaped so that they come back, and legal in Mercurial", () => {
    fc.assert(
      fc.property(fc.string({ unit: byte, maxLength: 12 }), (path) => {
        const branch = escapeBranch(path);
        expect(unescapeBranch(branch)).toBe(path);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
        expect(branch).not.toMatch(/[:\x00-\x1f\x7f]|^ | $/);
        const bytes = Buffer.from(branch, "latin1");
        expect(Buffer.from(bytes.toString("utf8"), "utf8").equals(bytes)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ["/vol/vol1", "/vol/vol1"],
    ["/v\xc3\xa9", "/v\xc3\xa9"],
    ["/v\xe9", "/v%E9"],
    [" /a b ", "%20/a b%20"],
    ["/a:b%", "/a%3Ab%25"],
  ])("%j is %j", (plain, escaped) => {
    expect(escapeBranch(plain)).toBe(escaped);
  });
});
