// What reports look like, from values made here.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeAcl } from "../../src/cli/render/acl.ts";
import { renderChain } from "../../src/cli/render/chain.ts";
import { formatAge } from "../../src/cli/render/dates.ts";
import { diffObject, renderDiff } from "../../src/cli/render/diff.ts";
import { renderDump } from "../../src/cli/render/dump-report.ts";
import { entryObject, longLine, modeLetters, shownPath } from "../../src/cli/render/entry.ts";
import { jsonLine } from "../../src/cli/render/json.ts";
import { colourPaint, plainPaint } from "../../src/cli/render/paint.ts";
import { renderPlan } from "../../src/cli/render/plan.ts";
import { renderProgress } from "../../src/cli/render/progress.ts";
import { showCount, showDuration, showSize } from "../../src/cli/render/quantities.ts";
import { renderRecord } from "../../src/cli/render/record.ts";
import { bytesToText, columnsOf, cutToColumns, textToBytes } from "../../src/cli/render/text.ts";
import { TYPE } from "../../src/core/inode.ts";
import { asNodeId, toRev } from "../../src/core/ids.ts";
import type {
  ChainReport,
  FileEntryView,
  ImageName,
  RestorePlanView,
  TapeStanding,
} from "../../src/job/requests.ts";

const NODE = asNodeId("267d32f158b3da5830b1e0223e89660ad3fb2e83");
const IMAGE: ImageName = {
  rev: toRev(4),
  node: NODE,
  branch: "/home",
  time: 1_772_481_600,
  zone: -3600,
  imageId: "ab".repeat(20),
  level: 2,
};
const HERE: TapeStanding = { available: true, where: "in the library", copies: [] };
const AWAY: TapeStanding = { available: false, where: "at site B", copies: [] };

const FILE: FileEntryView = {
  path: "etc/motd",
  type: TYPE.file,
  mode: 0o644,
  nlink: 1,
  uid: 1000,
  gid: 100,
  size: 1234,
  mtime: 1_772_481_600,
  mtimeNs: 5,
  ctime: 1_772_481_601,
  ctimeNs: 0,
  birth: 0,
  birthNs: 0,
  rdevMajor: 0,
  rdevMinor: 0,
  target: null,
  digest: "cd".repeat(32),
  dumpInode: 12,
  sourceInode: 2n ** 60n,
  attributes: [],
  node: NODE,
  stale: false,
};

describe("plan", () => {
  const plan: RestorePlanView = {
    changeset: IMAGE,
    paths: [],
    files: 1204,
    directories: 31,
    others: 1,
    contentBytes: 3.1 * 2 ** 30,
    tapes: [
      {
        label: "VOL001",
        standing: AWAY,
        images: [
          {
            image: { ...IMAGE, rev: toRev(0), level: 0 },
            file: 1,
            blocks: 4000,
            inodes: 1200,
            reads: 3,
            contentBytes: 3 * 2 ** 30,
            firstBlock: 40,
            lastBlock: 3990,
          },
        ],
      },
      {
        label: "VOL002",
        standing: HERE,
        images: [
          {
            image: IMAGE,
            file: 3,
            blocks: 100,
            inodes: 4,
            reads: 1,
            contentBytes: 999,
            firstBlock: 60,
            lastBlock: 70,
          },
        ],
      },
    ],
    missing: ["gone\n"],
  };

  test("for an operator", () => {
    expect(renderPlan(plan, { verbosity: "normal", paint: plainPaint })).toBe(
      `restore 4:267d32f158b3 of /home, 2026-03-02 21:00 +0100: everything
1,204 files, 31 directories, 1 other, 3.1 GiB from 2 tapes
1. mount VOL001  FETCH IT: at site B
    file 1: level 0, 2026-03-02 21:00 +0100, 0:267d32f158b3
        1,200 inodes in 3 reads, 3.0 GiB, blocks 40 to 3990 of 4000
2. mount VOL002  in the library
    file 3: level 2, 2026-03-02 21:00 +0100, 4:267d32f158b3
        4 inodes in 1 read, 999 bytes, blocks 60 to 70 of 100
1 path cannot be restored: no known image holds them
    gone\\n
`,
    );
  });
});

test("chain", () => {
  const report: ChainReport = {
    steps: [
      {
        image: IMAGE,
        host: "vault",
        files: 3,
        blocks: 640,
        tapes: [
          { label: "VOL001", file: 2, firstBlock: 0, blocks: 320, standing: HERE },
          { label: "VOL002", file: 0, firstBlock: 320, blocks: 320, standing: AWAY },
        ],
      },
    ],
  };
  expect(renderChain(report, plainPaint)).toBe(
    `level 2  2026-03-02 21:00 +0100  4:267d32f158b3  /home on vault, 3 files, 640 KiB
    VOL001 file 2, blocks 0 to 319, in the library
    VOL002 file 0, blocks 320 to 639, FETCH IT: at site B
`,
  );
});

