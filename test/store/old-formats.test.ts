// Old stores stay readable for ever: fixtures/stores has one of each format.
import fs from "node:fs";
import { expect, test } from "vitest";
import { openDiskStore } from "../../src/store/disk-store.ts";
import { decodeSegment } from "../../src/store/segment.ts";
import {
  CHANGESET_HEADS,
  CHANGESET_INDEX,
  CHANGESET_LISTS,
  groupDataFile,
  groupIndexFile,
  type StoreFile,
} from "../../src/store/store.ts";

const stores = new URL("../../fixtures/stores/", import.meta.url);

test("a store of format 1", () => {
  const directory = new URL("1", stores).pathname;
  const before = fs.readdirSync(directory);
  const store = openDiskStore(directory, { understood: ["columns"] });
  expect(store.catalogId).toBe("0123456789abcdef0123456789abcdef01234567");
  expect(store.requirements).toEqual(["groups", "columns"]);
  const view = store.view();
  const bytes = (file: StoreFile) => Buffer.from(view.read(file, 0, view.size(file)));
  expect(view.generation).toBe(2);
  expect(view.groups).toEqual([
    { histories: 3, directories: 1 },
    { histories: 2, directories: 2 },
  ]);
  expect(Buffer.from(view.root).toString()).toBe("root two");
  expect(bytes(CHANGESET_INDEX).toString()).toBe("index one\nindex two\n");
  expect(bytes(CHANGESET_HEADS).toString()).toBe("head one\nhead two\n");
  expect(bytes(CHANGESET_LISTS).toString()).toBe("/a\n/b\n");
  expect(bytes(groupIndexFile(0)).toString()).toBe("names and entries one\n");
  expect(bytes(groupIndexFile(1)).toString()).toBe("names and entries of a second group\n");
  const plain = decodeSegment(bytes(groupDataFile(0)), 0, "a segment");
  expect([plain.kind, Buffer.from(plain.raw).toString()]).toEqual([1, "a short text\n"]);
  const packed = decodeSegment(bytes(groupDataFile(1)), 0, "a segment");
  expect([packed.kind, Buffer.from(packed.raw).toString()]).toEqual([
    2,
    "a text that packs well\n".repeat(40),
  ]);
  expect(store.check()).toEqual([]);
  store.close();
  expect(fs.readdirSync(directory)).toEqual(before);
});
