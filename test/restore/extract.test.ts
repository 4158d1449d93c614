// What a restore does in the target: content, holes, links, times, attributes; running again; refusals.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { encodeAttributes } from "../../src/core/attributes.ts";
import { ReelError } from "../../src/core/errors.ts";
import { TYPE } from "../../src/core/inode.ts";
import { RECORD } from "../../src/dump/format/record.ts";
import { extract } from "../../src/restore/extract.ts";
import type { ExtractOptions } from "../../src/restore/extraction.ts";
import { planRestore } from "../../src/restore/plan.ts";
import type { RestoreReport } from "../../src/restore/report.ts";
import type { WantedEntry, WantedImage } from "../../src/restore/request.ts";
import { Target } from "../../src/restore/target.ts";
import type { MemoryDrive } from "../../src/tape/memory-drive.ts";
import { comparable, scratchDirectory, walk } from "./fixture-tapes.ts";
import { DATE, TapeMaker } from "./made-tapes.ts";

const isRoot = process.getuid?.() === 0;
const OWN = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

function entry(name: string, fields: Partial<WantedEntry> = {}): WantedEntry {
  return {
    path: name,
    type: TYPE.file,
    mode: 0o644,
    ...OWN,
    size: 0,
    mtime: DATE,
    mtimeNs: 987_654_321,
    rdevMajor: 0,
    rdevMinor: 0,
    target: null,
    attributes: new Uint8Array(0),
    digest: null,
    inode: 3,
    place: null,
    ...fields,
  };
}