describe("entries", () => {
  test.each([
    [TYPE.file, 0o644, "-rw-r--r--"],
    [TYPE.directory, 0o1777, "drwxrwxrwt"],
    [TYPE.file, 0o4755, "-rwsr-xr-x"],
    [TYPE.file, 0o6640, "-rwSr-S---"],
    [TYPE.symlink, 0o777, "lrwxrwxrwx"],
    [TYPE.char, 0o1600, "crw------T"],
    [TYPE.fifo, 0, "p---------"],
  ])("type %i mode %o", (type, mode, letters) => {
    expect(modeLetters({ type, mode, attributes: [] })).toBe(letters);
  });

  test("long lines", () => {
    expect(longLine(FILE, 0)).toBe(
      "-rw-r--r--    1  1000   100         1234 2026-03-02 20:00 etc/motd\n",
    );
    expect(
      longLine({ ...FILE, type: TYPE.block, rdevMajor: 8, rdevMinor: 1, stale: true }, 0),
    ).toBe("brw-r--r--    1  1000   100         8, 1 2026-03-02 20:00 etc/motd  (stale)\n");
    expect(longLine({ ...FILE, type: TYPE.symlink, target: "a\tb" }, 0)).toContain(
      " etc/motd -> a\\tb\n",
    );
  });

  test("names on one line", () => {
    expect(shownPath("a\nb\\c\x1b[31m\xff")).toBe("a\\nb\\\\c\\x1b[31m\xff");
    expect(shownPath("")).toBe(".");
  });

  test("JSON keeps every byte of a name and every digit of an inode", () => {
    const object = JSON.parse(
      Buffer.from(
        jsonLine(entryObject({ ...FILE, path: "caf\xe9/\xc3\xa9" })),
        "latin1",
      ).toString(),
    ) as Record<string, unknown>;
    expect(object["path"]).toBe("caf\udce9/é");
    expect(textToBytes(object["path"] as string)).toBe("caf\xe9/\xc3\xa9");
    expect(object["sourceInode"]).toBe("1152921504606846976");
    expect(object).toMatchObject({
      schema: 1,
      type: "file",
      mode: "0644",
      mtime: [1_772_481_600, 5],
    });
  });
});

describe("diff", () => {
  const now: FileEntryView = {
    ...FILE,
    mode: 0o600,
    uid: 0,
    size: 9,
    digest: "ef".repeat(32),
    mtime: FILE.mtime + 60,
    ctime: FILE.ctime + 60,
    attributes: [{ name: "user.note", value: Buffer.from("hi") }],
  };
  const modified = { status: "M", path: "etc/motd", before: FILE, after: now } as const;

  test("one line says which attributes differ", () => {
    expect(renderDiff(modified, "normal", plainPaint, () => 0)).toBe(
      "M etc/motd  (mode, uid, user.note, size, content, mtime)\n",
    );
    expect(
      renderDiff(
        { status: "A", path: "x", before: null, after: FILE },
        "normal",
        plainPaint,
        () => 0,
      ),
    ).toBe("A x\n");
    const renamed = {
      status: "V",
      path: "etc/issue",
      before: FILE,
      after: { ...FILE, path: "etc/issue" },
    } as const;
    expect(renderDiff(renamed, "normal", plainPaint, () => 0)).toBe("V etc/motd -> etc/issue\n");
  });

  test("verbose says from what to what", () => {
    const text = renderDiff(modified, "verbose", plainPaint, () => 0);
    expect(text).toContain("    mode: 0644 -rw-r--r-- -> 0600 -rw-------\n");
    expect(text).toContain('    user.note: none -> "hi"\n');
    expect(text).toContain(
      "    mtime: 2026-03-02 20:00:00.000000005 +0000 -> 2026-03-02 20:01:00.000000005 +0000\n",
    );
  });

  test("JSON", () => {
    expect(diffObject(modified)).toMatchObject({
      status: "M",
      changed: ["mode", "uid", "user.note", "size", "content", "mtime", "ctime"],
    });
  });
});

