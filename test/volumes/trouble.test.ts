// Bad input and bad tapes, through the jobs: each is refused with a code, what was found and expected, and a
// remedy; the catalog is as it was before, and verifies.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { type ErrorCode, ReelError } from "../../src/core/errors.ts";
import { openRepository } from "../../src/job/repository.ts";
import { runTapeCat, runTapeShow, runTapeVerify } from "../../src/job/tape-job.ts";
import { writeLabel } from "../../src/tape/label.ts";
import { TapeLibrary } from "../../src/tape/library.ts";
import { lockTape } from "../../src/tape/tape-lock.ts";
import { openVirtualDrive } from "../../src/tape/virtual-drive.ts";
import { type TestCatalog } from "../series/catalog.ts";
import { compareTrees, readTree } from "../series/oracle.ts";
import { DumpChain } from "./chain.ts";

const MIB = 1 << 20;

/** Digests of the store's files; locks come and go. */
function storeOf(catalog: TestCatalog): Map<string, string> {
  const store = join(catalog.directory, ".reel/store");
  const files = (readdirSync(store, { recursive: true }) as string[])
    .filter((name) => !/lock/.test(name) && statSync(join(store, name)).isFile())
    .sort();
  return new Map(
    files.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(store, name)))
        .digest("hex"),
    ]),
  );
}

interface Refusal {
  readonly code: ErrorCode;
  /** What the message must name: found and expected. */
  readonly says: readonly (string | RegExp)[];
}

/** `act` is refused so, and nothing of the catalog changes. */
async function refused(
  catalog: TestCatalog,
  act: () => Promise<unknown>,
  { code, says }: Refusal,
): Promise<void> {
  const before = storeOf(catalog);
  const error: unknown = await act().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ReelError);
  const { code: found, message, remedy } = error as ReelError;
  expect([found, message]).toEqual([code, message]);
  for (const word of says) expect(message).toMatch(word);
  expect(message).not.toContain("?%");
  expect(remedy).not.toBe("");
  expect(`${message} ${remedy}`).not.toMatch(/%[a-zA-Z]+%/);
  expect(storeOf(catalog)).toEqual(before);
  expect((await catalog.verify()).problems).toEqual([]);
}

function fill(chain: DumpChain): void {
  mkdirSync(chain.path("d"));
  for (const name of ["a", "b", "d/x", "d/y"])
    writeFileSync(chain.path(name), `content of ${name}`);
}

test("levels and blocking factors that there are not", () =>
  DumpChain.run(async (chain) => {
    const { catalog, volume } = chain;
    fill(chain);
    await refused(catalog, () => catalog.dump(volume, 3), {
      code: "dump.no-base",
      says: ["level 3", volume],
    });
    await catalog.dump(volume, 0);
    await catalog.dump(volume, 5);
    for (const level of [32, -1, 1.5, Number.NaN])
      await refused(catalog, () => catalog.dump(volume, level), {
        code: "dump.unknown-level",
        says: [String(level), "0 to 31"],
      });
    for (const factor of [0, 3, 257, 10.5])
      await refused(catalog, () => catalog.dump(volume, 0, { blockingFactor: factor }), {
        code: "dump.bad-blocking-factor",
        says: [String(factor), "4 to 256"],
      });
    await refused(catalog, () => catalog.dump(volume, 1, { date: { time: 1000, zone: 0 } }), {
      code: "dump.date-too-early",
      says: ["1970-01-01 00:16:40"],
    });
    await refused(catalog, () => catalog.dump(join(volume, "nowhere"), 0), {
      code: "volume.unreadable",
      says: ["nowhere", "ENOENT"],
    });
    await refused(catalog, () => catalog.dump(join(volume, "a"), 0), {
      code: "volume.unreadable",
      says: ["ENOTDIR"],
    });
    await refused(catalog, () => catalog.dump(volume, 1, { exclude: ["/"] }), {
      code: "volume.bad-pattern",
      says: ["'/'"],
    });
    // Nothing of it has reached the tape.
    expect((await runTapeShow({ tape: "REEL01" }, catalog.context())).images).toHaveLength(2);
  }));

