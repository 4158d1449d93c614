// docs/format/catalog.md against its worked example: the page's hex, the files of the store, the code that
// writes and reads them, and a reader in Python that was written from the page.
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CatalogView, ROOT_HISTORY } from "../../src/catalog/catalog-view.ts";
import { HISTORY } from "../../src/catalog/group-index.ts";
import { manifestFileList } from "../../src/catalog/tree-walk.ts";
import { verifyCatalog } from "../../src/catalog/verify.ts";
import { toRev } from "../../src/core/ids.ts";
import { newProgress } from "../../src/core/progress.ts";
import { openDiskStore } from "../../src/store/disk-store.ts";
import { writeExample } from "./example-catalog.ts";
import { bytesOfExample, page, root } from "./page-hex.ts";

const example = path.join(root, "fixtures/catalog/store");
const reader = path.join(root, "fixtures/catalog/read.py");
const listing = fs.readFileSync(path.join(root, "fixtures/catalog/listing.txt"), "utf8");
const SUPERBLOCK_BYTES = 512;

const scratch = (): string => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "reel-page-"));
  onTestFinished(() => fs.rmSync(directory, { recursive: true }));
  return directory;
};

/** The bytes of each block that follows a line with a file's name. */
function blocksOfPage(): Map<string, Buffer> {
  const blocks = new Map<string, Buffer>();
  for (const match of page("catalog.md").matchAll(/^`([a-z0-9.]+)`[^\n]*\n\n```\n([^`]*)```$/gm)) {
    const [, name = "", lines = ""] = match;
    blocks.set(name, bytesOfExample(name, lines));
  }
  return blocks;
}

test("the page shows the bytes of the example", () => {
  const blocks = blocksOfPage();
  const files = [
    "changesets.heads",
    "changesets.index",
    "changesets.lists",
    "g00000.data",
    "g00000.index",
  ];
  expect([...blocks.keys()].toSorted()).toEqual(files);
  for (const [name, bytes] of blocks) {
    const file = fs.readFileSync(path.join(example, name)).subarray(SUPERBLOCK_BYTES);
    expect(`${name} ${bytes.toString("hex")}`).toBe(`${name} ${file.toString("hex")}`);
  }
});

test("the code writes these bytes", async () => {
  const directory = path.join(scratch(), "store");
  await writeExample(directory);
  const names = fs.readdirSync(example).toSorted();
  expect(fs.readdirSync(directory).toSorted()).toEqual(names);
  for (const name of names) {
    const hex = (in_: string): string => `${name} ${fs.readFileSync(path.join(in_, name), "hex")}`;
    expect(hex(directory)).toBe(hex(example));
  }
});

test("the reader in Python, written from the page, finds every node right", () => {
  const printed = execFileSync("python3", [reader, example], { encoding: "utf8" });
  expect(printed).toBe(listing);
});

test("the reader in Python sees damage in every file", () => {
  const directory = path.join(scratch(), "store");
  for (const name of fs.readdirSync(example)) {
    fs.cpSync(example, directory, { recursive: true });
    const file = path.join(directory, name);
    const bytes = fs.readFileSync(file);
    // Of the log both copies of the last record, or the first of them serves.
    const places =
      name === "commits" ? [bytes.length - 512, bytes.length - 1024] : [bytes.length - 1];
    for (const at of places) bytes[at] = (bytes[at] as number) ^ 1;
    fs.writeFileSync(file, bytes);
    const run = spawnSync("python3", [reader, directory], { encoding: "utf8" });
    // Without its last record the log tells of the state before, whose files are shorter and whole.
    if (name === "commits") expect(run.stdout).toContain("generation 1,");
    else expect(`${name} ${run.status} ${run.stderr}`).toMatch(/1 damaged: /);
  }
});

test("the code reads what the reader in Python printed", () => {
  const words = ["catalog-1", "tree-manifests"];
  const store = openDiskStore(example, { understood: words });
  onTestFinished(() => store.close());
  const view = new CatalogView(store.view());
  view.changelog.manifestList = (_rev, head) => manifestFileList(view, head.manifest);
  expect(verifyCatalog(view, true, newProgress())).toEqual({
    changesets: 2,
    manifests: 3,
    histories: 5,
    revisions: 7,
    problems: [],
  });
  const shown: string[] = [];
  const index = view.group(0);
  const paths = ["", "d", "mail", "mbox", "d/b"];
  for (let slot = 0; slot < index.histories; slot++) {
    const kind = index.kind.at(slot);
    const at = paths[slot] as string;
    expect(view.history(at, kind)).toBe(ROOT_HISTORY + slot);
    shown.push(
      `history ${slot}: ${kind === HISTORY.directory ? `manifest of /${at}${slot === 0 ? "" : "/"}` : at}`,
    );
    for (const entry of index.entriesOf(slot)) {
      shown.push(`${index.node(entry)} of changeset ${index.link.at(entry)}`);
      shown.push(jsonOf(view.entryText(index, entry)));
    }
  }
  for (let rev = 0; rev < view.changelog.count; rev++) {
    shown.push(`changeset ${rev} ${view.changelog.node(toRev(rev))}`);
    shown.push(jsonOf(view.changelog.text(toRev(rev))));
  }
  // Each in its turn: the listing has no line that is not looked for between them but its first.
  let at = 0;
  for (const line of shown) {
    const found = listing.indexOf(line, at);
    expect(`${line} at ${found >= 0}`).toBe(`${line} at true`);
    at = found + line.length;
  }
});

function jsonOf(text: Uint8Array): string {
  return JSON.stringify(Buffer.from(text).toString("latin1"));
}
