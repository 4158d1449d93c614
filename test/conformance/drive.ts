// What every drive that holds more than one file must do; each implementation runs it on empty tapes.
import { describe, expect, test } from "vitest";
import type { Drive } from "../../src/tape/drive.ts";

export interface DriveSubject {
  readonly name: string;
  /** A drive over an empty tape that takes `capacityBytes` of records, give or take its framing. */
  readonly open: (capacityBytes?: number) => Promise<Drive>;
}

const record = (byte: number, length = 1024): Uint8Array => new Uint8Array(length).fill(byte);

/** Everything from the drive's place to the end of the data, as text: "7x1024" a record, "|" a filemark. */
export async function readAll(drive: Drive, bufferBytes = 4096): Promise<string> {
  const into = new Uint8Array(bufferBytes);
  let seen = "";
  for (;;) {
    const result = await drive.read(into);
    if (result.kind === "block") seen += ` ${into[0]}x${result.bytes}`;
    else if (result.kind === "mark") seen += " |";
    else if (result.kind === "damaged")
      seen += ` damaged(${result.at.file},${result.at.record})x${result.bytes}`;
    else return seen.trim();
  }
}

async function threeFiles(drive: Drive): Promise<void> {
  for (const file of [[1, 2, 3], [4], [5, 6]]) {
    for (const byte of file) expect(await drive.write(record(byte))).toBe("ok");
    await drive.mark();
  }
  await drive.sync();
}

export function driveSuite({ name, open }: DriveSubject): void {
  describe(`the drive seam: ${name}`, () => {
    const withDrive =
      (run: (drive: Drive) => Promise<void>, capacityBytes?: number) => async () => {
        const drive = await open(capacityBytes);
        try {
          await run(drive);
        } finally {
          await drive.close();
        }
      };

    test(
      "an empty tape is at its end",
      withDrive(async (drive) => {
        expect(await drive.read(new Uint8Array(10))).toEqual({ kind: "end-of-data" });
        expect(drive.position()).toEqual({ file: 0, record: 0 });
        expect(await drive.skipFile()).toEqual({ records: 0, bytes: 0, end: "end-of-data" });
        expect(await drive.spaceToEnd()).toEqual({ file: 0, record: 0 });
      }),
    );

    test(
      "what was written is read, filemarks between",
      withDrive(async (drive) => {
        await threeFiles(drive);
        expect(drive.position()).toEqual({ file: 3, record: 0 });
        await drive.rewind();
        expect(await readAll(drive)).toBe("1x1024 2x1024 3x1024 | 4x1024 | 5x1024 6x1024 |");
      }),
    );

    test(
      "the bytes may be used again after a write",
      withDrive(async (drive) => {
        const bytes = record(1);
        await drive.write(bytes);
        bytes.fill(9);
        await drive.write(bytes);
        await drive.rewind();
        expect(await readAll(drive)).toBe("1x1024 9x1024");
      }),
    );

    test(
      "spaces to every place, in any order",
      withDrive(async (drive) => {
        await threeFiles(drive);
        const places = [
          [0, 0],
          [2, 1],
          [0, 2],
          [1, 0],
          [2, 0],
          [0, 1],
          [1, 0],
        ] as const;
        const into = new Uint8Array(1024);
        for (const [file, number] of places) {
          await drive.space({ file, record: number });
          expect(drive.position()).toEqual({ file, record: number });
          expect((await drive.read(into)).kind).toBe("block");
          expect(into[0]).toBe([[1, 2, 3], [4], [5, 6]][file]?.[number]);
        }
        await drive.space({ file: 0, record: 3 });
        expect((await drive.read(into)).kind).toBe("mark");
        await drive.space({ file: 3, record: 0 });
        expect((await drive.read(into)).kind).toBe("end-of-data");
      }),
    );

    test(
      "a place that is not there is an error, and the tape stays",
      withDrive(async (drive) => {
        await threeFiles(drive);
        await drive.space({ file: 1, record: 0 });
        for (const to of [
          { file: 0, record: 4 },
          { file: 4, record: 0 },
          { file: 3, record: 1 },
        ]) {
          await expect(drive.space(to)).rejects.toMatchObject({ code: "tape.no-such-place" });
          expect(drive.position()).toEqual({ file: 1, record: 0 });
        }
        expect(await readAll(drive)).toBe("4x1024 | 5x1024 6x1024 |");
      }),
    );

    test(
      "a record longer than the buffer stays next",
      withDrive(async (drive) => {
        await drive.write(record(7, 2000));
        await drive.rewind();
        await expect(drive.read(new Uint8Array(1999))).rejects.toMatchObject({
          code: "tape.record-too-long",
          data: { found: 2000 },
        });
        expect(await drive.read(new Uint8Array(2000))).toEqual({ kind: "block", bytes: 2000 });
      }),
    );

    test(
      "writing cuts off what lay after it",
      withDrive(async (drive) => {
        await threeFiles(drive);
        await drive.space({ file: 1, record: 0 });
        await drive.write(record(8));
        await drive.rewind();
        expect(await readAll(drive)).toBe("1x1024 2x1024 3x1024 | 8x1024");
      }),
    );

    test(
      "files are passed over and counted",
      withDrive(async (drive) => {
        await threeFiles(drive);
        await drive.write(record(9, 500));
        await drive.space({ file: 0, record: 1 });
        expect(await drive.skipFile()).toEqual({ records: 2, bytes: 2048, end: "mark" });
        expect(await drive.skipFile()).toEqual({ records: 1, bytes: 1024, end: "mark" });
        expect(await drive.skipFile()).toEqual({ records: 2, bytes: 2048, end: "mark" });
        expect(await drive.skipFile()).toEqual({ records: 1, bytes: 500, end: "end-of-data" });
      }),
    );

    test(
      "the end for appending is behind the last filemark",
      withDrive(async (drive) => {
        await threeFiles(drive);
        await drive.write(record(9));
        await drive.rewind();
        expect(await drive.spaceToEnd()).toEqual({ file: 3, record: 0 });
        await drive.write(record(7));
        await drive.mark();
        await drive.rewind();
        expect(await readAll(drive)).toBe(
          "1x1024 2x1024 3x1024 | 4x1024 | 5x1024 6x1024 | 7x1024 |",
        );
      }),
    );

    test(
      "a full tape refuses the record, keeps nothing of it and takes the mark",
      withDrive(
        async (drive) => {
          let taken = 0;
          while ((await drive.write(record(taken + 1))) === "ok") taken++;
          expect(taken).toBe(4);
          expect(await drive.write(record(99))).toBe("end-of-tape");
          await drive.mark();
          await drive.rewind();
          expect(await readAll(drive)).toBe("1x1024 2x1024 3x1024 4x1024 |");
        },
        4 * 1024 + 100,
      ),
    );
  });
}