test("tapes that are missing", () =>
  DumpChain.run(async (chain) => {
    const { catalog, volume, where } = chain;
    fill(chain);
    const tree = readTree(volume);
    await catalog.dump(volume, 0);
    const tape = join(catalog.directory, ".reel/tapes/REEL01.tap");
    renameSync(tape, join(where, "away.tap"));
    await refused(catalog, () => catalog.restore(0, join(where, "to")), {
      code: "restore.tapes-missing",
      says: ["REEL01"],
    });
    expect(existsSync(join(where, "to"))).toBe(false);
    await refused(catalog, () => runTapeShow({ tape: "REEL01" }, catalog.context()), {
      code: "tape.not-found",
      says: ["REEL01"],
    });
    await refused(catalog, () => runTapeVerify({ tape: "/nowhere/x.tap" }, catalog.context()), {
      code: "tape.not-found",
      says: ["/nowhere/x.tap"],
    });
    // The next dump does not take the label of the one that is away.
    writeFileSync(chain.path("a"), "changed");
    expect((await catalog.dump(volume, 1)).tapes[0]?.label).toBe("REEL02");
    // Named by its path, it serves from there.
    const restored = await catalog.restore(0, join(where, "to"), [], {
      tapes: [`REEL01=${join(where, "away.tap")}`],
    });
    expect(restored.problems).toEqual([]);
    expect(
      compareTrees(tree, readTree(join(where, "to")), { decimals: 9, attributes: true }),
    ).toEqual([]);
    await refused(
      catalog,
      () =>
        catalog.restore(0, join(where, "other"), [], {
          tapes: [`REEL01=${join(catalog.directory, ".reel/tapes/REEL02.tap")}`],
        }),
      {
        code: "tape.wrong-label",
        says: ["REEL01", "REEL02"],
      },
    );
    await refused(
      catalog,
      () => runTapeCat({ tape: join(where, "away.tap"), number: 2 }, catalog.context()),
      { code: "tape.no-such-image", says: ["1 images", "number 2"] },
    );
    writeFileSync(join(where, "text"), "this is no tape");
    await refused(catalog, () => runTapeShow({ tape: join(where, "text") }, catalog.context()), {
      code: "tape.not-a-tape",
      says: ["text"],
    });
  }));

/** Files that do not fit a small tape. */
function fillTapes(chain: DumpChain): void {
  mkdirSync(chain.path("d"));
  for (let i = 0; i < 12; i++)
    writeFileSync(chain.path("d", `file ${i}`), Buffer.alloc(400_000 + i, `${i} `));
}

test("a full tape: the library goes on to the next", () =>
  DumpChain.run(async (chain) => {
    const { catalog, volume } = chain;
    fillTapes(chain);
    await new TapeLibrary(join(catalog.directory, ".reel/tapes")).create("SMALL", 2 * MIB);
    const first = await chain.dump(0);
    expect(first.report.tapes.map((tape) => tape.label)).toEqual(["SMALL", "REEL01"]);
    // The small one is full: what was written last takes the next.
    writeFileSync(chain.path("d/file 3"), "changed");
    const second = await chain.catalog.dump(volume, 1);
    expect(second.tapes.map((tape) => tape.label)).toEqual(["REEL01"]);
    chain.note(second, readTree(volume));
    await chain.judgeOwn();
    for (const label of ["SMALL", "REEL01"]) {
      const { images } = await runTapeVerify({ tape: label }, catalog.context());
      expect(images.flatMap((image) => image.problems)).toEqual([]);
    }
  }));

