// Reel's bundles: taken by Reel in every cut of a history, and by the real hg, which verifies them, shows the
// same graph and sends the same back.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ancestorsOf, bitsOf, headsOf, revsOf } from "../../src/catalog/revset-dag.ts";
import { verifyCatalog } from "../../src/catalog/verify.ts";
import { type Rev, toRev } from "../../src/core/ids.ts";
import { newProgress } from "../../src/core/progress.ts";
import { changegroupPart, writeBundle1, writeBundle2 } from "../../src/exchange/bundle-file.ts";
import type { ChangegroupVersion } from "../../src/exchange/changegroup.ts";
import { Outgoing } from "../../src/exchange/outgoing.ts";
import { produceChangegroup } from "../../src/exchange/produce.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import type { Store } from "../../src/store/store.ts";
import { HgServer } from "../hg-server.ts";
import { receive, revisionsOf, viewOf } from "./catalogs.ts";
import { fixture, joined } from "./fixture-bundles.ts";

const hg = new HgServer();
let folder = "";
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "reel-produce-"));
});
afterAll(() => {
  hg.close();
  fs.rmSync(folder, { recursive: true });
});

async function catalogOf(bundle: string): Promise<Store> {
  const store = createMemoryStore();
  await receive(store, fixture(bundle));
  return store;
}

function headsIn(store: Store): Rev[] {
  const { changelog } = viewOf(store);
  return revsOf(headsOf(changelog, new Uint8Array(changelog.count).fill(1)));
}

function bundleOf(
  store: Store,
  heads: readonly Rev[],
  common: readonly Rev[],
  version: ChangegroupVersion = "03",
): Promise<Buffer> {
  const view = viewOf(store);
  const outgoing = new Outgoing(view, heads, common, newProgress());
  const payload = produceChangegroup(view, outgoing, version, newProgress());
  if (version === "01") return joined(writeBundle1(payload, "GZ"));
  const header = changegroupPart(version, outgoing.missing.length, version === "03");
  return joined(writeBundle2([{ header, payload }], "GZ"));
}

async function run(...args: string[]): Promise<string> {
  const answer = await hg.run(...args);
  expect(answer.code, `${args.join(" ")}: ${answer.errors}${answer.output.toString()}`).toBe(0);
  return answer.output.toString("latin1");
}

/** Bundle, hg, verify, bundle, Reel. */
async function throughHg(
  store: Store,
  name: string,
  version: ChangegroupVersion = "03",
): Promise<string> {
  const repository = path.join(folder, name);
  const file = `${repository}.hg`;
  fs.writeFileSync(file, await bundleOf(store, headsIn(store), [], version));
  await run("init", repository);
  await run("-R", repository, "unbundle", file);
  expect(await run("-R", repository, "verify")).not.toMatch(/warning|error|integrity/);
  await expectBack(store, repository);
  return repository;
}

/** What hg bundles makes the same catalog again. */
async function expectBack(store: Store, repository: string): Promise<void> {
  const spec = ["-t", "none-v2;cg.version=03", "--config", "experimental.changegroup3=1"];
  await run("-R", repository, "bundle", "-a", ...spec, `${repository}.back`);
  const back = createMemoryStore();
  await receive(back, fs.readFileSync(`${repository}.back`));
  expect(revisionsOf(viewOf(back))).toEqual(revisionsOf(viewOf(store)));
}

describe("the real hg", () => {
  test("takes the poem, in every version", async () => {
    const store = await catalogOf("poem/poem-hg20-none.hg");
    for (const version of ["01", "02", "03"] as const) {
      const repository = await throughHg(store, `poem-${version}`, version);
      expect(await run("-R", repository, "log", "--debug")).toBe(
        Buffer.from(fixture("poem/log-debug.txt")).toString("latin1"),
      );
    }
  });

  test("takes the tree", async () => {
    const store = await catalogOf("tree/tree-none.hg");
    const repository = await throughHg(store, "tree");
    expect(await run("-R", repository, "log", "--debug")).toBe(
      Buffer.from(fixture("tree/log-debug.txt")).toString("latin1"),
    );
  });

  test.each(["tricky/tricky-tree-hg20-none.hg", "tricky/nofiles-hg20-none.hg"])(
    "takes %s",
    async (name) => {
      await throughHg(await catalogOf(name), path.basename(name, ".hg"));
    },
  );

  test("takes part after part", async () => {
    const store = await catalogOf("tree/tree-none.hg");
    const repository = path.join(folder, "parts");
    await run("init", repository);
    const order = [8, 2, 7, 11, 13].map(toRev);
    for (const [i, head] of order.entries()) {
      const file = path.join(folder, `part-${i}.hg`);
      fs.writeFileSync(file, await bundleOf(store, [head], order.slice(0, i)));
      await run("-R", repository, "unbundle", file);
      expect(await run("-R", repository, "verify")).not.toMatch(/warning|error|integrity/);
    }
    await expectBack(store, repository);
  });
});

describe("every cut of a history", () => {
  test("what is common and what is sent make what was asked for", async () => {
    const store = await catalogOf("tree/tree-none.hg");
    const view = viewOf(store);
    const { count } = view.changelog;
    for (let common = 0; common < count; common++) {
      const base = await bundleOf(store, [toRev(common)], []);
      for (let head = 0; head < count; head += 3) {
        const there = createMemoryStore();
        await receive(there, base);
        await receive(there, await bundleOf(store, [toRev(head)], [toRev(common)]));
        const wanted = revsOf(
          ancestorsOf(view.changelog, bitsOf([common, head].map(toRev), count)),
        );
        const got = viewOf(there);
        expect(wanted.map((rev) => view.changelog.node(rev)).toSorted()).toEqual(
          Array.from({ length: got.changelog.count }, (_, rev) =>
            got.changelog.node(toRev(rev)),
          ).toSorted(),
        );
        expect(verifyCatalog(got, true, newProgress()).problems).toEqual([]);
      }
    }
  });

  test("nothing is sent twice, and nothing that is common", async () => {
    const store = await catalogOf("tree/tree-none.hg");
    const view = viewOf(store);
    const there = createMemoryStore();
    await receive(there, await bundleOf(store, [toRev(5)], []));
    const received = await receive(there, await bundleOf(store, headsIn(store), [toRev(5)]));
    expect(received.known).toBe(0);
    expect(revisionsOf(viewOf(there))).toEqual(revisionsOf(view));
  });

  test("directories do not fit the old versions", async () => {
    const store = await catalogOf("tree/tree-none.hg");
    for (const version of ["01", "02"] as const)
      await expect(bundleOf(store, [toRev(3)], [], version)).rejects.toMatchObject({
        code: "exchange.needs-trees",
      });
  });
});
