// Trees that a dump can stumble over: names, depth, breadth, owners, attributes, kinds and times. Each goes
// through a level 0 and increments with changes, and comes back by both restores.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { clockAhead } from "../series/catalog.ts";
import { DumpChain } from "./chain.ts";

/** Cancels the margin of the scan start: what did not change is not dumped again. */
const MARGIN_NS = 2_000_000_000n;

function bytes(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

test("names of 254 bytes and names that are no UTF-8", () =>
  DumpChain.run(async (chain) => {
    const long = ["a", "b", "c", "d", "e", "f"].map((c) => c.repeat(254));
    const odd = [
      "\xff\xfe",
      "caf\xe9",
      "caf\xc3\xa9",
      "\x80".repeat(253),
      "new\nline",
      "cr\r",
      "%dir",
      "%image",
      "%0A",
      ".hg",
      ".HGignore",
      " ",
      "\x01\x7f",
      "-r",
      "...",
    ];
    for (const name of long.slice(0, 4)) writeFileSync(chain.path(name), name);
    mkdirSync(chain.path(long[4] as string));
    for (const name of long)
      writeFileSync(chain.path(long[4] as string, `x${name.slice(1)}`), name);
    for (const name of odd) {
      mkdirSync(bytes(chain.path(`d${name}`)));
      writeFileSync(bytes(`${chain.path(`d${name}`)}/${name}`), name);
      if (name !== "...") symlinkSync(bytes(`target ${name}`), bytes(`${chain.volume}/l${name}`));
    }
    await chain.dump(0);
    renameSync(chain.path(long[0] as string), chain.path(long[5] as string));
    renameSync(chain.path(long[4] as string), chain.path("y".repeat(254)));
    linkSync(chain.path(long[1] as string), bytes(chain.path(`d\xff\xfe/${"\xfd".repeat(254)}`)));
    renameSync(bytes(chain.path("dnew\nline")), bytes(chain.path("d\rnew\n\nline")));
    unlinkSync(bytes(chain.path("d%dir/%dir")));
    writeFileSync(bytes(chain.path("d.hg/.hg")), "changed");
    rmSync(bytes(chain.path("dcaf\xe9")), { recursive: true });
    await chain.dump(3);
    await chain.judge();
  }));

test("names of 255 bytes, which the real restore cuts", () =>
  DumpChain.run(async (chain) => {
    const a = "a".repeat(255);
    const b = "\xfe".repeat(255);
    mkdirSync(chain.path(a));
    writeFileSync(bytes(chain.path(a, b)), "one");
    writeFileSync(chain.path(a, `${a.slice(1)}b`), "two");
    await chain.dump(0);
    renameSync(chain.path(a), bytes(chain.path(b)));
    writeFileSync(bytes(chain.path(b, b)), "three");
    await chain.dump(1);
    await chain.judgeOwn();
  }));

test("a directory of 10,000 entries", () =>
  DumpChain.run(async (chain) => {
    chain.catalog.clock = clockAhead(MARGIN_NS);
    mkdirSync(chain.path("wide"));
    const name = (i: number): string =>
      chain.path("wide", `entry ${String(i).padStart(5, "0")} of a directory with long names`);
    for (let i = 0; i < 10_000; i++)
      writeFileSync(name(i), i % 7 === 0 ? "" : `${i}`.repeat(i % 40));
    await chain.dump(0);
    for (let i = 0; i < 10_000; i += 3) unlinkSync(name(i));
    for (let i = 1; i < 10_000; i += 300) writeFileSync(name(i), "changed");
    for (let i = 10_000; i < 10_500; i++) writeFileSync(name(i), `${i}`);
    for (let i = 4; i < 10_000; i += 999) renameSync(name(i), `${name(i)}.moved`);
    const { report } = await chain.dump(1);
    expect(report.files).toBeLessThan(600);
    await chain.judge();
  }));

test("20 levels of depth", () =>
  DumpChain.run(async (chain) => {
    const names = Array.from(
      { length: 20 },
      (_, i) => `level ${i} of a path that goes down a long way`,
    );
    for (let depth = 1; depth <= names.length; depth++) {
      mkdirSync(chain.path(...names.slice(0, depth)));
      writeFileSync(chain.path(...names.slice(0, depth), "file"), `at depth ${depth}`);
    }
    await chain.dump(0);
    writeFileSync(chain.path(...names, "file"), "changed at the bottom");
    renameSync(chain.path(...names.slice(0, 10)), chain.path(...names.slice(0, 9), "moved"));
    await chain.dump(1);
    // The lower half comes up by eight directories.
    renameSync(chain.path(...names.slice(0, 9), "moved", ...names.slice(10, 12)), chain.path("up"));
    rmSync(chain.path(names[0] as string, names[1] as string, "file"));
    await chain.dump(2);
    await chain.judge();
  }));

test("20 levels of names of 254 bytes: a path longer than the system takes", () =>
  DumpChain.run(async (chain) => {
    const names = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(254));
    const here = process.cwd();
    const down = (depth: number): void => {
      process.chdir(chain.volume);
      for (const name of names.slice(0, depth)) process.chdir(name);
    };
    try {
      process.chdir(chain.volume);
      for (const [i, name] of names.entries()) {
        mkdirSync(name);
        writeFileSync("file", `at depth ${i}`);
        process.chdir(name);
      }
      writeFileSync("bottom", Buffer.alloc(300_000, "b"));
      symlinkSync("../file", "link");
      process.chdir(here);
      await chain.dump(0);
      down(20);
      writeFileSync("bottom", "changed");
      writeFileSync("new", "new");
      down(15);
      renameSync(names[15] as string, "n".repeat(254));
      process.chdir(here);
      await chain.dump(1);
    } finally {
      process.chdir(here);
    }
    await chain.judgeOwn();
  }));