test("a full tape given by path: nothing is committed, and what was on it stays", () =>
  DumpChain.run(async (chain) => {
    const { catalog, volume, where } = chain;
    const path = join(where, "small.tap");
    const drive = openVirtualDrive(path, { write: true });
    await writeLabel(drive, "SMALL", 2 * MIB);
    await drive.close();
    writeFileSync(chain.path("small"), "fits");
    const tree = readTree(volume);
    await catalog.dump(volume, 0, { tape: path });
    fillTapes(chain);
    await refused(catalog, () => catalog.dump(volume, 1, { tape: path }), {
      code: "tape.full",
      says: [path, /after [1-9]\d{2,3} blocks/],
    });
    await refused(catalog, () => catalog.dump(volume, 1, { tape: path }), {
      code: "tape.full",
      says: [path],
    });
    const restored = await catalog.restore(0, join(where, "to"));
    expect(restored.problems).toEqual([]);
    expect(
      compareTrees(tree, readTree(join(where, "to")), { decimals: 9, attributes: true }),
    ).toEqual([]);
    // What did not fit takes no room: the next dump begins where it began.
    rmSync(chain.path("d"), { recursive: true });
    writeFileSync(chain.path("small"), "fits too");
    expect((await catalog.dump(volume, 1, { tape: path })).tapes).toMatchObject([
      { label: "SMALL", file: 2 },
    ]);
    expect((await runTapeShow({ tape: path }, catalog.context())).images).toHaveLength(2);
    expect(
      (await runTapeVerify({ tape: path }, catalog.context())).images.flatMap(
        (image) => image.problems,
      ),
    ).toEqual([]);
  }));

/** Changes bytes of a file in place. */
function flip(path: string, at: number, count = 1): void {
  const bytes = readFileSync(path);
  for (let i = 0; i < count; i++) bytes[at + i] = (bytes[at + i] as number) ^ 0x5a;
  writeFileSync(path, bytes);
}

interface Damage {
  readonly title: string;
  /** Where, given the tape and where the content of "hit" begins in it. */
  readonly at: (content: number) => number;
  readonly count: number;
  /** Restored all the same, and listed. */
  readonly isThere: boolean;
}

const DAMAGES: readonly Damage[] = [
  { title: "a byte of a file's content", at: (content) => content + 100, count: 1, isThere: true },
  { title: "a file's header", at: (content) => content - 1024 + 40, count: 8, isThere: false },
];

test.each(DAMAGES)("a damaged tape: $title", ({ at, count, isThere }) =>
  DumpChain.run(async (chain) => {
    const { catalog, volume, where } = chain;
    for (const name of ["first", "hit", "last"])
      writeFileSync(chain.path(name), Buffer.alloc(20_000, `<${name}>`));
    const tree = readTree(volume);
    await catalog.dump(volume, 0);
    const tape = join(catalog.directory, ".reel/tapes/REEL01.tap");
    expect((await runTapeVerify({ tape: "REEL01" }, catalog.context())).images[0]).toMatchObject({
      problems: [],
      digestsRight: 3,
    });
    flip(tape, at(readFileSync(tape).indexOf("<hit><hit>")), count);
    const restored = await catalog.restore(0, join(where, "to"));
    expect([...new Set(restored.problems.map((problem) => problem.path))]).toEqual(["hit"]);
    const found = readTree(join(where, "to"));
    expect(found.has("hit")).toBe(isThere);
    tree.delete("hit");
    found.delete("hit");
    expect(compareTrees(tree, found, { decimals: 9, attributes: true })).toEqual([]);
    const verified = (await runTapeVerify({ tape: "REEL01" }, catalog.context())).images[0];
    expect(verified?.problems.length).toBeGreaterThan(0);
    expect(verified?.digestsRight).toBe(2);
    expect((await catalog.verify()).problems).toEqual([]);
  }),
);