function sha(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

/** The file on the tape and in the list. */
function put(
  maker: TapeMaker,
  name: string,
  inode: number,
  content: Uint8Array,
  fields: Partial<WantedEntry> = {},
  holes = new Set<number>(),
): WantedEntry {
  const block = maker.file(inode, content, {}, holes);
  const blocks = maker.address - block;
  return entry(name, {
    inode,
    size: content.byteLength,
    digest: sha(content),
    place: { image: 0, block, blocks },
    ...fields,
  });
}

function imageOn(drive: MemoryDrive, date = DATE): WantedImage {
  const blocks = (drive.files[0]?.length ?? 0) * 10;
  return {
    imageId: "",
    title: "level 0 of made",
    level: 0,
    date,
    blockingFactor: 10,
    extents: [{ label: "MADE", file: 0, firstBlock: 0, blocks }],
  };
}

interface Run extends ExtractOptions {
  readonly overwrite?: boolean;
  readonly image?: WantedImage;
}

async function restore(
  target: string,
  drive: MemoryDrive,
  entries: readonly WantedEntry[],
  run: Run = {},
): Promise<RestoreReport> {
  const plan = planRestore({ images: [run.image ?? imageOn(drive)], entries });
  const place = await Target.open(target, { overwrite: run.overwrite ?? false });
  try {
    return await extract(plan, async () => drive, place, run);
  } finally {
    place.close();
  }
}

function bytes(length: number, seed = 1): Buffer {
  let state = seed;
  return Buffer.from(
    Uint8Array.from({ length }, () => ((state = (state * 1103515245 + 12345) >>> 0) >>> 16) & 0xff),
  );
}

test("holes stay holes, and zeros that were data are written", async () => {
  const maker = new TapeMaker();
  const content = Buffer.alloc(3 * 1024 * 1024);
  bytes(5000).copy(content, 1024 * 1024);
  const dataFrom = 1024;
  const holes = new Set(
    Array.from({ length: 3072 }, (_, block) => block).filter(
      (block) => block < dataFrom || block > dataFrom + 8,
    ),
  );
  const zeros = Buffer.alloc(100 * 1024);
  const list = [
    put(maker, "sparse", 10, content, {}, holes),
    put(maker, "zeros", 11, zeros),
    put(maker, "hole", 12, zeros, {}, new Set(Array.from({ length: 100 }, (_, block) => block))),
    put(maker, "short", 13, bytes(1)),
  ];
  const target = scratchDirectory();
  const report = await restore(target, maker.drive(), list);
  expect(report.problems).toEqual([]);
  expect(readFileSync(path.join(target, "sparse")).equals(content)).toBe(true);
  expect(lstatSync(path.join(target, "sparse")).blocks).toBeLessThanOrEqual(64);
  expect(lstatSync(path.join(target, "zeros")).blocks).toBeGreaterThanOrEqual(200);
  expect(lstatSync(path.join(target, "hole")).blocks).toBe(0);
  expect(report).toMatchObject({ files: 4, contentBytes: content.byteLength + 200 * 1024 + 1 });
});

test("a trailing hole without headers is a hole; the access time is the tape's", async () => {
  const maker = new TapeMaker();
  const content = Buffer.concat([bytes(2048), Buffer.alloc(900_000)]);
  const block = maker.header(
    {
      type: RECORD.inode,
      inode: 9,
      mode: 0o100600,
      size: content.byteLength,
      atime: 1_234_567_890,
      atimeNs: 5000,
    },
    Uint8Array.of(1, 1),
  );
  maker.data(content.subarray(0, 2048));
  maker.file(10, bytes(10));
  const target = scratchDirectory();
  const wanted = entry("f", {
    inode: 9,
    size: content.byteLength,
    digest: sha(content),
    place: { image: 0, block },
  });
  const report = await restore(target, maker.drive(), [wanted]);
  expect(report.problems).toEqual([]);
  const stat = lstatSync(path.join(target, "f"), { bigint: true });
  expect(stat.atimeNs).toBe(1_234_567_890_000_005_000n);
  expect(stat.size).toBe(BigInt(content.byteLength));
});

test("times to the nanosecond, before 1970 and after 2106", async () => {
  const times = [
    [0, 0],
    [0, 1],
    [-1, 999_999_999],
    [-2_000_000_000, 5],
    [4_294_967_395, 999_999_999],
    [1_700_000_000, 123_456_789],
  ] as const;
  const target = scratchDirectory();
  const list = times.map(([mtime, mtimeNs], index) =>
    entry(`t${index}`, { mtime, mtimeNs, inode: 10 + index }),
  );
  const directories = times.map(([mtime, mtimeNs], index) =>
    entry(`d${index}`, { mtime, mtimeNs, type: TYPE.directory, mode: 0o700 }),
  );
  const links = times.map(([mtime, mtimeNs], index) =>
    entry(`d${index}/l`, { mtime, mtimeNs, type: TYPE.symlink, target: "x", inode: 50 + index }),
  );
  const report = await restore(target, new TapeMaker().drive(), [
    ...links,
    ...list,
    ...directories,
  ]);
  expect(report.problems).toEqual([]);
  for (const [index, [mtime, mtimeNs]] of times.entries()) {
    for (const name of [`t${index}`, `d${index}`, `d${index}/l`]) {
      const stat = lstatSync(path.join(target, name), { bigint: true });
      expect(stat.mtimeNs, name).toBe(BigInt(mtime) * 1_000_000_000n + BigInt(mtimeNs));
    }
  }
  expect(report).toMatchObject({ files: 6, directories: 6, others: 6 });
});

test("a name of 255 bytes, names that are not UTF-8, and a path longer than PATH_MAX", async () => {
  const long = `${"\xe9".repeat(254)}x`;
  const deep = Array.from({ length: 60 }, (_, index) => `${index}`.padEnd(200, "d")).join("/");
  const maker = new TapeMaker();
  const content = bytes(3000);
  const list = [
    entry(long, { type: TYPE.directory, mode: 0o755 }),
    put(maker, `${long}/${long}`, 10, content),
    put(maker, "\x01\n\xff", 11, content),
    put(maker, `${deep}/file`, 12, content),
    entry(`${deep}/link`, { type: TYPE.symlink, target: "\xff\n", inode: 13 }),
  ];
  const again = entry(`${deep}/second`, { ...list[3], path: `${deep}/second` });
  const target = scratchDirectory();
  const report = await restore(target, maker.drive(), [...list, again]);
  expect(report.problems).toEqual([]);
  const { files, links, others } = report;
  expect({ files, links, others }).toEqual({ files: 3, links: 1, others: 1 });
  expect(readdirSync(target, { encoding: "latin1" }).sort()).toEqual([
    "\x01\n\xff",
    `0${"d".repeat(199)}`,
    long,
  ]);
  const names = execFileSync("find", [target, "-type", "f", "-printf", "%n %s\n"]).toString();
  expect(names.trim().split("\n").sort()).toEqual(["1 3000", "1 3000", "2 3000", "2 3000"]);
});

test("more directories than descriptors, visited out of order", async () => {
  const maker = new TapeMaker();
  const list = Array.from({ length: 900 }, (_, index) => {
    const number = (index * 389) % 900;
    return put(maker, `d${number}/e/f`, 100 + index, bytes(10 + index));
  });
  const target = scratchDirectory();
  const report = await restore(target, maker.drive(), list);
  expect(report.problems).toEqual([]);
  expect(report.files).toBe(900);
  for (const { path: name, size } of list)
    expect(lstatSync(path.join(target, name)).size).toBe(size);
});

test.skipIf(!isRoot)(
  "owners, setuid, attributes and ACLs; inherited ACLs are taken away",
  async () => {
    const acl = (...entries: readonly (readonly [tag: number, bits: number, id: number])[]) => {
      const value = Buffer.alloc(4 + entries.length * 8);
      value.writeUInt32LE(2, 0);
      entries.forEach(([tag, bits, id], index) => {
        value.writeUInt16LE(tag, 4 + index * 8);
        value.writeUInt16LE(bits, 6 + index * 8);
        value.writeUInt32LE(id >>> 0, 8 + index * 8);
      });
      return value;
    };
    const access = acl([1, 6, -1], [2, 4, 1001], [4, 4, -1], [16, 4, -1], [32, 0, -1]);
    const attributes = encodeAttributes([
      { name: "user.empty", value: new Uint8Array(0) },
      { name: "user.\xe9", value: bytes(300) },
      { name: "system.posix_acl_access", value: access },
      { name: "trusted.t", value: bytes(5) },
      {
        name: "security.capability",
        value: Buffer.from("0100000200200000000000000000000000000000", "hex"),
      },
    ]);
    const target = scratchDirectory();
    execFileSync("setfacl", ["-d", "-m", "u:1234:rwx,m::rwx", target]);
    const maker = new TapeMaker();
    const list = [
      put(maker, "setuid", 10, bytes(100), { mode: 0o6755, uid: 70000, gid: 70001 }),
      put(maker, "acl", 11, bytes(100), { mode: 0o640, uid: 5, attributes }),
      entry("dir", { type: TYPE.directory, mode: 0o3770, uid: 6, gid: 4_294_967_294 }),
      entry("dir/fifo", { type: TYPE.fifo, mode: 0o4622, uid: 8, inode: 12 }),
      entry("dir/device", {
        type: TYPE.char,
        mode: 0o600,
        rdevMajor: 240,
        rdevMinor: 70000,
        inode: 14,
      }),
      entry("dir/link", {
        type: TYPE.symlink,
        target: "/nowhere",
        uid: 9,
        mode: 0o777,
        inode: 15,
        attributes: encodeAttributes([{ name: "trusted.l", value: bytes(3) }]),
      }),
      entry("dir/empty", { mode: 0, inode: 16 }),
    ];
    const report = await restore(target, maker.drive(), list);
    expect(report.problems).toEqual([]);
    const found = walk(target).map(({ path_hex, mode, uid, gid, rdev, xattrs_b64 }) => ({
      path: Buffer.from(path_hex, "hex").toString("latin1"),
      is: [mode, uid, gid],
      ...(rdev ? { rdev } : {}),
      attributes: Object.keys(xattrs_b64 ?? {}).length,
    }));
    expect(found.slice(1)).toEqual([
      { path: "acl", is: ["0640", 5, 0], attributes: 5 },
      { path: "dir", is: ["3770", 6, 4_294_967_294], attributes: 0 },
      { path: "dir/device", is: ["0600", 0, 0], rdev: [240, 70000], attributes: 0 },
      { path: "dir/empty", is: ["0000", 0, 0], attributes: 0 },
      { path: "dir/fifo", is: ["4622", 8, 0], attributes: 0 },
      { path: "dir/link", is: ["0777", 9, 0], attributes: 1 },
      { path: "setuid", is: ["6755", 70000, 70001], attributes: 0 },
    ]);
    expect(execFileSync("getfacl", ["-cpn", path.join(target, "acl")]).toString()).toContain(
      "user:1001:r--",
    );
  },
);

test.skipIf(!isRoot)(
  "a directory's default ACL is not inherited when a restore runs again",
  async () => {
    const value =
      "0200000001000700ffffffff02000700d204000004000500ffffffff10000700ffffffff20000500ffffffff";
    const defaults = encodeAttributes([
      { name: "system.posix_acl_default", value: Buffer.from(value, "hex") },
    ]);
    const maker = new TapeMaker();
    const list = [
      entry("d", { type: TYPE.directory, mode: 0o755, attributes: defaults }),
      put(maker, "d/file", 10, bytes(100)),
      put(maker, "d/e/file", 11, bytes(100)),
      entry("d/e", { type: TYPE.directory, mode: 0o750 }),
      entry("d/empty", { inode: 12 }),
      entry("d/fifo", { type: TYPE.fifo, mode: 0o600, inode: 13 }),
    ];
    const target = scratchDirectory();
    const drive = maker.drive();
    const attributes = () =>
      walk(target).flatMap(({ path_hex, xattrs_b64 }) =>
        xattrs_b64 ? [[Buffer.from(path_hex, "hex").toString(), ...Object.keys(xattrs_b64)]] : [],
      );
    await restore(target, drive, list);
    expect(attributes()).toEqual([["d", "system.posix_acl_default"]]);
    execFileSync("rm", ["-r", path.join(target, "d/e")]);
    expect((await restore(target, drive, list, { overwrite: true })).problems).toEqual([]);
    expect(attributes()).toEqual([["d", "system.posix_acl_default"]]);
  },
);

test.skipIf(!isRoot)(
  "an ordinary user gets the contents, and a list of what was not allowed",
  async () => {
    const outer = scratchDirectory();
    execFileSync("chmod", ["777", outer]);
    const maker = new TapeMaker();
    const list = [
      put(maker, "d/own", 10, bytes(100), { uid: 65534, gid: 65534, mode: 0o640 }),
      put(maker, "d/root", 11, bytes(100), { uid: 0, gid: 0 }),
      put(maker, "d/trusted", 12, bytes(100), {
        uid: 65534,
        gid: 65534,
        attributes: encodeAttributes([{ name: "trusted.t", value: bytes(1) }]),
      }),
      entry("d/device", { type: TYPE.block, rdevMajor: 8, rdevMinor: 1, inode: 13 }),
      entry("d/socket", { type: TYPE.socket, uid: 65534, gid: 65534, mode: 0o600, inode: 14 }),
      entry("d", { type: TYPE.directory, mode: 0o555, uid: 65534, gid: 65534 }),
    ];
    const drive = maker.drive();
    process.setegid?.(65534);
    process.seteuid?.(65534);
    try {
      const target = path.join(outer, "t");
      const run = async (options: Run) =>
        (await restore(target, drive, list, options)).problems
          .map(({ kind, path: name }) => `${kind} ${name}`)
          .sort();
      const listed = ["attributes d/trusted", "create d/device", "owner d/root"];
      expect(await run({})).toEqual(listed);
      expect(readFileSync(path.join(target, "d/root")).equals(bytes(100))).toBe(true);
      expect(lstatSync(path.join(target, "d")).mode & 0o777).toBe(0o555);
      expect(await run({ overwrite: true })).toEqual(listed);
      expect(lstatSync(path.join(target, "d")).mode & 0o777).toBe(0o555);
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
    }
  },
);

test("running it again with overwrite gives the same tree; with resume it reads what is not there", async () => {
  const maker = new TapeMaker();
  const list = [
    put(maker, "a", 10, bytes(5000, 1)),
    put(maker, "d/b", 11, bytes(200_000, 2)),
    put(maker, "d/c", 12, bytes(3000, 3)),
    entry("d/empty", { inode: 13 }),
    entry("", { type: TYPE.directory, mode: 0o755 }),
    entry("d", { type: TYPE.directory, mode: 0o750 }),
    entry("s", { type: TYPE.symlink, target: "a", mode: 0o777, inode: 14 }),
  ];
  const links = [
    entry("d/a2", { ...list[0], path: "d/a2" }),
    entry("z", { ...list[2], path: "z" }),
  ];
  const all = [...list, ...links];
  const target = scratchDirectory();
  const drive = maker.drive();
  const first = await restore(target, drive, all);
  const before = comparable(walk(target));
  expect(await restore(target, drive, all, { overwrite: true })).toEqual(first);
  expect(comparable(walk(target))).toEqual(before);

  const kept = await restore(target, drive, all, { overwrite: true, resume: true });
  expect(kept).toMatchObject({ kept: 3, records: 0, tapes: [], problems: [], links: 2 });
  expect(comparable(walk(target))).toEqual(before);

  writeFileSync(path.join(target, "d/b"), "half of it");
  execFileSync("rm", [path.join(target, "d/c"), path.join(target, "d/a2")]);
  const resumed = await restore(target, drive, all, { overwrite: true, resume: true });
  expect(resumed).toMatchObject({ kept: 1, tapes: ["MADE"], problems: [] });
  expect(comparable(walk(target))).toEqual(before);
});

test("what is in the way is replaced when told to, but a directory is never emptied", async () => {
  const maker = new TapeMaker();
  const list = [
    put(maker, "file", 10, bytes(10)),
    entry("dir", { type: TYPE.directory, mode: 0o755 }),
    put(maker, "dir/inside", 11, bytes(10)),
    entry("empty-there", { inode: 12 }),
    entry("full-there", { inode: 13 }),
  ];
  const target = scratchDirectory();
  const outside = path.join(scratchDirectory(), "precious");
  writeFileSync(outside, "keep me");
  execFileSync("ln", [outside, path.join(target, "file")]);
  writeFileSync(path.join(target, "dir"), "a file where a directory goes");
  mkdirSync(path.join(target, "empty-there"));
  mkdirSync(path.join(target, "full-there/x"), { recursive: true });
  const drive = maker.drive();
  const refused = await restore(target, drive, list).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ReelError);
  expect(refused).toMatchObject({
    code: "restore.target-not-empty",
    remedy: expect.stringContaining("--force"),
  });
  expect(readFileSync(path.join(target, "dir"), "utf8")).toContain("a file");

  const report = await restore(target, drive, list, { overwrite: true });
  expect(report.problems).toEqual([{ kind: "create", path: "full-there", what: "ENOTEMPTY" }]);
  expect(readFileSync(outside, "utf8")).toBe("keep me");
  expect(lstatSync(path.join(target, "dir/inside")).size).toBe(10);
  expect(existsSync(path.join(target, "full-there/x"))).toBe(true);
});

