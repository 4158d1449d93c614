// Damaged bundles: whatever the bytes, a decoder gives items or says by name what is wrong. REEL_FUZZ_MS
// makes it run longer, REEL_FUZZ_SEED another way.
import { expect, test } from "vitest";
import { verifyCatalog } from "../../src/catalog/verify.ts";
import { ReelError } from "../../src/core/errors.ts";
import { newProgress } from "../../src/core/progress.ts";
import { readBundle } from "../../src/exchange/bundle-file.ts";
import { CHANGEGROUP_VERSIONS, ChangegroupDecoder } from "../../src/exchange/changegroup.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { receive, viewOf } from "../exchange/catalogs.ts";
import { fixture, inPieces, partsOf } from "../exchange/fixture-bundles.ts";
import { Random } from "../series/random.ts";
import { mutated } from "./mutations.ts";

const RUN_MS = Number(process.env["REEL_FUZZ_MS"] ?? 1000);
const SEED = Number(process.env["REEL_FUZZ_SEED"] ?? 1);

async function fuzz(
  originals: readonly Uint8Array[],
  decode: (bytes: Uint8Array) => Promise<void> | void,
): Promise<void> {
  const random = new Random(SEED);
  const end = performance.now() + RUN_MS;
  let runs = 0;
  for (; performance.now() < end || runs < 10; runs++) {
    const bytes = mutated(random, originals[runs % originals.length] as Uint8Array);
    try {
      await decode(bytes);
    } catch (error) {
      const named = error instanceof ReelError && error.code.startsWith("exchange.");
      expect(named, `seed ${SEED}, run ${runs}: ${String(error)}`).toBe(true);
    }
  }
}

test("bundle files of every kind", async () => {
  const names = [
    "hg10un",
    "hg10gz",
    "hg10bz",
    "hg20-none",
    "hg20-phases",
    "hg20-gzip",
    "hg20-bzip2",
    "hg20-zstd",
  ];
  await fuzz(
    names.map((name) => fixture(`poem/poem-${name}.hg`)),
    async (bytes) => {
      for await (const _ of readBundle(inPieces(bytes, 777)));
    },
  );
});

test("changegroups of every version", async () => {
  const payload = async (name: string): Promise<Uint8Array> =>
    (await partsOf(fixture(name))).find((part) => part.header.type === "changegroup")?.payload ??
    new Uint8Array(0);
  const originals = [
    await payload("poem/poem-hg10un.hg"),
    await payload("tricky/tricky-flat-hg20-none.hg"),
    await payload("tree/tree-none-rev8.hg"),
  ];
  await fuzz(originals, (bytes) => {
    for (const version of CHANGEGROUP_VERSIONS) {
      try {
        const decoder = new ChangegroupDecoder(version);
        for (let at = 0; at < bytes.byteLength; at += 500)
          decoder.push(bytes.subarray(at, at + 500));
        decoder.finish();
      } catch (error) {
        if (version === "03" || !(error instanceof ReelError)) throw error;
      }
    }
  });
});

test("taking damaged bundles leaves a catalog as it was", async () => {
  const originals = ["poem/poem-hg20-none.hg", "tree/tree-none-rev8.hg"].map(fixture);
  await fuzz(originals, async (bytes) => {
    const store = createMemoryStore();
    try {
      await receive(store, bytes);
    } catch (error) {
      expect(store.view().generation).toBe(0);
      throw error;
    }
    expect(verifyCatalog(viewOf(store), true, newProgress()).problems).toEqual([]);
  });
});