test("owners, modes, ACLs and extended attributes", () =>
  DumpChain.run(async (chain) => {
    const set = (...args: string[]): void => void execFileSync("setfattr", ["-h", ...args]);
    const acl = (...args: string[]): void => void execFileSync("setfacl", args);
    const file = (name: string, owner = 0, group = 0, mode = 0o644): string => {
      writeFileSync(chain.path(name), name);
      chownSync(chain.path(name), owner, group);
      chmodSync(chain.path(name), mode);
      return chain.path(name);
    };
    mkdirSync(chain.path("d"));
    mkdirSync(chain.path("d/below"));
    file("a", 65_535, 65_536);
    file("b", 70_000, 4_294_967_294, 0o4755);
    file("c", 4_294_967_294, 1, 0o2711);
    file("d/sticky", 100_000, 100_001, 0o7000);
    chmodSync(chain.path("d/below"), 0o3777);
    chownSync(chain.path("d"), 200_000, 300_000);
    acl("-m", "u:70000:rwx,g:80000:r-x,m::rx", file("acl"));
    acl("-m", "u:1001:---", chain.path("d/sticky"));
    acl("-d", "-m", "u:70000:rwx,g::r,o::-", chain.path("d"));
    acl("-m", "u:70001:rx", "-d", "-m", "g:5:rwx", chain.path("d/below"));
    set("-n", "user.small", "-v", "value", file("user"));
    set("-n", "user.empty", chain.path("user"));
    set("-n", "user.binary", "-v", "0x00ff0a0d25", chain.path("user"));
    set("-n", "user.long", "-v", "v".repeat(1500), file("long"));
    set("-n", "trusted.reel", "-v", "trusted", file("trusted"));
    set("-n", "security.reel", "-v", "secure", file("security"));
    set("-n", "user.on-a-directory", "-v", "d", chain.path("d"));
    set("-n", "trusted.on-a-directory", "-v", "t", chain.path("d/below"));
    symlinkSync("nowhere", chain.path("link"));
    set("-n", "trusted.on-a-link", "-v", "l", chain.path("link"));
    execFileSync("chown", ["-h", "70000:70001", chain.path("link")]);
    await chain.dump(0);
    chownSync(chain.path("a"), 1_000_000, 1);
    acl("-b", chain.path("acl"));
    acl("-m", "u:70009:x", chain.path("d/sticky"));
    acl("-k", chain.path("d"));
    set("-x", "user.small", chain.path("user"));
    set("-n", "user.binary", "-v", "other", chain.path("user"));
    set("-n", "trusted.reel", "-v", "changed", chain.path("trusted"));
    set("-x", "user.on-a-directory", chain.path("d"));
    set("-n", "trusted.on-a-link", "-v", "m", chain.path("link"));
    set("-n", "security.new", "-v", "new", file("security2"));
    chmodSync(chain.path("b"), 0o755);
    chmodSync(chain.path("d/below"), 0o700);
    await chain.dump(5);
    await chain.judge();
  }));