test("symbolic links planted in the target are not followed", async () => {
  const maker = new TapeMaker();
  const list = [
    put(maker, "etc/passwd", 10, bytes(10)),
    put(maker, "way/on/file", 11, bytes(10)),
    entry("etc", { type: TYPE.directory, mode: 0o700 }),
    put(maker, "plain", 12, bytes(10)),
    entry("node", { type: TYPE.fifo, mode: 0o666, inode: 13 }),
    entry("again", { ...put(maker, "x", 14, bytes(10)), path: "again" }),
  ];
  const links = [entry("linked", { ...list[5], path: "linked" })];
  const target = scratchDirectory();
  const outside = scratchDirectory();
  mkdirSync(path.join(outside, "on"));
  for (const name of ["plain", "passwd", "node", "linked"])
    writeFileSync(path.join(outside, name), "outside", { mode: 0o604 });
  symlinkSync(outside, path.join(target, "etc"));
  symlinkSync(outside, path.join(target, "way"));
  for (const name of ["plain", "node", "linked", "again"])
    symlinkSync(path.join(outside, name), path.join(target, name));
  const before = comparable(walk(outside));
  const report = await restore(target, maker.drive(), [...list, ...links], { overwrite: true });
  expect(report.problems).toEqual([]);
  expect(comparable(walk(outside))).toEqual(before);
  for (const name of ["etc", "way"])
    expect(lstatSync(path.join(target, name)).isDirectory()).toBe(true);
  expect(lstatSync(path.join(target, "plain")).isFile()).toBe(true);
  expect(lstatSync(path.join(target, "node")).isFIFO()).toBe(true);
});