test("a tape record that cannot be read costs the files in it, and no other", () =>
  DumpChain.run(async (chain) => {
    const { catalog, volume, where } = chain;
    const factor = 4;
    for (let i = 0; i < 40; i++)
      writeFileSync(chain.path(`f${String(i).padStart(2, "0")}`), `<${i}>`.repeat(1000));
    const tree = readTree(volume);
    await catalog.dump(volume, 0, { blockingFactor: factor });
    const tape = join(catalog.directory, ".reel/tapes/REEL01.tap");
    // The frame around the record of the middle of file 17 is spoilt: neither length can be trusted.
    const bytes = readFileSync(tape);
    const frame = factor * 1024 + 8;
    const firstFrame = 80 + 8 + 4;
    const record = Math.floor((bytes.indexOf("<17><17>") + 1500 - firstFrame) / frame);
    const start = firstFrame + record * frame;
    expect(bytes.readUInt32LE(start)).toBe(factor * 1024);
    const lost = bytes.toString("latin1", start, start + frame);
    flip(tape, start, 4);
    const hit = [
      ...new Set(
        [...lost.matchAll(/<(\d+)>/g)].map((match) => `f${(match[1] as string).padStart(2, "0")}`),
      ),
    ]
      .filter((name) => tree.has(name))
      .sort();
    expect(hit).toContain("f17");
    const restored = await catalog.restore(0, join(where, "to"));
    const named = [...new Set(restored.problems.map((problem) => problem.path))].sort();
    expect(named).toEqual(expect.arrayContaining(hit));
    // A header in the lost record may cost the file that begins there, and nothing more.
    expect(named.length).toBeLessThanOrEqual(hit.length + 1);
    const found = readTree(join(where, "to"));
    for (const name of named) {
      tree.delete(name);
      found.delete(name);
    }
    expect(compareTrees(tree, found, { decimals: 9, attributes: true })).toEqual([]);
    const verified = (await runTapeVerify({ tape: "REEL01" }, catalog.context())).images[0];
    expect(verified?.problems.length).toBeGreaterThan(0);
    expect(verified?.digestsRight).toBe(40 - named.length);
  }));

test("a tape that was cut short", () =>
  DumpChain.run(async (chain) => {
    const { catalog, volume, where } = chain;
    fillTapes(chain);
    const tree = readTree(volume);
    await catalog.dump(volume, 0);
    const tape = join(catalog.directory, ".reel/tapes/REEL01.tap");
    const cut = readFileSync(tape).indexOf(Buffer.alloc(64, "6 ")) + 100_000;
    truncateSync(tape, cut);
    const restored = await catalog.restore(0, join(where, "to"));
    const named = [...new Set(restored.problems.map((problem) => problem.path))];
    expect(named).toContain("d/file 6");
    const found = readTree(join(where, "to"));
    for (const name of named) {
      tree.delete(name);
      found.delete(name);
    }
    expect(tree.has("d/file 0") || tree.size > 2).toBe(true);
    expect(compareTrees(tree, found, { decimals: 9, attributes: true })).toEqual([]);
    expect(
      (await runTapeVerify({ tape: "REEL01" }, catalog.context())).images[0]?.problems.join(),
    ).toMatch(/ends before its end/);
    // The next dump goes after the last whole file of the tape, and comes back.
    const after = await catalog.dump(volume, 0);
    expect((await catalog.restore(after.image.rev, join(where, "again"))).problems).toEqual([]);
    expect(
      compareTrees(readTree(volume), readTree(join(where, "again")), {
        decimals: 9,
        attributes: true,
      }),
    ).toEqual([]);
  }));

test("a catalog of a newer format", () =>
  DumpChain.run(async (chain) => {
    const { catalog, volume, where } = chain;
    fill(chain);
    await catalog.dump(volume, 0);
    const path = join(catalog.directory, ".reel/store/superblock");
    const whole = readFileSync(path);
    const newer = Buffer.from(whole);
    newer.writeUInt16BE(9, 8);
    newer.writeUInt32BE(crc32(newer.subarray(0, 508)), 508);
    writeFileSync(path, newer);
    const before = storeOf(catalog);
    const acts = [
      () => catalog.dump(volume, 0),
      () => catalog.restore(0, join(where, "to")),
      () => catalog.verify(),
    ];
    for (const act of acts)
      await expect(act()).rejects.toMatchObject({
        code: "store.newer-format",
        data: { found: 9, expected: 1 },
      });
    expect(storeOf(catalog)).toEqual(before);
    writeFileSync(path, whole);
    expect((await catalog.verify()).problems).toEqual([]);
  }));

