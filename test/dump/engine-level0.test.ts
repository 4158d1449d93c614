// A level 0 of a volume with everything in it, judged by the real restore.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TYPE } from "../../src/core/inode.ts";
import { MemoryVolume } from "./memory-source.ts";
import {
  attributesOf,
  expectedTree,
  inScratch,
  makeFolder,
  restore,
  walkTree,
} from "./real-restore.ts";
import { dumpToFile, testLabel } from "./run-dump.ts";

function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** An ACL of the system call's form: version 2, then tag, permissions, id. */
function acl(
  entries: readonly (readonly [tag: number, permissions: number, id?: number])[],
): Uint8Array {
  const out = Buffer.alloc(4 + entries.length * 8);
  out.writeUInt32LE(2, 0);
  for (const [i, [tag, permissions, id]] of entries.entries()) {
    out.writeUInt16LE(tag, 4 + i * 8);
    out.writeUInt16LE(permissions, 6 + i * 8);
    out.writeUInt32LE(id ?? 0xffff_ffff, 8 + i * 8);
  }
  return out;
}

const ACCESS = acl([
  [1, 6],
  [2, 4, 1001],
  [2, 6, 70000],
  [4, 4],
  [8, 5, 4000],
  [0x10, 7],
  [0x20, 4],
]);
const DEFAULT = acl([
  [1, 7],
  [2, 5, 70000],
  [4, 5],
  [0x10, 5],
  [0x20, 0],
]);

function fullVolume(many: number): MemoryVolume {
  const volume = new MemoryVolume();
  for (const size of [0, 1, 1023, 1024, 1025, 4097, 524_287, 524_288, 524_289, 700_001])
    volume.file(`size-${size}`, noise(size, size));
  volume.directory("sparse");
  const piece = (at: number, length: number) => ({ at, bytes: noise(length, at + 1) });
  volume.put("sparse/start", TYPE.file, { size: 9000, pieces: [piece(8192, 808)] });
  volume.put("sparse/middle", TYPE.file, {
    size: 600_000,
    pieces: [piece(0, 1024), piece(555_008, 44_992)],
  });
  volume.put("sparse/all", TYPE.file, { size: 1_500_000, pieces: [] });
  volume.put("sparse/far", TYPE.file, {
    size: 20_971_530,
    pieces: [piece(0, 1024), piece(20_971_520, 10)],
  });
  volume.directory("links");
  volume.file("links/a", "three names");
  volume.link("links/a", "links/b");
  volume.link("links/a", "other-name");
  volume.directory("symlinks");
  for (const [name, target] of [
    ["short", "x"],
    ["sixty", "s".repeat(60)],
    ["longest", "l".repeat(4095)],
    ["bytes", "\xe9\xff\n tab\t"],
  ]) {
    volume.put(`symlinks/${name}`, TYPE.symlink, { target: target as string, mode: 0o777 });
  }
  volume.directory("special");
  volume.put("special/fifo", TYPE.fifo);
  volume.put("special/socket", TYPE.socket);
  volume.put("special/null", TYPE.char, { rdev: [1, 3] });
  volume.put("special/disk", TYPE.block, { rdev: [8, 17] });
  volume.put("special/big", TYPE.char, { rdev: [240, 70000] });
  volume.directory("names");
  for (const name of [
    "\xe9\xff\xfe",
    "new\nline",
    "-dash",
    " ",
    "*?[x]",
    "...",
    "n".repeat(253),
    "n".repeat(254),
    "\xf0\x9f\x98\x80",
  ]) {
    volume.file(`names/${name}`, name);
  }
  volume.directory("many");
  for (let i = 0; i < many; i++) volume.file(`many/entry-${i}`, i % 500 === 0 ? `${i}` : "");
  volume.directory("owners", { mode: 0o1777, uid: 70000, gid: 4294967294 });
  volume.file("owners/big", "x", { uid: 4294967294, gid: 65536, mode: 0o640 });
  volume.file("owners/setuid", "x", { mode: 0o6755 });
  volume.put("owners/link", TYPE.symlink, { target: "big", mode: 0o777, uid: 70000, gid: 70001 });
  volume.file("old", "x", { mtime: 0, mtimeNs: 0 });
  volume.file("late", "x", { mtime: 4_000_000_000, mtimeNs: 999_999_999 });
  volume.directory("attributes", {
    attributes: {
      "system.posix_acl_access": ACCESS,
      "system.posix_acl_default": DEFAULT,
      "user.d": Buffer.from("dir"),
    },
  });
  volume.at("attributes").mode = 0o674;
  volume.file("attributes/few", "x", {
    mode: 0o674,
    attributes: {
      "user.short": Buffer.from("value"),
      "user.empty": new Uint8Array(0),
      "system.posix_acl_access": ACCESS,
    },
  });
  volume.file("attributes/much", "x", {
    attributes: Object.fromEntries([1, 2, 3, 4].map((n) => [`user.big${n}`, noise(900, n)])),
  });
  volume.file("attributes/trusted", "", {
    attributes: { "trusted.t": Buffer.from("t"), "security.s": Buffer.from("s") },
  });
  let path = "deep";
  volume.directory(path);
  for (let i = 0; i < 20; i++) volume.directory((path += `/level-${i}`));
  volume.file(`${path}/bottom`, "bottom");
  return volume;
}

test.each([4, 10, 64, 256])(
  "restore -r makes the volume again at blocking factor %i",
  async (blockingFactor) => {
    await inScratch(async (folder) => {
      const volume = fullVolume(blockingFactor === 64 ? 10_000 : 1_000);
      const tape = join(folder, "level0.dump");
      const plan = await volume.plan(testLabel({ blockingFactor }));
      const { outcome, entries } = await dumpToFile(volume, plan, tape);
      expect(outcome.blocks % blockingFactor).toBe(0);
      expect(readFileSync(tape).length).toBe(outcome.blocks * 1024);
      expect(entries.every((entry) => entry.status === 0 && entry.block > 0)).toBe(true);
      expect(outcome.attributesLeftOut).toBe(0);

      const target = makeFolder(join(folder, "target"));
      const run = restore(["-rf", tape, "-b", String(blockingFactor)], target);
      expect(run.trouble).toEqual([]);
      expect(run.status).toBe(0);
      const [got, wanted] = [walkTree(target), expectedTree(volume)];
      expect([...got.keys()].sort()).toEqual([...wanted.keys()].sort());
      for (const [path, entry] of wanted)
        expect({ path, ...got.get(path) }).toEqual({ path, ...entry });
      if (blockingFactor !== 64) return;

      const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
      for (const path of [
        "attributes",
        "attributes/few",
        "attributes/much",
        "attributes/trusted",
      ]) {
        const expected = Object.fromEntries(
          Object.entries(volume.at(path).attributes).map(([name, value]) => [name, hex(value)]),
        );
        expect({ path, ...attributesOf(target, path) }).toEqual({ path, ...expected });
      }
      const listed = restore(["-tf", tape], folder);
      expect(listed.trouble).toEqual([]);
      expect(listed.stdout).toContain("./symlinks/longest");
      const compared = restore(["-C", "-f", tape, "-D", target], folder);
      // Reel writes no file flags, and an ext4 target has some.
      const differences = `${compared.stderr}\n${compared.stdout}`
        .split("\n")
        .filter((line) => /changed|differ|not found|cannot/i.test(line));
      expect(differences.filter((line) => !line.includes("flags changed from 0x00000000"))).toEqual(
        [],
      );
    });
  },
);