test("an interrupt stops it, and resume goes on", async () => {
  const maker = new TapeMaker();
  const list = Array.from({ length: 40 }, (_, index) =>
    put(maker, `f${index}`, 10 + index, bytes(100_000, index)),
  );
  const target = scratchDirectory();
  const drive = maker.drive();
  const controller = new AbortController();
  const real = drive.read.bind(drive);
  let reads = 0;
  drive.read = async (into) => {
    if (++reads === 200) controller.abort();
    return real(into);
  };
  const stopped = await restore(target, drive, list, { signal: controller.signal }).catch(
    (error: unknown) => error,
  );
  expect(stopped).toMatchObject({ code: "restore.interrupted" });
  const report = await restore(target, drive, list, { overwrite: true, resume: true });
  expect(report.problems).toEqual([]);
  expect(report.kept).toBeGreaterThan(0);
  expect(report.kept + report.files).toBe(40);
  for (const { path: name, size } of list)
    expect(lstatSync(path.join(target, name)).size).toBe(size);
});

test("a tape that is not to be had: an error, or its files are listed", async () => {
  const maker = new TapeMaker();
  const list = [put(maker, "a", 10, bytes(10)), entry("empty", { inode: 11 })];
  const plan = planRestore({ images: [imageOn(maker.drive())], entries: list });
  const missing = async () => {
    throw new ReelError("tape.not-found", { tape: "MADE" });
  };
  const one = await Target.open(scratchDirectory());
  await expect(extract(plan, missing, one)).rejects.toMatchObject({ code: "tape.not-found" });
  one.close();
  const two = await Target.open(scratchDirectory());
  const report = await extract(plan, missing, two, { missingTape: "skip" });
  two.close();
  expect(report.problems).toEqual([{ kind: "tape", path: "a", what: "no tape MADE" }]);
  expect(report.files).toBe(1);
});
