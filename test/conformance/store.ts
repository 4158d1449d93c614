// What every store does, whatever it is made of. A store's test calls this with a way to make an empty one.
import { describe, expect, test } from "vitest";
import {
  CHANGESET_HEADS,
  CHANGESET_INDEX,
  groupDataFile,
  groupIndexFile,
  type Store,
} from "../../src/store/store.ts";
import {
  appendAll,
  carryOut,
  ExpectedStore,
  planCommit,
  seededBytes,
} from "../store/expected-store.ts";

function refusal(code: string): Error {
  return expect.objectContaining({ code }) as Error;
}

export function storeConformance(name: string, make: () => Store): void {
  describe(`${name} keeps the promises of a store`, () => {
    test("an empty one has generation 0 and no bytes", () => {
      const store = make();
      expect(new ExpectedStore().differences(store.view())).toEqual([]);
      expect(store.catalogId).toMatch(/^[0-9a-f]{40}$/);
      expect(store.requirements).toContain("groups");
      expect(store.check()).toEqual([]);
      store.close();
    });

    test("commits build on each other, and views of earlier ones stay as they were", async () => {
      const store = make();
      let expected = new ExpectedStore();
      const seen = [{ view: store.view(), expected }];
      for (let seed = 1; seed <= 6; seed++) {
        const commit = planCommit(seed, seed, 3000 * seed);
        const tx = store.begin();
        expect(tx.base.generation).toBe(seed - 1);
        const view = await carryOut(tx, commit);
        expected = expected.with(commit);
        expect(expected.differences(view)).toEqual([]);
        seen.push({ view, expected });
      }
      expect(expected.differences(store.view())).toEqual([]);
      for (const { view, expected: then } of seen) expect(then.differences(view)).toEqual([]);
      expect(store.check()).toEqual([]);
      store.close();
    });

    test("a transaction reads back what it has appended, and what was committed", async () => {
      const store = make();
      const first = planCommit(1, 1, 3000);
      await carryOut(store.begin(), first);
      const tx = store.begin();
      const committed = tx.base.size(CHANGESET_HEADS);
      const bytes = seededBytes(7, 700_000);
      const at = tx.append(CHANGESET_HEADS, bytes);
      expect(at).toBe(committed);
      expect(tx.read(CHANGESET_HEADS, at, bytes.length)).toEqual(bytes);
      const more = tx.append(CHANGESET_HEADS, bytes.subarray(0, 10));
      expect(tx.read(CHANGESET_HEADS, more - 5, 10)).toEqual(
        Uint8Array.from([...bytes.subarray(-5), ...bytes.subarray(0, 5)]),
      );
      if (committed > 0) {
        expect(tx.read(CHANGESET_HEADS, 0, committed)).toEqual(
          tx.base.read(CHANGESET_HEADS, 0, committed),
        );
      }
      expect(() => tx.read(CHANGESET_HEADS, more, 11)).toThrow(refusal("store.out-of-bounds"));
      tx.abort();
      store.close();
    });

    test("nothing is seen before the commit", async () => {
      const store = make();
      const commit = planCommit(1, 2, 400_000);
      const tx = store.begin();
      appendAll(tx, commit);
      expect(new ExpectedStore().differences(store.view())).toEqual([]);
      expect(new ExpectedStore().differences(tx.base)).toEqual([]);
      const committing = tx.commit(commit.groups, commit.root);
      expect(new ExpectedStore().differences(tx.base)).toEqual([]);
      expect(new ExpectedStore().with(commit).differences(await committing)).toEqual([]);
      store.close();
    });

    test("an aborted transaction leaves nothing, and the next one begins at the same offsets", async () => {
      const store = make();
      const first = planCommit(1, 2, 1000);
      await carryOut(store.begin(), first);
      const dropped = store.begin();
      appendAll(dropped, planCommit(7, 3, 300_000));
      dropped.abort();
      dropped.abort();
      const second = planCommit(2, 2, 500);
      await carryOut(store.begin(), second);
      expect(new ExpectedStore().with(first).with(second).differences(store.view())).toEqual([]);
      expect(store.check()).toEqual([]);
      store.close();
    });

    test("there is one writer at a time", async () => {
      const store = make();
      const tx = store.begin();
      expect(() => store.begin()).toThrow(refusal("store.locked"));
      tx.abort();
      const next = store.begin();
      await next.commit([], new Uint8Array(0));
      next.abort();
      store.begin().abort();
      store.close();
    });

    test("a transaction that is over takes no more", async () => {
      const store = make();
      const tx = store.begin();
      await tx.commit([], new Uint8Array(0));
      expect(() => tx.append(CHANGESET_INDEX, seededBytes(1, 10))).toThrow(refusal("internal"));
      await expect(tx.commit([], new Uint8Array(0))).rejects.toThrow(refusal("internal"));
      const aborted = store.begin();
      aborted.abort();
      expect(() => aborted.append(CHANGESET_INDEX, seededBytes(1, 10))).toThrow(
        refusal("internal"),
      );
      store.close();
    });

    test("a commit without new bytes still keeps its groups and root", async () => {
      const store = make();
      const groups = [{ histories: 5, directories: 2 }];
      const view = await store.begin().commit(groups, Buffer.from("root"));
      expect(new ExpectedStore(1, groups, Buffer.from("root")).differences(view)).toEqual([]);
      store.close();
    });

    test("no bytes are no change", async () => {
      const store = make();
      const tx = store.begin();
      expect(tx.append(groupDataFile(7), new Uint8Array(0))).toBe(0);
      const view = await tx.commit([], new Uint8Array(0));
      expect(new ExpectedStore(1).differences(view)).toEqual([]);
      expect(store.check()).toEqual([]);
      store.close();
    });

    test("what is given may be used again by the caller, and what is read is the caller's", async () => {
      const store = make();
      const bytes = seededBytes(1, 500);
      const root = seededBytes(2, 10);
      const tx = store.begin();
      tx.append(CHANGESET_HEADS, bytes);
      bytes.fill(0);
      tx.append(CHANGESET_HEADS, bytes);
      const committing = tx.commit([], root);
      root.fill(0);
      const view = await committing;
      const read = view.read(CHANGESET_HEADS, 0, 1000);
      expect(Buffer.compare(read.subarray(0, 500), seededBytes(1, 500))).toBe(0);
      read.fill(9);
      expect(Buffer.compare(view.read(CHANGESET_HEADS, 0, 500), seededBytes(1, 500))).toBe(0);
      expect(Buffer.compare(view.root, seededBytes(2, 10))).toBe(0);
      store.close();
    });

    test("pieces of any size land where their offsets say", async () => {
      const store = make();
      const tx = store.begin();
      const file = groupDataFile(0);
      const sizes = [0, 1, 70_000, 3, 300_000, 0, 262_143, 1, 262_144, 262_145, 12];
      const parts = sizes.map((size, i) => ({ bytes: seededBytes(i, size), offset: -1 }));
      for (const part of parts) part.offset = tx.append(file, part.bytes);
      const view = await tx.commit([{ histories: 1, directories: 1 }], new Uint8Array(0));
      for (const { bytes, offset } of parts) {
        expect(Buffer.compare(view.read(file, offset, bytes.byteLength), bytes)).toBe(0);
      }
      expect(view.size(file)).toBe(sizes.reduce((total, size) => total + size));
      store.close();
    });

    test("nothing is read beyond what was committed", async () => {
      const store = make();
      const tx = store.begin();
      tx.append(CHANGESET_INDEX, seededBytes(1, 100));
      const view = await tx.commit([], new Uint8Array(0));
      expect(view.read(CHANGESET_INDEX, 100, 0).byteLength).toBe(0);
      for (const [offset, length] of [
        [0, 101],
        [100, 1],
        [-1, 5],
        [5, -1],
        [Number.NaN, 1],
      ] as const) {
        expect(() => view.read(CHANGESET_INDEX, offset, length)).toThrow(
          refusal("store.out-of-bounds"),
        );
      }
      expect(() => view.read(groupIndexFile(9), 0, 1)).toThrow(refusal("store.out-of-bounds"));
      store.close();
    });

    test("a file of no group is refused, and so is a table that lost a group", async () => {
      const store = make();
      const stray = store.begin();
      stray.append(groupIndexFile(1), seededBytes(1, 10));
      await expect(
        stray.commit([{ histories: 1, directories: 1 }], new Uint8Array(0)),
      ).rejects.toThrow(refusal("internal"));
      expect(new ExpectedStore().differences(store.view())).toEqual([]);
      const first = planCommit(1, 2, 100);
      await carryOut(store.begin(), first);
      await expect(store.begin().commit(first.groups.slice(1), first.root)).rejects.toThrow(
        refusal("internal"),
      );
      expect(new ExpectedStore().with(first).differences(store.view())).toEqual([]);
      store.close();
    });
  });
}
