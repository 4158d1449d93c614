// Deltas against a model that works on strings, and manifests changed line by line.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyDelta, DeltaWriter, makeDelta, patchedLength } from "../../src/catalog/delta.ts";
import {
  changeManifest,
  decodeManifest,
  encodeManifest,
  findInManifest,
  type LineChange,
  type ManifestEntry,
  nodesOfNames,
} from "../../src/catalog/manifest-text.ts";
import { bytesOf, byteString } from "../../src/core/bytes.ts";
import { asNodeId } from "../../src/core/ids.ts";

interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly bytes: string;
}

function hunksOf(delta: Uint8Array): Hunk[] {
  const view = Buffer.from(delta);
  const hunks: Hunk[] = [];
  for (let at = 0; at < view.length; ) {
    const length = view.readUInt32BE(at + 8);
    const bytes = view.toString("latin1", at + 12, at + 12 + length);
    hunks.push({ start: view.readUInt32BE(at), end: view.readUInt32BE(at + 4), bytes });
    at += 12 + length;
  }
  return hunks;
}

/** From the last hunk back, so that places stay what they are. */
function model(base: string, hunks: readonly Hunk[]): string {
  return hunks.reduceRight(
    (text, { start, end, bytes }) => text.slice(0, start) + bytes + text.slice(end),
    base,
  );
}

function beginsLine(text: string, at: number): boolean {
  return at === 0 || at === text.length || text[at - 1] === "\n";
}

const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "\0", "\xff"), maxLength: 40 });

describe("deltas", () => {
  test("are applied as the model does", () => {
    const cuts = fc.array(fc.nat(40), { minLength: 0, maxLength: 8 });
    fc.assert(
      fc.property(text, cuts, fc.array(text, { minLength: 4, maxLength: 4 }), (base, at, added) => {
        const places = at.map((each) => Math.min(each, base.length)).sort((a, b) => a - b);
        const hunks = added.slice(0, places.length >> 1).map((bytes, i): Hunk => {
          return { start: places[2 * i] as number, end: places[2 * i + 1] as number, bytes };
        });
        const writer = new DeltaWriter();
        for (const { start, end, bytes } of hunks) writer.hunk(start, end, bytesOf(bytes));
        const delta = writer.finish();
        expect(byteString(applyDelta(bytesOf(base), delta))).toBe(model(base, hunks));
        expect(patchedLength(base.length, delta)).toBe(model(base, hunks).length);
      }),
    );
  });

  test.each([true, false])("that are made give the text back; cut at lines: %s", (lines) => {
    fc.assert(
      fc.property(text, text, text, text, (start, a, b, end) => {
        const base = start + a + end;
        const wanted = start + b + end;
        const delta = makeDelta(bytesOf(base), bytesOf(wanted), lines);
        expect(byteString(applyDelta(bytesOf(base), delta))).toBe(wanted);
        if (base === wanted) expect(delta.byteLength).toBe(0);
        if (!lines) return;
        for (const hunk of hunksOf(delta)) {
          expect(beginsLine(base, hunk.start) && beginsLine(base, hunk.end)).toBe(true);
          expect(beginsLine(wanted, hunk.start + hunk.bytes.length)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("of any other bytes are refused, or do what they say", () => {
    fc.assert(
      fc.property(text, fc.uint8Array({ maxLength: 40 }), (base, delta) => {
        let applied: Uint8Array;
        try {
          applied = applyDelta(bytesOf(base), delta);
        } catch (error) {
          expect(error).toMatchObject({ code: "format.damaged" });
          return;
        }
        expect(byteString(applied)).toBe(model(base, hunksOf(delta)));
      }),
    );
  });
});

const name = fc.string({
  unit: fc.constantFrom("a", "b", "-", "/", "%", "\xff"),
  minLength: 1,
  maxLength: 4,
});
const node = fc
  .string({ unit: fc.constantFrom(..."0123456789abcdef".split("")), minLength: 40, maxLength: 40 })
  .map(asNodeId);
const flag = fc.constantFrom("", "t", "x", "l");
const entries = fc.dictionary(name, fc.record({ node, flag }), { maxKeys: 12 }).map((found) =>
  Object.keys(found)
    .sort()
    .map(
      (each): ManifestEntry => ({ name: each, ...(found[each] as { node: never; flag: string }) }),
    ),
);
const changes = fc
  .dictionary(name, fc.record({ node: fc.option(node), flag }), { maxKeys: 8 })
  .map((found) =>
    Object.keys(found)
      .sort()
      .map(
        (each): LineChange => ({ name: each, ...(found[each] as { node: never; flag: string }) }),
      ),
  );

describe("manifests", () => {
  test("that change line by line are what decoding, changing and encoding gives", () => {
    fc.assert(
      fc.property(entries, changes, (before, changed) => {
        const after = new Map(before.map((each) => [each.name, each]));
        for (const { name, node, flag } of changed) {
          if (node === null) after.delete(name);
          else after.set(name, { name, node, flag });
        }
        const wanted = encodeManifest(
          [...after.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
        );
        const base = encodeManifest(before);
        const { text, delta } = changeManifest(base, changed);
        expect(byteString(text)).toBe(byteString(wanted));
        expect(byteString(applyDelta(base, delta))).toBe(byteString(wanted));
        for (const { start, end } of hunksOf(delta)) {
          expect(beginsLine(byteString(base), start) && beginsLine(byteString(base), end)).toBe(
            true,
          );
        }
        if (Buffer.compare(base, wanted) === 0) expect(delta.byteLength).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  test("are searched as they are decoded", () => {
    fc.assert(
      fc.property(entries, fc.array(name, { maxLength: 30 }), (all, names) => {
        const text = encodeManifest(all);
        for (const each of names) {
          expect(findInManifest(text, each)).toEqual(all.find(({ name }) => name === each) ?? null);
        }
        const sorted = [...new Set(names)].sort();
        const wanted = sorted.map((each) => {
          const entry = all.find(({ name }) => name === each);
          return entry === undefined || entry.flag === "t" ? null : entry.node;
        });
        expect(nodesOfNames(text, sorted)).toEqual(wanted);
      }),
    );
  });

  test("have one encoding: what decodes encodes to the same bytes", () => {
    const odd = fc.tuple(
      entries,
      fc.nat(600),
      fc.constantFrom("", "\0", "\n", "t", "a", "0", "G", "aa\n"),
    );
    fc.assert(
      fc.property(odd, ([all, at, put]) => {
        const sound = byteString(encodeManifest(all));
        expect(decodeManifest(bytesOf(sound))).toEqual(all);
        const damaged = sound.slice(0, at) + put + sound.slice(at + 1);
        let decoded: ManifestEntry[];
        try {
          decoded = decodeManifest(bytesOf(damaged));
        } catch (error) {
          expect(error).toMatchObject({ code: "format.damaged" });
          return;
        }
        expect(byteString(encodeManifest(decoded))).toBe(damaged);
        for (const { name } of decoded) expect(name).not.toMatch(/[\n\0]/);
      }),
      { numRuns: 2000 },
    );
  });
});
