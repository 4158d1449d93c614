// What becomes of rows whose inode changed, shrank, vanished or failed between the walk and the read. Real
// changes of real trees; errors that root never meets are put in at the system calls.
import fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLiveDirectory } from "../../src/volume/live-directory.ts";
import type { VolumeSource } from "../../src/volume/source.ts";
import { ERRNO, loadSystemCalls, type SystemCalls } from "../../src/volume/system-calls.ts";
import { hasAttributes, IS_ROOT, makeRoot, removeTree, sh } from "./made-trees.ts";
import { allRows, checkWalk, pathsOf, readRows, STATUS_NAMES, type ReadRow } from "./read-all.ts";

let root = "";
let source: VolumeSource | undefined;

beforeEach(() => {
  root = makeRoot();
});
afterEach(async () => {
  await source?.close();
  source = undefined;
  removeTree(root);
});

function write(name: string, size: number): void {
  fs.writeFileSync(path.join(root, name), Buffer.alloc(size, "x"));
}

/** Walks, lets `change` happen, reads all; gives rows by path. */
async function readAfter(change: () => void, calls?: SystemCalls): Promise<Map<string, ReadRow>> {
  source = await openLiveDirectory(root, calls === undefined ? {} : { calls });
  const walk = await source.walk();
  change();
  const read = await readRows(source, walk, allRows(walk));
  return new Map([...pathsOf(walk)].map(([name, row]) => [name, read.get(row) as ReadRow]));
}

function outcome(row: ReadRow | undefined): string {
  if (row === undefined) return "no row";
  const status = STATUS_NAMES[row.status] ?? "?";
  return row.errno === undefined ? status : `${status} ${row.errno}`;
}

function sha256Of(script: string): string {
  return sh(root, `${script} | sha256sum`).slice(0, 64);
}

/** Changes what system calls answer for some names or all. */
async function callsWith(
  change: (real: SystemCalls) => Partial<SystemCalls>,
): Promise<SystemCalls> {
  const real = await loadSystemCalls();
  return { ...real, ...change(real) };
}

describe("between the walk and the read", () => {
  test("files that grow, change, or are only touched are read as the walk saw their size", async () => {
    for (const name of ["same", "grown", "grown-long", "edited", "moded"]) {
      write(name, name === "grown-long" ? 1_000_000 : 5000);
    }
    const read = await readAfter(() => {
      sh(
        root,
        `echo more >> grown; echo more >> grown-long; printf y | dd of=edited conv=notrunc status=none; chmod 600 moded`,
      );
    });
    expect(outcome(read.get("same"))).toBe("ok");
    for (const name of ["grown", "grown-long", "edited", "moded"]) {
      expect([name, outcome(read.get(name))]).toEqual([name, "changed"]);
    }
    expect(read.get("grown")?.digest).toBe(sha256Of("head -c 5000 grown"));
    expect(read.get("grown-long")?.digest).toBe(sha256Of("head -c 1000000 grown-long"));
    expect(read.get("edited")?.digest).toBe(sha256Of("cat edited"));
  });

  test("files that shrink are filled with zeros", async () => {
    write("short", 5000);
    write("emptied", 5000);
    write("long", 3_000_000);
    sh(root, "truncate -s 3M hole; echo end >> hole");
    const read = await readAfter(() =>
      sh(root, "truncate -s 1500 short; : > emptied; truncate -s 700001 long; truncate -s 2M hole"),
    );
    for (const name of ["short", "emptied", "long", "hole"]) {
      expect([name, outcome(read.get(name))]).toEqual([name, "shrunk"]);
    }
    expect(read.get("short")?.digest).toBe(sha256Of("(cat short; head -c 3500 /dev/zero)"));
    expect(read.get("long")?.digest).toBe(sha256Of("(cat long; head -c 2299999 /dev/zero)"));
    expect(read.get("hole")?.digest).toBe(sha256Of("head -c 3145732 /dev/zero"));
    expect(read.get("short")?.content.equals(Buffer.alloc(5000).fill("x", 0, 1500))).toBe(true);
  });

  test("what is gone or replaced gives no content", async () => {
    const names = ["removed", "file", "link", "directory", "fifo"].map((name) => `to-${name}`);
    for (const name of names) write(name, 3000);
    write("to-long", 500_000);
    fs.mkdirSync(path.join(root, "emptied/below"), { recursive: true });
    fs.symlinkSync("target", path.join(root, "symlink"));
    fs.symlinkSync("target", path.join(root, "relinked"));
    const read = await readAfter(() =>
      sh(
        root,
        `rm to-*; echo other > to-file; head -c 500000 /dev/zero > to-long; ln -s /etc/passwd to-link
         mkdir to-directory; mkfifo to-fifo; rm -r emptied symlink; rm relinked; echo > relinked`,
      ),
    );
    for (const name of [...names, "to-long", "emptied", "emptied/below", "symlink", "relinked"]) {
      const errno = name === "to-link" ? "ELOOP" : "ENOENT";
      expect([name, outcome(read.get(name))]).toEqual([name, `vanished ${errno}`]);
      expect(read.get(name)?.pieces).toEqual([]);
    }
  });

  test("a directory replaced by a symbolic link is not followed out of the tree", async () => {
    const outside = makeRoot();
    sh(root, "mkdir -p a/b; echo inside > a/b/file");
    const read = await readAfter(() => sh(root, `mv a ${outside}/a; ln -s ${outside}/a a`));
    removeTree(outside);
    expect(outcome(read.get("a"))).toBe("vanished ENOENT");
    expect(outcome(read.get("a/b"))).toBe("vanished ENOTDIR");
    expect(outcome(read.get("a/b/file"))).toBe("vanished ENOTDIR");
  });

  test("the rest is read when much is gone", async () => {
    sh(root, "for d in a b c; do mkdir $d; for f in 1 2 3; do echo $d$f > $d/$f; done; done");
    const read = await readAfter(() => sh(root, "rm -r b"));
    for (const [name, row] of read) {
      expect([name, outcome(row)]).toEqual([name, name.startsWith("b") ? "vanished ENOENT" : "ok"]);
    }
    expect(read.get("c/3")?.content.toString()).toBe("c3\n");
  });
});

