// The walk and the contents of real trees against find, stat, sha256sum and getfattr, read on the caller's
// thread and on the reading thread.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TYPE } from "../../src/core/inode.ts";
import { openLiveDirectory } from "../../src/volume/live-directory.ts";
import { CONTENT, type VolumeSource, type Walk } from "../../src/volume/source.ts";
import {
  addAttributes,
  attributesOf,
  canMount,
  digestAll,
  findAll,
  hasAttributes,
  IS_ROOT,
  makeRoot,
  makeVariedTree,
  node,
  removeTree,
  sh,
} from "./made-trees.ts";
import { allRows, checkWalk, pathsOf, readRows } from "./read-all.ts";

const TYPE_OF_LETTER: Record<string, number> = {
  f: TYPE.file,
  d: TYPE.directory,
  l: TYPE.symlink,
  p: TYPE.fifo,
  s: TYPE.socket,
  c: TYPE.char,
  b: TYPE.block,
};

async function withSource<T>(root: string, work: (source: VolumeSource) => Promise<T>): Promise<T> {
  const source = await openLiveDirectory(Buffer.from(root).toString("latin1"));
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

/** As find prints them: seconds rounded down, then nanoseconds. */
function printTime(seconds: number, nanoseconds: number): string {
  return `${seconds}.${String(nanoseconds).padStart(9, "0")}`;
}

function openFiles(): number {
  return fs.readdirSync("/proc/self/fd").length;
}

const probe = makeRoot();
const HAS_ATTRIBUTES = hasAttributes(probe);
const CAN_MOUNT = IS_ROOT && canMount(probe);
removeTree(probe);
if (!CAN_MOUNT) console.log("no mount is possible here: tests of mounts are left out");
if (!HAS_ATTRIBUTES) console.log("no extended attributes here: their tests are left out");

describe("a tree of every type", () => {
  let root = "";
  let source: VolumeSource;
  let walk: Walk;
  let rows: Map<string, number>;

  beforeAll(async () => {
    root = makeRoot();
    makeVariedTree(root);
    if (HAS_ATTRIBUTES) addAttributes(root);
    source = await openLiveDirectory(root);
    walk = await source.walk();
    rows = pathsOf(walk);
  });
  afterAll(async () => {
    await source.close();
    removeTree(root);
  });

  test("keeps the order that the seam promises", () => {
    checkWalk(walk);
    expect(walk.problems).toEqual([]);
    expect(walk.excluded).toBe(0);
  });

  test("has what find says", () => {
    const found = findAll(root);
    expect([...rows.keys()].toSorted()).toEqual([...found.keys()].toSorted());
    for (const [name, entry] of found) {
      const row = rows.get(name) as number;
      const seen = {
        ...entry,
        type: walk.type[row],
        mode: walk.mode[row],
        nlink: walk.nlink[row],
        uid: walk.uid[row],
        gid: walk.gid[row],
        size: walk.size[row],
        blocks512: walk.blocks512[row],
        inode:
          (BigInt(walk.inodeHigh[row] as number) << 32n) | BigInt(walk.inodeLow[row] as number),
        mtime: printTime(walk.mtime[row] as number, walk.mtimeNs[row] as number),
        ctime: printTime(walk.ctime[row] as number, walk.ctimeNs[row] as number),
      };
      expect(seen).toEqual({ ...entry, type: TYPE_OF_LETTER[entry.type] });
    }
  });

  test("has the birth and access times and the device numbers that stat says", () => {
    for (const name of ["size-0", "fifo", "size-3000", ...(IS_ROOT ? ["char", "block"] : [])]) {
      const row = rows.get(name) as number;
      const line = execFileSync("stat", ["-c", "%.9W %.9X %t %T", path.join(root, name)], {
        encoding: "utf8",
      });
      const [birth, access, major, minor] = line.trim().split(" ");
      // 0 is stat's word for unknown.
      if (birth !== "0.000000000" && birth !== "0") {
        expect(printTime(walk.birth[row] as number, walk.birthNs[row] as number)).toBe(birth);
      }
      // What is read later keeps its access time.
      expect(printTime(walk.atime[row] as number, walk.atimeNs[row] as number)).toBe(access);
      expect(walk.rdevMajor[row]).toBe(parseInt(major ?? "", 16));
      expect(walk.rdevMinor[row]).toBe(parseInt(minor ?? "", 16));
    }
  });

  test("walks again to the same rows", async () => {
    const again = await source.walk();
    expect(again.name).toEqual(walk.name);
    expect(again.inodeLow).toEqual(walk.inodeLow);
  });

  test("reads what sha256sum, readlink and getfattr read", async () => {
    const digests = digestAll(root);
    const found = findAll(root);
    const read = await readRows(source, walk, allRows(walk));
    for (const [name, row] of rows) {
      const got = read.get(row);
      expect([name, got?.status, got?.errno]).toEqual([name, CONTENT.ok, undefined]);
      expect([name, got?.digest]).toEqual([name, digests.get(name) ?? "0".repeat(64)]);
      if (walk.type[row] === TYPE.file) {
        const bytes = fs.readFileSync(Buffer.from(`${root}/${name}`, "latin1"));
        expect([name, got?.content.equals(bytes)]).toEqual([name, true]);
      } else {
        expect(got?.content.toString("latin1")).toBe(found.get(name)?.target);
      }
      if (/^[\x20-\x7e]*$/.test(name)) {
        expect([name, got?.attributes]).toEqual([
          name,
          attributesOf(root, name === "" ? "." : name),
        ]);
      }
    }
  });

  test("reads any rows in any order", async () => {
    const reversed = allRows(walk).reverse();
    const read = await readRows(source, walk, reversed);
    expect(read.get(rows.get("size-3000") as number)?.digest).toBe(
      digestAll(root).get("size-3000"),
    );
    expect([...read.values()].every(({ status }) => status === CONTENT.ok)).toBe(true);
    expect(await readRows(source, walk, new Int32Array(0))).toEqual(new Map());
  });

  test("gives no pieces for holes", async () => {
    const names = ["all", "start", "middle", "end", "small"].map(
      (name) => rows.get(`holes/${name}`) as number,
    );
    const read = await readRows(source, walk, Int32Array.from(names));
    const given = names.map(
      (row) => read.get(row)?.pieces.reduce((sum, [, length]) => sum + length, 0) ?? -1,
    );
    expect(given[0]).toBe(0);
    // Of the others, the blocks around their data: 4 KiB each on most file systems, 64 KiB on some.
    for (const [index, data] of [0, 1, 75_010, 100, 1].entries()) {
      expect(given[index]).toBeGreaterThanOrEqual(data);
      expect(given[index]).toBeLessThanOrEqual(data === 0 ? 0 : data + 4 * 131_072);
    }
    expect(given[2]).toBeLessThan(1_000_000);
  });

  test("leaves access times and open files as they were", async () => {
    const before = openFiles();
    sh(root, "touch -a -d @1000000000 size-3000 names");
    await withSource(root, async (other) => {
      const again = await other.walk();
      await readRows(other, again, allRows(again));
    });
    expect(sh(root, "stat -c %X size-3000 names")).toBe("1000000000\n1000000000\n");
    expect(openFiles()).toBe(before);
  });

  test("says who it is", () => {
    const identity = source.identity();
    expect(identity.path).toBe(fs.realpathSync(root));
    expect(identity.host).toBe(execFileSync("uname", ["-n"], { encoding: "utf8" }).trim());
    const [device, type] = sh(root, "findmnt -no SOURCE,FSTYPE -T .").trim().split(/\s+/);
    expect(identity.device).toBe(device?.replace(/\[.*\]$/, ""));
    expect(identity.root).toMatch(
      new RegExp(`^inode ${fs.statSync(root).ino} of ${type}( [0-9a-f]{16})?$`),
    );
  });

  test("follows a symbolic link at its root, and refuses what is no directory", async () => {
    const link = `${root}-link`;
    fs.symlinkSync(`${root}/names`, link);
    await withSource(link, async (other) => {
      expect(other.identity().path).toBe(`${fs.realpathSync(root)}/names`);
      expect((await other.walk()).count).toBeGreaterThan(10);
    });
    fs.rmSync(link);
    await expect(openLiveDirectory(`${root}/size-0`)).rejects.toMatchObject({
      code: "volume.unreadable",
      data: { found: "ENOTDIR" },
    });
    await expect(openLiveDirectory(`${root}/nowhere`)).rejects.toMatchObject({
      data: { found: "ENOENT" },
    });
  });

  test("leaves out what patterns name", async () => {
    const pruned = await source.walk({ exclude: ["size-*", "/holes/m*", "names"] });
    checkWalk(pruned);
    const left = [...pathsOf(pruned).keys()];
    const wanted = [...rows.keys()].filter((name) => !/^size-|^holes\/m|^names(\/|$)/.test(name));
    expect(left.toSorted()).toEqual(wanted.toSorted());
    expect(pruned.excluded).toBe(9 + 1 + 1);
  });
});

describe("deep trees", () => {
  let root = "";
  beforeAll(() => {
    root = makeRoot();
  });
  afterAll(() => removeTree(root));

  test("20 levels of 254-byte names", async () => {
    fs.mkdirSync(path.join(root, "long"));
    node(
      path.join(root, "long"),
      `for(let i=0;i<20;i++){const name=String.fromCharCode(97+i).repeat(254);fs.mkdirSync(name);process.chdir(name);
       fs.writeFileSync("z","level "+i);fs.symlinkSync("target "+i,"link");}`,
    );
    const before = openFiles();
    await withSource(`${root}/long`, async (source) => {
      const walk = await source.walk();
      checkWalk(walk);
      const found = findAll(`${root}/long`);
      expect([...pathsOf(walk).keys()].toSorted()).toEqual([...found.keys()].toSorted());
      const read = await readRows(source, walk, allRows(walk));
      for (const [name, row] of pathsOf(walk)) {
        const level = name.split("/").length - 2;
        if (walk.type[row] === TYPE.file)
          expect(read.get(row)?.content.toString()).toBe(`level ${level}`);
        if (walk.type[row] === TYPE.symlink)
          expect(read.get(row)?.content.toString()).toBe(`target ${level}`);
        expect(read.get(row)?.status).toBe(CONTENT.ok);
      }
    });
    expect(openFiles()).toBe(before);
  });

  test("300 levels, more than are kept open, with directories on both sides of the way down", async () => {
    fs.mkdirSync(path.join(root, "deep"));
    node(
      path.join(root, "deep"),
      `for(let i=0;i<300;i++){fs.mkdirSync("m");fs.mkdirSync("z");fs.writeFileSync("z/f","after "+i);process.chdir("m");}`,
    );
    await withSource(`${root}/deep`, async (source) => {
      const walk = await source.walk();
      checkWalk(walk);
      expect(walk.count).toBe(1 + 300 * 3);
      for (const rows of [allRows(walk), allRows(walk).reverse()]) {
        const read = await readRows(source, walk, rows);
        for (const [name, row] of pathsOf(walk)) {
          if (!name.endsWith("/f") && name !== "z/f") continue;
          expect(read.get(row)?.content.toString()).toBe(`after ${name.split("/").length - 2}`);
        }
      }
    });
  });
});

test("a directory of 10,000 empty files: many listings, requests and full batches", async () => {
  const root = makeRoot();
  node(root, `for(let i=0;i<10000;i++)fs.writeFileSync("an-empty-file-"+i,"");`);
  await withSource(root, async (source) => {
    const walk = await source.walk();
    checkWalk(walk);
    expect(walk.count).toBe(10_001);
    const read = await readRows(source, walk, allRows(walk));
    const digests = new Set([...read.values()].map(({ digest }) => digest));
    // The root, and sha256sum of nothing.
    expect([...digests]).toEqual([
      "0".repeat(64),
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ]);
  });
  removeTree(root);
});

describe("large files", () => {
  let root = "";
  beforeAll(() => {
    root = makeRoot();
  });
  afterAll(() => removeTree(root));

  test("3 GiB of which nearly all is a hole", async () => {
    sh(
      root,
      "truncate -s 3G sparse; printf reel | dd of=sparse bs=1 seek=2000000000 conv=notrunc status=none",
    );
    await withSource(root, async (source) => {
      const walk = await source.walk();
      expect(walk.size[1]).toBe(3 * 2 ** 30);
      const got = (await readRows(source, walk, Int32Array.of(1))).get(1);
      expect(got?.status).toBe(CONTENT.ok);
      expect(got?.pieces.reduce((sum, [, length]) => sum + length, 0)).toBeLessThanOrEqual(131_072);
      // sha256sum of the file that the two commands above make.
      expect(got?.digest).toBe("820e60be3abde76bd914196855b0333845499aa9119a009d5041c210c4b5015b");
    });
  });
});

describe.skipIf(!CAN_MOUNT)("mounts below the root", () => {
  let root = "";
  let coveredInode = 0;
  beforeAll(() => {
    root = makeRoot();
    sh(
      root,
      "mkdir in plain; echo covered > file; echo other > plain/other; echo below > in/below",
    );
    coveredInode = fs.statSync(path.join(root, "in")).ino;
    sh(root, "mount -t tmpfs none in; echo inside > in/inside; mount --bind plain/other file");
  });
  afterAll(() => {
    sh(root, "umount in; umount file");
    removeTree(root);
  });

  test("are not entered: an empty directory with the covered one's number", async () => {
    await withSource(root, async (source) => {
      const walk = await source.walk();
      checkWalk(walk);
      const rows = pathsOf(walk);
      expect([...rows.keys()]).toEqual(["", "in", "plain", "plain/other"]);
      const row = rows.get("in") as number;
      expect(walk.problems).toEqual([
        { kind: "unreadable", row: 0, name: "file", errno: "EXDEV" },
        { kind: "mount", row, name: "in", errno: "EXDEV" },
      ]);
      expect(walk.inodeLow[row]).toBe(coveredInode);
      const read = await readRows(source, walk, allRows(walk));
      expect(read.get(row)?.status).toBe(CONTENT.ok);
    });
  });

  test("are entered when asked, with numbers of their own", async () => {
    await withSource(root, async (source) => {
      const walk = await source.walk({ crossMounts: true });
      checkWalk(walk);
      const rows = pathsOf(walk);
      expect([...rows.keys()].toSorted()).toEqual([
        "",
        "file",
        "in",
        "in/inside",
        "plain",
        "plain/other",
      ]);
      expect(walk.problems).toEqual([]);
      const inside = rows.get("in/inside") as number;
      expect(walk.inodeHigh[inside]).toBe(0x1_0000);
      expect(walk.inodeLow[inside]).toBe(fs.statSync(path.join(root, "in/inside")).ino);
      // A bind mount of the same device is another name of the inode.
      expect(walk.inodeLow[rows.get("file") as number]).toBe(
        walk.inodeLow[rows.get("plain/other") as number],
      );
      expect(walk.inodeHigh[rows.get("file") as number]).toBe(0);
      const read = await readRows(source, walk, allRows(walk));
      expect(read.get(inside)?.content.toString()).toBe("inside\n");
      expect([...read.values()].every(({ status }) => status === CONTENT.ok)).toBe(true);
    });
  });
});