test("a second writer: of the tape, of the dump path, of the catalog", () =>
  DumpChain.run(async (chain) => {
    const { catalog, volume, where } = chain;
    fill(chain);
    const path = join(where, "own.tap");
    await catalog.dump(volume, 0, { tape: path });
    const tape = lockTape(path);
    await refused(catalog, () => catalog.dump(volume, 1, { tape: path }), {
      code: "tape.locked",
      says: [path, String(process.pid)],
    });
    tape.release();
    const repository = openRepository(catalog.context());
    try {
      const real = readTree(volume).size > 0 ? volume : "";
      const dumping = repository.lockPath(real);
      await refused(catalog, () => catalog.dump(volume, 1), {
        code: "dump.in-progress",
        says: [volume, String(process.pid)],
      });
      dumping.release();
      // The commit waits for its turn, says so, and goes through; stopped, it changes nothing.
      const writer = repository.begin();
      const waiting = catalog.dump(volume, 1);
      while (catalog.notices.length === 0) await new Promise((done) => setTimeout(done, 5));
      expect(catalog.notices.join()).toMatch(new RegExp(`waiting for process ${process.pid}`));
      writer.abort();
      expect((await waiting).image.level).toBe(1);
    } finally {
      repository.close();
    }
    expect((await catalog.verify()).problems).toEqual([]);
  }));

test("revisions that are unknown or ambiguous, paths that are not there", () =>
  DumpChain.run(async (chain) => {
    const { catalog, volume, where } = chain;
    const to = join(where, "to");
    fill(chain);
    await refused(catalog, () => catalog.restore("tip", to), {
      code: "catalog.empty",
      says: [/no changesets/],
    });
    const nodes: string[] = [];
    // Among 17 one letter or digit comes twice; a digit alone would be a number.
    let letter: string | undefined;
    while (letter === undefined) {
      nodes.push((await catalog.dump(volume, 0)).image.node);
      const letters = nodes.map((node) => node.charAt(0)).filter((c) => c >= "a");
      letter = letters.find((c, i) => letters.indexOf(c) !== i);
    }
    await refused(catalog, () => catalog.restore(letter, to), {
      code: "revset.ambiguous",
      says: [`'${letter}'`],
    });
    await refused(catalog, () => catalog.restore("nosuch", to), {
      code: "revset.unknown",
      says: ["'nosuch'"],
    });
    await refused(catalog, () => catalog.restore("1000", to), {
      code: "revset.unknown",
      says: ["1000"],
    });
    await refused(catalog, () => catalog.restore(0, to, ["d/nosuch"]), {
      code: "catalog.no-such-path",
      says: ["d/nosuch"],
    });
    await refused(catalog, () => catalog.restore(0, to, ["a/below a file"]), {
      code: "catalog.no-such-path",
      says: ["a/below a file"],
    });
    expect(existsSync(to)).toBe(false);
  }));

test("a restore into what is not empty, or no directory", () =>
  DumpChain.run(async (chain) => {
    const { catalog, volume, where } = chain;
    const to = join(where, "to");
    fill(chain);
    const tree = readTree(volume);
    await catalog.dump(volume, 0);
    mkdirSync(join(to, "d"), { recursive: true });
    writeFileSync(join(to, "d/own"), "stays");
    writeFileSync(join(to, "b"), "in the way");
    await refused(catalog, () => catalog.restore(0, to), {
      code: "restore.target-not-empty",
      says: [to, /holds (b|d)/],
    });
    expect(readFileSync(join(to, "b"), "latin1")).toBe("in the way");
    await refused(catalog, () => catalog.restore(0, join(to, "b")), {
      code: "restore.target-not-directory",
      says: [join(to, "b")],
    });
    const forced = await catalog.restore(0, to, [], { force: true });
    expect(forced.problems).toEqual([]);
    expect(readFileSync(join(to, "d/own"), "latin1")).toBe("stays");
    rmSync(join(to, "d/own"));
    expect(
      compareTrees(tree, readTree(to), {
        decimals: 9,
        attributes: true,
        ignoreTime: (path) => path === "d",
      }),
    ).toEqual([]);
  }));