describe("attributes", () => {
  test("an ACL as setfacl made it", () => {
    const folder = mkdtempSync(join(tmpdir(), "reel-acl-"));
    try {
      const file = join(folder, "f");
      writeFileSync(file, "");
      execFileSync("setfacl", ["-m", "u:1000:r--,g:100:rw-,m::rw-", file]);
      const hex = execFileSync("getfattr", [
        "-n",
        "system.posix_acl_access",
        "-e",
        "hex",
        file,
      ]).toString();
      const value = Buffer.from(/=0x([0-9a-f]+)/.exec(hex)?.[1] ?? "", "hex");
      const printed = execFileSync("getfacl", ["-n", "-c", "-p", "-E", file])
        .toString()
        .trim()
        .split("\n");
      expect(decodeAcl(value)?.split(" ")).toEqual(printed);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each(["", "02000000aa", "0300000001000600ffffffff", "0200000003000600ffffffff"])(
    "no ACL: %s",
    (hex) => {
      expect(decodeAcl(Buffer.from(hex, "hex"))).toBe(hex === "02000000" ? "" : null);
    },
  );
});

test("a record for a person", () => {
  const report = {
    changeset: IMAGE,
    entry: { ...FILE, nlink: 2, birth: 7, birthNs: 1 },
    since: { ...IMAGE, rev: toRev(1) },
    copiedFrom: "etc/old",
    links: ["etc/motd", "etc/other"],
    places: [
      {
        image: IMAGE,
        block: 60,
        tape: { label: "VOL002", file: 3, firstBlock: 0, blocks: 100 },
        available: false,
      },
    ],
  };
  expect(renderRecord(report, () => 0)).toBe(
    `path:        etc/motd
changeset:   4:267d32f158b3 of /home, 2026-03-02 21:00 +0100
type:        file
mode:        0644 -rw-r--r--
owner:       uid 1000, gid 100
size:        1,234 bytes
modified:    2026-03-02 20:00:00.000000005 +0000
changed:     2026-03-02 20:00:01.000000000 +0000
born:        1970-01-01 00:00:07.000000001 +0000
sha256:      ${"cd".repeat(32)}
inode:       12 on tape, 1152921504606846976 in the volume
links:       2, also etc/other
revision:    267d32f158b3da5830b1e0223e89660ad3fb2e83
since:       1:267d32f158b3 of /home, 2026-03-02 21:00 +0100
renamed from: etc/old
on tape:     VOL002 file 3, block 60: level 2 of /home, 2026-03-02 21:00 +0100, 4:267d32f158b3, not here
`,
  );
});

test("what a dump skipped is listed", () => {
  const text = renderDump(
    {
      image: IMAGE,
      base: null,
      directories: 1,
      files: 2,
      contentBytes: 5,
      blocks: 64,
      tapes: [{ label: "VOL001", file: 1, firstBlock: 0, blocks: 64 }],
      skipped: [{ path: "secret", why: "unreadable", errno: "EACCES", stale: true }],
      excluded: 3,
      snapshot: "live directory",
      seconds: 75,
      phases: [],
    },
    { verbosity: "normal", paint: plainPaint },
  );
  expect(text).toBe(
    `level 2 of /home: everything
2 files, 1 directory, 5 bytes of content
64 KiB on VOL001 file 1, in 1:15 min
3 entries excluded by pattern
1 path not as they were:
    secret: could not be read (EACCES); the catalog keeps the record before
changeset 4:267d32f158b3
`,
  );
});

describe("small things", () => {
  test("quantities", () => {
    expect([0, 1, 1023, 1024, 10_240, 1e9, 1e16].map(showSize)).toEqual([
      "0 bytes",
      "1 byte",
      "1023 bytes",
      "1.0 KiB",
      "10 KiB",
      "954 MiB",
      "8.9 PiB",
    ]);
    expect([0, 999, 1000, 1_234_567].map(showCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
    expect([0.04, 12.3, 59.9, 200, 7500].map(showDuration)).toEqual([
      "0.0 s",
      "12 s",
      "60 s",
      "3:20 min",
      "2:05:00 h",
    ]);
  });

  test("ages", () => {
    const now = 1_000_000_000;
    expect(
      [1, 59, 120, 7200, 86_400, 172_800, 21 * 86_400, 70 * 86_400].map((s) =>
        formatAge(now - s, 0, now),
      ),
    ).toEqual([
      "1 second ago",
      "59 seconds ago",
      "2 minutes ago",
      "2 hours ago",
      "24 hours ago",
      "2 days ago",
      "3 weeks ago",
      "2 months ago",
    ]);
    expect(formatAge(now + 3600, 0, now)).toBe("60 minutes from now");
    expect(formatAge(0, 0, now)).toBe("1970-01-01");
  });

  test("bytes and text, there and back", () => {
    const bytes = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");
    expect(textToBytes(bytesToText(bytes))).toBe(bytes);
    expect(textToBytes(bytesToText("\xc3\xa9\xed\xa0\x80\xf0\x9f\x98\x80"))).toBe(
      "\xc3\xa9\xed\xa0\x80\xf0\x9f\x98\x80",
    );
  });

  test("columns", () => {
    expect([
      columnsOf("abc"),
      columnsOf(textToBytes("日本")),
      columnsOf(textToBytes("e\u0301")),
    ]).toEqual([3, 4, 1]);
    expect(cutToColumns(textToBytes("日本語"), 5)).toBe(textToBytes("日本"));
  });

  test("progress", () => {
    const progress = { phase: "IV: files", unit: "files", done: 1200, total: 4000, bytes: 2 ** 30 };
    expect(renderProgress(progress, 10, 80)).toBe(
      "IV: files, 1,200 of 4,000 files, 1.0 GiB, 102 MiB/s, 10 s",
    );
    expect(renderProgress(progress, 10, 20)).toHaveLength(19);
  });

  test("colour", () => {
    expect(colourPaint("log.changeset", "a\nb")).toBe("\x1b[33ma\x1b[0m\n\x1b[33mb\x1b[0m");
    expect(colourPaint("no.such.label", "a")).toBe("a");
    expect(colourPaint("red bold", "a")).toBe("\x1b[31;1ma\x1b[0m");
  });
});