describe("errors", () => {
  test("a directory that goes in mid-walk is empty, an entry that goes has no row", async () => {
    sh(root, "mkdir a b; echo 1 > a/1; echo 2 > b/2; echo 3 > c");
    let isDone = false;
    const calls = await callsWith((real) => ({
      statx(...call) {
        const result = real.statx(...call);
        // The root and then "a" were asked: now b and c go, which were listed.
        if (!isDone && fs.existsSync(path.join(root, "c")) && result === 0 && ++asked === 2) {
          isDone = true;
          sh(root, "rm -r c a");
        }
        return result;
      },
    }));
    let asked = -1;
    source = await openLiveDirectory(root, { calls });
    const walk = await source.walk();
    checkWalk(walk);
    expect([...pathsOf(walk).keys()]).toEqual(["", "a", "b", "b/2"]);
    expect(walk.problems).toEqual([]);
  });

  test.skipIf(!IS_ROOT)(
    "without privileges: unreadable directories and files, and others' access times",
    async () => {
      sh(
        root,
        `mkdir open closed passage; echo 1 > open/mine; echo 2 > closed/2; echo 3 > secret; echo 4 > others
       touch -a -d @1000000000 others
       chown -R nobody open; chmod 755 . passage; chmod 711 passage; chmod 700 closed; chmod 600 secret`,
      );
      try {
        process.setegid?.("nogroup");
        process.seteuid?.("nobody");
        const read = await readAfter(() => {});
        const walk = await (source as VolumeSource).walk();
        const rows = pathsOf(walk);
        expect([...rows.keys()]).toEqual([
          "",
          "closed",
          "open",
          "others",
          "passage",
          "secret",
          "open/mine",
        ]);
        expect(walk.problems).toEqual([
          { kind: "unreadable-directory", row: rows.get("closed"), name: "", errno: "EACCES" },
          { kind: "unreadable-directory", row: rows.get("passage"), name: "", errno: "EACCES" },
        ]);
        expect(outcome(read.get("secret"))).toBe("unreadable EACCES");
        expect(outcome(read.get("others"))).toBe("ok");
        expect(outcome(read.get("open/mine"))).toBe("ok");
        expect(outcome(read.get("closed"))).toBe("ok");
      } finally {
        process.seteuid?.(0);
        process.setegid?.(0);
      }
    },
  );

  test("a stat that fails is a problem of its directory", async () => {
    sh(root, "mkdir d; echo 1 > d/good; echo 2 > d/bad");
    const calls = await callsWith((real) => ({
      statx(directory, name, flags, mask, into) {
        const result = real.statx(directory, name, flags, mask, into);
        const asked = fs.statSync(path.join(root, "d/bad")).ino;
        return result === 0 && inodeAt(into) === asked ? -ERRNO.EIO : result;
      },
      memory: rememberMemory(real),
    }));
    source = await openLiveDirectory(root, { calls });
    const walk = await source.walk();
    expect([...pathsOf(walk).keys()]).toEqual(["", "d", "d/good"]);
    expect(walk.problems).toEqual([{ kind: "unreadable", row: 1, name: "bad", errno: "EIO" }]);
  });

  test("a listing that fails half-way gives a directory without entries, listed", async () => {
    sh(root, "mkdir d; echo 1 > d/1; echo 2 > e");
    let listings = 0;
    const calls = await callsWith((real) => ({
      // The root takes two calls, then d.
      getdents64: (...call) => (++listings === 4 ? -ERRNO.EIO : real.getdents64(...call)),
    }));
    source = await openLiveDirectory(root, { calls });
    const walk = await source.walk();
    checkWalk(walk);
    expect([...pathsOf(walk).keys()]).toEqual(["", "d", "e"]);
    expect(walk.problems).toEqual([
      { kind: "unreadable-directory", row: 1, name: "", errno: "EIO" },
    ]);
  });

  test("a read that fails in the middle leaves zeros", async () => {
    write("long", 1_000_000);
    write("short", 10_000);
    const calls = await callsWith((real) => ({
      pread: (fd, into, length, offset) =>
        offset + length > 4096 && offset >= 4096
          ? -ERRNO.EIO
          : real.pread(fd, into, Math.min(length, 4096 - offset), offset),
    }));
    const read = await readAfter(() => {}, calls);
    for (const [name, size] of [
      ["long", 1_000_000],
      ["short", 10_000],
    ] as const) {
      expect(outcome(read.get(name))).toBe("failed EIO");
      expect(read.get(name)?.digest).toBe(
        sha256Of(`(head -c 4096 ${name}; head -c ${size - 4096} /dev/zero)`),
      );
    }
  });

  test("interrupted and short reads are taken up again", async () => {
    write("file", 200_000);
    let reads = 0;
    const calls = await callsWith((real) => ({
      pread: (fd, into, length, offset) =>
        ++reads % 3 === 0 ? -ERRNO.EINTR : real.pread(fd, into, Math.min(length, 1000), offset),
    }));
    const read = await readAfter(() => {}, calls);
    expect(outcome(read.get("file"))).toBe("ok");
    expect(read.get("file")?.digest).toBe(sha256Of("cat file"));
  });

  test("a file system without attributes has none; attributes that fail are said", async () => {
    if (!hasAttributes(root)) return;
    sh(root, "echo 1 > file; mkdir d; setfattr -n user.a -v 1 file; setfattr -n user.a -v 1 d");
    const none = await callsWith(() => ({
      flistxattr: () => -ERRNO.ENOTSUP,
      llistxattr: () => -ERRNO.ENOTSUP,
    }));
    for (const [, row] of await readAfter(() => {}, none)) {
      expect([outcome(row), row.attributes]).toEqual(["ok", {}]);
    }
    await source?.close();
    const failing = await callsWith(() => ({
      fgetxattr: () => -ERRNO.EIO,
      lgetxattr: () => -ERRNO.EACCES,
    }));
    const read = await readAfter(() => {}, failing);
    expect(outcome(read.get("file"))).toBe("failed EIO");
    expect(outcome(read.get("d"))).toBe("failed EACCES");
    expect(read.get("file")?.content.toString()).toBe("1\n");
  });

  test("a file system that knows no holes is read whole", async () => {
    sh(root, "truncate -s 2000000 hole; echo end >> hole");
    const calls = await callsWith((real) => ({
      lseek: (fd, offset, whence) => (whence >= 3 ? -ERRNO.EINVAL : real.lseek(fd, offset, whence)),
    }));
    const read = await readAfter(() => {}, calls);
    expect(outcome(read.get("hole"))).toBe("ok");
    expect(read.get("hole")?.digest).toBe(sha256Of("cat hole"));
    expect(read.get("hole")?.pieces.reduce((sum, [, length]) => sum + length, 0)).toBe(2_000_004);
  });
});

const memories = new Map<number, Buffer>();

/** Lets a test look at what a call wrote. */
function rememberMemory(real: SystemCalls): SystemCalls["memory"] {
  return (bytes) => {
    const memory = real.memory(bytes);
    memories.set(memory.address, memory.bytes);
    return memory;
  };
}

/** Of a statx answer on a little-endian machine. */
function inodeAt(address: number): number {
  return memories.get(address)?.readUInt32LE(32) ?? 0;
}