test("devices, fifos, sockets and links of them", () =>
  DumpChain.run(async (chain) => {
    const node = (name: string, ...args: string[]): void =>
      void execFileSync("mknod", [chain.path(name), ...args]);
    const sockets = async (name: string): Promise<void> => {
      const here = process.cwd();
      const server = createServer();
      process.chdir(chain.volume);
      await new Promise<void>((done) => server.listen(name, done));
      // Closing would unlink it.
      renameSync(chain.path(name), chain.path(`${name}.kept`));
      process.chdir(here);
      await new Promise<void>((done) => server.close(() => done()));
    };
    // The real restore takes the number for a signed one: the 20th bit of the minor would be its sign.
    node("null", "c", "1", "3");
    node("large", "c", "4095", "524287");
    node("block", "b", "259", "300");
    node("fifo", "p");
    await sockets("socket");
    chmodSync(chain.path("fifo"), 0o1622);
    chownSync(chain.path("block"), 70_000, 6);
    linkSync(chain.path("null"), chain.path("null again"));
    linkSync(chain.path("fifo"), chain.path("fifo again"));
    symlinkSync("null", chain.path("link"));
    linkSync(chain.path("link"), chain.path("link again"));
    await chain.dump(0);
    unlinkSync(chain.path("null again"));
    unlinkSync(chain.path("large"));
    node("large", "b", "8", "1");
    unlinkSync(chain.path("fifo"));
    mkdirSync(chain.path("fifo"));
    linkSync(chain.path("socket.kept"), chain.path("fifo/socket"));
    utimesSync(chain.path("block"), 1_000_000_000, 1_000_000_000);
    await chain.dump(2);
    await chain.judge();
  }));

test("times before 1970, after 2038 and after 2106, to the nanosecond", () =>
  DumpChain.run(async (chain) => {
    const dates = [
      "1969-12-31 23:59:59.999999999 UTC",
      "1901-12-14 00:00:00.000000001 UTC",
      "1970-01-01 00:00:00 UTC",
      "2001-09-09 01:46:40.123456789 UTC",
      "2038-01-19 03:14:07.999999999 UTC",
      "2038-01-19 03:14:08.000000001 UTC",
      "2106-02-07 06:28:16.5 UTC",
      "2300-01-01 00:00:00.25 UTC",
    ];
    const touch = (path: string, date: string): void =>
      void execFileSync("touch", ["-h", "-m", "-d", date, path]);
    mkdirSync(chain.path("d"));
    for (const [i, date] of dates.entries()) {
      writeFileSync(chain.path("d", `f${i}`), date);
      mkdirSync(chain.path(`dir${i}`));
      symlinkSync("x", chain.path(`l${i}`));
      for (const path of [`d/f${i}`, `dir${i}`, `l${i}`]) touch(chain.path(path), date);
    }
    await chain.dump(0);
    for (const [i, date] of dates.entries())
      touch(chain.path("d", `f${(i + 3) % dates.length}`), date);
    lutimesSync(chain.path("l0"), -5, -5);
    await chain.dump(1);
    // The stream has 31 bits of a time that real restore reads as it is.
    const fits = (time: string): boolean => Number(time) >= 0 && Number(time) < 2 ** 31;
    await chain.judge({ realIgnoresTime: (_path, entry) => !fits(entry.mtime) });
  }));

test("levels 10 to 31", () =>
  DumpChain.run(async (chain) => {
    writeFileSync(chain.path("keep"), "keep");
    mkdirSync(chain.path("d"));
    await chain.dump(0);
    for (let level = 10; level <= 31; level++) {
      writeFileSync(chain.path("d", `at ${level}`), `level ${level}`);
      writeFileSync(chain.path("each"), `level ${level}`);
      if (level % 4 === 0) rmSync(chain.path("d", `at ${level - 2}`), { force: true });
      if (level % 5 === 0 && level > 10)
        renameSync(chain.path("d", `at ${level - 1}`), chain.path(`moved ${level}`));
      const { report } = await chain.dump(level);
      expect(report.base?.level).toBe(level === 10 ? 0 : level - 1);
    }
    await chain.judge();
    // One between goes back to the base that it has.
    rmSync(chain.path("d"), { recursive: true });
    expect((await chain.catalog.dump(chain.volume, 20)).base?.level).toBe(19);
    expect(readdirSync(chain.volume)).not.toContain("d");
  }));
