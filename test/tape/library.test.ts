// Labels, the library's folder, locks, and finding out what a tape's name stands for.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { decodeLabel, encodeLabel, readLabel, writeLabel } from "../../src/tape/label.ts";
import { TapeLibrary } from "../../src/tape/library.ts";
import { MemoryDrive } from "../../src/tape/memory-drive.ts";
import { openTape, recogniseTape } from "../../src/tape/open-tape.ts";
import { lockTape } from "../../src/tape/tape-lock.ts";
import { fixture } from "../dump/format/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "reel-library-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a label", () => {
  test("is a record of 80 bytes that names the tape in full", async () => {
    const record = encodeLabel("SIXTEEN-CHARS-16", 1e9);
    expect(Buffer.from(record).toString("latin1")).toBe(
      "VOL1SIXTEE              REEL         1000000000    SIXTEEN-CHARS-16            4",
    );
    expect(decodeLabel(record)).toEqual({ label: "SIXTEEN-CHARS-16", capacityBytes: 1e9 });
    const drive = new MemoryDrive();
    expect(await readLabel(drive)).toBeNull();
    await writeLabel(drive, "REEL01");
    expect(await readLabel(drive)).toEqual({ label: "REEL01", capacityBytes: null });
    expect(drive.files).toHaveLength(2);
  });

  test("of another system gives its six characters", () => {
    expect(decodeLabel(Buffer.from("VOL1ABC123".padEnd(79) + "3"))).toEqual({
      label: "ABC123",
      capacityBytes: null,
    });
    expect(decodeLabel(Buffer.from("HDR1ABC123".padEnd(80)))).toBeNull();
    expect(decodeLabel(Buffer.alloc(1024))).toBeNull();
  });

  test.each(["", "with blank", "seventeen-chars-x", "a/b", "..", "-", "é", "tab\t"])(
    "is not %j",
    (label) => {
      expect(() => encodeLabel(label)).toThrow(expect.objectContaining({ code: "tape.bad-label" }));
    },
  );
});

describe("a library", () => {
  test("makes tapes REEL01, REEL02, … and lists them", async () => {
    const library = new TapeLibrary(join(folder, "made", "on-demand"));
    expect(library.list()).toEqual([]);
    expect((await library.create()).label).toBe("REEL01");
    expect((await library.create("OFFSITE", 5000)).label).toBe("OFFSITE");
    expect((await library.create()).label).toBe("REEL02");
    expect(library.list().map(({ label }) => label)).toEqual(["OFFSITE", "REEL01", "REEL02"]);
    await expect(library.create("REEL01")).rejects.toMatchObject({ code: "tape.label-taken" });
    await expect(library.open("REEL09", { write: false })).rejects.toMatchObject({
      code: "tape.not-found",
    });

    const small = await library.open("OFFSITE", { write: true });
    expect(await small.drive.spaceToEnd()).toEqual({ file: 1, record: 0 });
    let taken = 0;
    while ((await small.drive.write(new Uint8Array(1000))) === "ok") taken++;
    expect(taken).toBe(4);
    await expect(library.open("OFFSITE", { write: true })).rejects.toMatchObject({
      code: "tape.locked",
      data: { pid: process.pid },
    });
    await small.close();
    await (await library.open("OFFSITE", { write: true })).close();
  });
});

describe("a tape's lock", () => {
  const path = join(folder, "locked.tap");

  test("is held by one, and given back", () => {
    const lock = lockTape(path);
    expect(() => lockTape(path)).toThrow(expect.objectContaining({ code: "tape.locked" }));
    lock.release();
    lockTape(path).release();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test("of a dead owner is broken, of another host believed", () => {
    const gone = spawnSync("true").pid;
    writeFileSync(`${path}.lock`, `${hostname()} ${gone} 12345\n`);
    const lock = lockTape(path);
    expect(readFileSync(`${path}.lock`, "latin1")).toContain(` ${process.pid} `);
    lock.release();
    writeFileSync(`${path}.lock`, `${hostname()} ${process.pid} 12345\n`); // this number's earlier owner
    lockTape(path).release();
    writeFileSync(`${path}.lock`, `elsewhere ${gone} 12345\n`);
    expect(() => lockTape(path)).toThrow(
      expect.objectContaining({ data: expect.objectContaining({ host: "elsewhere" }) }),
    );
    rmSync(`${path}.lock`);
  });
});

describe("a tape is recognised by its bytes", () => {
  const made = (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const dump = fixture("chain/3-level3.dump.gz");

  test("whatever its name is", async () => {
    expect(recogniseTape(made("stream.tap", dump), false)).toBe("plain");
    expect(recogniseTape(made("level3", dump), false)).toBe("plain");
    const library = new TapeLibrary(folder);
    const tape = await library.create("RECOG");
    expect(recogniseTape(made("virtual-without-ending", readFileSync(tape.path)), false)).toBe(
      "virtual",
    );
    expect(recogniseTape(made("empty.tap", Buffer.alloc(0)), false)).toBe("virtual");
    expect(recogniseTape(join(folder, "new.tap"), true)).toBe("virtual");
    expect(recogniseTape(join(folder, "new"), true)).toBe("plain");
    expect(recogniseTape("/dev/null", true)).toBe("pipe");
  });

  test("and nothing else is written over", () => {
    expect(() => recogniseTape(made("letter.txt", Buffer.from("Dear operator, …")), true)).toThrow(
      expect.objectContaining({ code: "tape.not-a-tape" }),
    );
    expect(() => recogniseTape(folder, true)).toThrow(
      expect.objectContaining({ code: "tape.not-a-tape" }),
    );
    expect(() => recogniseTape(join(folder, "none"), false)).toThrow(
      expect.objectContaining({ code: "tape.not-found" }),
    );
  });

  test("a label of the library goes first, a slash makes a path", async () => {
    const library = new TapeLibrary(join(folder, "own"));
    await library.create("REEL01");
    const options = { write: false, recordBytes: 10_240, library };
    const byLabel = await openTape("REEL01", options);
    expect([byLabel.kind, byLabel.label]).toEqual(["virtual", "REEL01"]);
    await byLabel.close();
    const byPath = await openTape(join(folder, "own", "REEL01.tap"), options);
    expect([byPath.kind, byPath.label]).toEqual(["virtual", "REEL01"]);
    await byPath.close();
    const plain = await openTape(made("plain", dump), options);
    expect([plain.kind, plain.drive.seekable]).toEqual(["plain", true]);
    await plain.close();
    await expect(openTape("REEL02", options)).rejects.toMatchObject({ code: "tape.not-found" });
  });
});
