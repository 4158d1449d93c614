// Exclude patterns: a table of what they mean here, and bash's own matching for the rest.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8ToByteString } from "../../src/core/bytes.ts";
import { compileExclusion } from "../../src/volume/exclude.ts";

function excludes(pattern: string, path: string): boolean {
  const bytes = utf8ToByteString(path);
  return (
    compileExclusion([pattern])?.matches(bytes.slice(bytes.lastIndexOf("/") + 1), bytes) ?? false
  );
}

describe("exclude patterns", () => {
  test.each([
    ["*.o", "main.o", true],
    ["*.o", "src/main.o", true],
    ["*.o", ".o", true],
    ["*.o", "main.oo", false],
    ["cache", "a/b/cache", true],
    ["cache/", "a/b/cache", true],
    ["cache", "cached", false],
    ["/cache", "cache", true],
    ["/cache", "a/cache", false],
    ["./cache", "cache", true],
    ["var/*/tmp", "var/x/tmp", true],
    ["var/*/tmp", "var/x/y/tmp", false],
    ["var/*/tmp", "a/var/x/tmp", false],
    ["a/?", "a/b", true],
    ["a[!x]b", "a/b", false],
    ["a?b", "a/b", false],
    ["?", "é", true],
    ["[àé]", "é", true],
    ["[a-ü]", "é", true],
    ["*é", "café", true],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["a.b", "axb", false],
    ["(a|b)+", "a", false],
    ["[", "[", true],
    ["[]", "[]", true],
    ["[]a]", "]", true],
    ["[z-a]", "b", false],
    ["two\nlines", "two\nlines", true],
  ])("%j and %j: %j", (pattern, path, wanted) => {
    expect(excludes(pattern, path)).toBe(wanted);
  });

  test("names that are not UTF-8 match by bytes", () => {
    const exclusion = compileExclusion(["?a", "x*"]);
    expect(exclusion?.matches("\xffa", "")).toBe(true);
    expect(exclusion?.matches("\xff\xfea", "")).toBe(false);
    expect(exclusion?.matches("x\xff\xfe", "")).toBe(true);
  });

  test("nothing to exclude is no exclusion; paths are asked for only when needed", () => {
    expect(compileExclusion([])).toBeUndefined();
    expect(compileExclusion(["a", "b/"])?.needsPath).toBe(false);
    expect(compileExclusion(["a", "/b"])?.needsPath).toBe(true);
  });

  test.each(["", "/", ".", "./", "//"])("%j names nothing", (pattern) => {
    expect(() => compileExclusion([pattern])).toThrow("not an exclude pattern");
  });

  test("many stars take no more time than one", () => {
    expect(excludes("*".repeat(200) + "b", "a".repeat(255))).toBe(false);
  });

  test("bash says the same", () => {
    const letters = fc.constantFrom("a", "b", "c", "-", "!", "^", ".", "x");
    const pattern = fc
      .array(
        fc.oneof(
          letters.filter((letter) => letter !== "!" && letter !== "^"),
          fc.constantFrom("*", "?", "\\*", "\\a"),
          fc
            .tuple(
              fc.constantFrom("[", "[!", "[^"),
              fc.array(fc.constantFrom("a", "b", "a-c", "x"), { minLength: 1, maxLength: 3 }),
            )
            .map(([open, set]) => `${open}${set.join("")}]`),
        ),
        { minLength: 1, maxLength: 6 },
      )
      .map((parts) => parts.join(""))
      .filter((text) => text !== ".");
    const name = fc
      .array(fc.oneof(letters, fc.constant("*")), { maxLength: 6, minLength: 1 })
      .map((parts) => parts.join(""));
    const cases = fc.sample(fc.tuple(pattern, name), { numRuns: 3000, seed: 7 });
    const input = cases.map(([left, right]) => `${left}\t${right}\n`).join("");
    const script = `while IFS=$'\\t' read -r p n; do if [[ $n == $p ]]; then echo 1; else echo 0; fi; done`;
    const bash = execFileSync("bash", ["-c", script], {
      input,
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
    });
    const wanted = bash.trim().split("\n");
    const wrong = cases.filter(([left, right], i) => excludes(left, right) !== (wanted[i] === "1"));
    expect(wrong).toEqual([]);
    expect(wanted.filter((each) => each === "1").length).toBeGreaterThan(50);
  });
});
