// Files that change, shrink, grow or vanish while they are read: what was promised is on tape, padded, it
// is listed in the report and in %image, and the next dump takes the file again.
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { readImage } from "../../src/job/image-chain.ts";
import { openRepository } from "../../src/job/repository.ts";
import type { DumpReport } from "../../src/job/requests.ts";
import { CONTENT } from "../../src/volume/source.ts";
import { type OracleEntry, readTree } from "../series/oracle.ts";
import { DumpChain } from "./chain.ts";
import { troubled } from "./troubled-source.ts";

/** Longer than what a reader takes at once. */
const LONG = 12 << 20;
const SHORT = 5 << 20;

function notesOf(chain: DumpChain, report: DumpReport): string[] {
  const repository = openRepository(chain.catalog.context());
  try {
    const notes = readImage(repository.view(), report.image.rev)?.record.notes ?? [];
    return notes.map((note) => `${note.path} ${note.what}`);
  } finally {
    repository.close();
  }
}

function sha(...parts: Buffer[]): string {
  return createHash("sha256").update(Buffer.concat(parts)).digest("hex");
}

test.each([0, 1])("files that change while level %i reads them", (level) =>
  DumpChain.run(async (chain) => {
    mkdirSync(chain.path("d"));
    const content = Buffer.alloc(LONG, "0123456789abcdef");
    writeFileSync(chain.path("d/still"), "still");
    if (level > 0) {
      writeFileSync(chain.path("d/vanishes"), "as level 0 has it");
      await chain.dump(0);
    }
    // A name that sorts first is made first and read first, as numbers go.
    for (const name of ["first", "grows", "shrinks", "edited", "empties"])
      writeFileSync(chain.path("d", name), content);
    writeFileSync(chain.path("d/vanishes"), "v");
    const before = readTree(chain.volume);
    const happens = troubled({
      afterWalk: () => {
        appendFileSync(chain.path("d/grows"), "more");
        truncateSync(chain.path("d/shrinks"), SHORT);
        utimesSync(chain.path("d/edited"), 1_000_000_000, 1_000_000_000);
        unlinkSync(chain.path("d/vanishes"));
      },
      whileReading: () => truncateSync(chain.path("d/empties"), 0),
    });
    const report = await chain.catalog.dump(chain.volume, level, {}, happens);
    const stale = level > 0 ? ["d/vanishes stale"] : [];
    const wanted = [
      "d/edited changed",
      "d/empties shrunk",
      "d/grows changed",
      "d/shrinks shrunk",
      "d/vanishes vanished",
    ];
    expect(report.skipped.map(({ path, why }) => `${path} ${why}`).sort()).toEqual(wanted);
    expect(notesOf(chain, report).sort()).toEqual([...wanted, ...stale].sort());

    // On tape and in the catalog is what the walk saw, the lost part as zeros.
    const entry = (path: string): OracleEntry => before.get(path) as OracleEntry;
    before.set("d/shrinks", {
      ...entry("d/shrinks"),
      digest: sha(content.subarray(0, SHORT), Buffer.alloc(LONG - SHORT)),
    });
    before.set("d/empties", { ...entry("d/empties"), digest: await digestOnTape(chain, report) });
    if (level === 0) before.delete("d/vanishes");
    else before.set("d/vanishes", chain.steps[0]?.tree.get("d/vanishes") as OracleEntry);
    chain.note(report, before);

    const next = await chain.dump(level + 1);
    expect(next.report.skipped).toEqual([]);
    expect(next.report.files).toBeGreaterThanOrEqual(4);
    await chain.judge({ realMaySay: /not found on tape|expected next file/ });
  }),
);

/** How much of it was read before it was emptied is left to the reader. */
async function digestOnTape(chain: DumpChain, report: DumpReport): Promise<string> {
  const target = chain.path("..", "look");
  await chain.catalog.restore(report.image.rev, target, ["d/empties"]);
  const digest = readTree(target).get("d/empties")?.digest as string;
  rmSync(target, { recursive: true });
  return digest;
}

test("a read that fails: padded on tape, the base's record stays, and the next dump takes it", () =>
  DumpChain.run(async (chain) => {
    for (const name of ["a", "b"]) writeFileSync(chain.path(name), name);
    await chain.dump(0);
    writeFileSync(chain.path("a"), "changed");
    const tree = readTree(chain.volume);
    const report = await chain.catalog.dump(
      chain.volume,
      1,
      {},
      troubled({ status: new Map([["a", CONTENT.failed]]) }),
    );
    expect(report.skipped).toMatchObject([{ path: "a", why: "failed", stale: true }]);
    expect(notesOf(chain, report)).toEqual(["a failed", "a stale"]);
    tree.set("a", chain.steps[0]?.tree.get("a") as OracleEntry);
    chain.note(report, tree);
    await chain.dump(2);
    await chain.judgeOwn();
  }));

test("a directory that goes and one that comes between the walk and the read", () =>
  DumpChain.run(async (chain) => {
    for (const name of ["gone", "moved", "kept"]) {
      mkdirSync(chain.path(name));
      writeFileSync(chain.path(name, "file"), name);
    }
    const tree = readTree(chain.volume);
    const report = await chain.catalog.dump(
      chain.volume,
      0,
      {},
      troubled({
        afterWalk: () => {
          rmSync(chain.path("gone"), { recursive: true });
          renameSync(chain.path("moved"), chain.path("kept/moved"));
        },
      }),
    );
    expect(report.skipped.map(({ path, why }) => `${path} ${why}`)).toEqual(
      expect.arrayContaining(["gone/file vanished", "moved/file vanished"]),
    );
    tree.delete("gone/file");
    tree.delete("moved/file");
    chain.note(report, tree);
    await chain.dump(1);
    await chain.judge({ realMaySay: /not found on tape|expected next file/ });
  }));
