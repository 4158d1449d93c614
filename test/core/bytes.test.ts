// Names as bytes: what a command line or a JSON document gives back of names that are not UTF-8.
import fc from "fast-check";
import { expect, test } from "vitest";
import { byteString, utf8ToByteString } from "../../src/core/bytes.ts";

test("text is stored as UTF-8", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(utf8ToByteString(text)).toBe(byteString(new TextEncoder().encode(text)));
    }),
  );
});

test("a lone surrogate stands for a byte, as Python's surrogateescape has it", () => {
  // python3 -c "print(ascii(b'a\xff\xc3\xa9\x80\xf0\x9f\x93\xbc'.decode('utf-8', 'surrogateescape')))"
  expect(utf8ToByteString("a\udcff\xe9\udc80\ud83d\udcfc")).toBe(
    "a\xff\xc3\xa9\x80\xf0\x9f\x93\xbc",
  );
});
