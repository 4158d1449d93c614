import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openPlainDrive } from "../../src/tape/plain-drive.ts";
import { readAll } from "../conformance/drive.ts";

const folder = mkdtempSync(join(tmpdir(), "reel-plain-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const record = (byte: number, length = 1024): Uint8Array => new Uint8Array(length).fill(byte);

describe("a plain file", () => {
  test("holds the records and nothing else, and one image", async () => {
    const path = join(folder, "image");
    writeFileSync(path, Buffer.alloc(9999, 1));
    const drive = openPlainDrive(path, { write: true, recordBytes: 1024 });
    for (const byte of [1, 2, 3]) expect(await drive.write(record(byte))).toBe("ok");
    await drive.mark();
    await drive.sync();
    expect(drive.position()).toEqual({ file: 1, record: 0 });
    await expect(drive.write(record(4))).rejects.toMatchObject({ code: "tape.one-image" });
    await drive.close();
    expect(readFileSync(path).equals(Buffer.concat([record(1), record(2), record(3)]))).toBe(true);
  });

  test("is read by records, the last one short, and at any place", async () => {
    const path = join(folder, "short");
    writeFileSync(path, Buffer.concat([record(1), record(2), record(3, 100)]));
    const drive = openPlainDrive(path, { write: false, recordBytes: 1024 });
    expect(await readAll(drive)).toBe("1x1024 2x1024 3x100");
    await drive.space({ file: 0, record: 1 });
    expect(await readAll(drive)).toBe("2x1024 3x100");
    await drive.space({ file: 0, record: 1 });
    expect(await drive.skipFile()).toEqual({ records: 2, bytes: 1124, end: "end-of-data" });
    await expect(drive.space({ file: 0, record: 4 })).rejects.toMatchObject({
      code: "tape.no-such-place",
    });
    await expect(drive.space({ file: 1, record: 0 })).rejects.toMatchObject({
      code: "tape.no-such-place",
    });
    await expect(drive.write(record(1))).rejects.toMatchObject({ code: "tape.read-only" });
    await drive.close();
  });
});

describe("a pipe", () => {
  test("is written forward", async () => {
    const path = join(folder, "fifo");
    execFileSync("mkfifo", [path]);
    const reader = spawn("sh", ["-c", `cat '${path}' > '${path}.out'`]);
    const drive = openPlainDrive(path, { write: true, recordBytes: 65_536 });
    expect(drive.seekable).toBe(false);
    const parts: Uint8Array[] = [];
    for (let i = 0; i < 40; i++) {
      parts.push(record(i, 65_536));
      expect(await drive.write(record(i, 65_536))).toBe("ok");
    }
    await drive.mark();
    await drive.sync();
    await drive.close();
    await new Promise((resolve) => reader.on("exit", resolve));
    expect(readFileSync(`${path}.out`).equals(Buffer.concat(parts))).toBe(true);
  });

  test("is read forward, and cannot go back", async () => {
    const fifo = join(folder, "fifo2");
    execFileSync("mkfifo", [fifo]);
    const fd = openSync(fifo, "r+");
    const writer = spawn("sh", ["-c", `printf 'aaaabbbbccccdddd' > '${fifo}'`]);
    await new Promise((resolve) => writer.on("exit", resolve));
    const drive = openPlainDrive(fd, { write: false, recordBytes: 4 });
    const into = Buffer.alloc(4);
    await drive.space({ file: 0, record: 2 });
    expect(await drive.read(into)).toEqual({ kind: "block", bytes: 4 });
    expect(into.toString()).toBe("cccc");
    await expect(drive.space({ file: 0, record: 0 })).rejects.toMatchObject({
      code: "tape.not-seekable",
    });
    await expect(drive.rewind()).rejects.toMatchObject({ code: "tape.not-seekable" });
    await drive.close();
    closeSync(fd);
  });
});

test("a device that takes nothing is an error", async () => {
  const drive = openPlainDrive("/dev/full", { write: true, recordBytes: 1024 });
  await drive.write(record(1));
  await expect(drive.mark()).rejects.toMatchObject({
    code: "tape.io",
    data: { found: "write: ENOSPC" },
  });
  await drive.close().catch(() => {});
});

test("what is not there is not found", () => {
  expect(() => openPlainDrive(join(folder, "none"), { write: false, recordBytes: 1 })).toThrow(
    expect.objectContaining({ code: "tape.not-found" }),
  );
});
