// Finds out by its bytes what a tape's name stands for, and opens it: a label of the library, a virtual
// tape, a plain dump stream, or a pipe.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { errnoOf, ReelError } from "../core/errors.ts";
import type { Drive } from "./drive.ts";
import { readLabel } from "./label.ts";
import type { TapeLibrary } from "./library.ts";
import { openPlainDrive } from "./plain-drive.ts";
import { lockTape } from "./tape-lock.ts";
import { openVirtualDrive } from "./virtual-drive.ts";
import { frameBytes, framedBytes, frameKind, wordAt, WORD_BYTES } from "./virtual-image.ts";

export type TapeKind = "virtual" | "plain" | "pipe";

export interface OpenTapeOptions {
  readonly write: boolean;
  /** How much a read of a plain file or a pipe gives at once. */
  readonly recordBytes: number;
  readonly library?: TapeLibrary;
  /** Told when a dead writer's lock is broken. */
  readonly notice?: (line: string) => void;
  /** For a virtual tape whose label says none. */
  readonly capacityBytes?: number;
}

export interface OpenTape {
  readonly drive: Drive;
  readonly kind: TapeKind;
  /** Its label, of an unlabelled tape its path, "-" of a pipe. */
  readonly label: string;
  /** Closes the drive and gives up the lock. */
  close(): Promise<void>;
}

/** Opens `spec`; throws `tape.not-found`, `tape.not-a-tape`, `tape.locked`. */
export async function openTape(spec: string, options: OpenTapeOptions): Promise<OpenTape> {
  const { write, recordBytes } = options;
  if (spec === "-") {
    const drive = openPlainDrive("-", { write, recordBytes });
    return {
      drive,
      kind: drive.seekable ? "plain" : "pipe",
      label: "-",
      close: () => drive.close(),
    };
  }
  if (!spec.includes("/") && options.library?.find(spec)) {
    const tape = await options.library.open(spec, { write });
    return { ...tape, kind: "virtual", close: () => tape.close() };
  }
  const kind = recogniseTape(spec, write);
  if (kind !== "virtual") {
    const drive = openPlainDrive(spec, { write, recordBytes });
    return { drive, kind, label: spec, close: () => drive.close() };
  }
  const lock = write ? lockTape(spec, options.notice) : null;
  try {
    const label = await labelOf(spec);
    const capacityBytes = label?.capacityBytes ?? options.capacityBytes;
    const drive = openVirtualDrive(spec, {
      write,
      ...(capacityBytes === undefined ? {} : { capacityBytes }),
    });
    return {
      drive,
      kind,
      label: label?.label ?? spec,
      async close() {
        try {
          await drive.close();
        } finally {
          lock?.release();
        }
      },
    };
  } catch (error) {
    lock?.release();
    throw error;
  }
}

async function labelOf(path: string): Promise<Awaited<ReturnType<typeof readLabel>>> {
  if (!statSync(path, { throwIfNoEntry: false })) return null;
  const drive = openVirtualDrive(path, { write: false });
  try {
    return await readLabel(drive);
  } finally {
    await drive.close();
  }
}

/** What the file at `path` is; one that is empty or not there yet goes by its name. */
export function recogniseTape(path: string, write: boolean): TapeKind {
  const stats = statSync(path, { throwIfNoEntry: false });
  const named: TapeKind = basename(path).endsWith(".tap") ? "virtual" : "plain";
  if (!stats) {
    if (write) return named;
    throw new ReelError("tape.not-found", { tape: path });
  }
  if (stats.isDirectory())
    throw new ReelError("tape.not-a-tape", { tape: path, found: "a directory" });
  if (!stats.isFile()) return stats.isBlockDevice() ? "plain" : "pipe";
  if (stats.size === 0) return named;
  const head = Buffer.alloc(28);
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    throw new ReelError(
      "tape.io",
      { tape: path, found: `open: ${errnoOf(error)}` },
      { cause: error },
    );
  }
  try {
    const got = readSync(fd, head, 0, head.byteLength, 0);
    if (got === head.byteLength && beginsDump(head)) return "plain";
    if (got >= WORD_BYTES && beginsFrames(fd, wordAt(head, 0), stats.size)) return "virtual";
  } finally {
    closeSync(fd);
  }
  // A damaged first record must not make a tape unreadable.
  if (named === "virtual") return "virtual";
  throw new ReelError("tape.not-a-tape", {
    tape: path,
    found: `it begins with ${head.toString("hex", 0, 8)}`,
  });
}

/** A volume header: c_type 1 at 0 and one of the magics at 24, in either byte order. */
function beginsDump(head: Buffer): boolean {
  const magics = [60011, 60012, 60013, 0x19540119];
  if (head.readInt32LE(0) === 1) return magics.includes(head.readInt32LE(24));
  return head.readInt32BE(0) === 1 && magics.includes(head.readInt32BE(24));
}

function beginsFrames(fd: number, word: number, size: number): boolean {
  // A word that stands alone proves nothing: text and zeros begin like that too.
  const kind = frameKind(word);
  if (kind !== "record" && kind !== "damaged-record" && kind !== "foreign") return false;
  const end = framedBytes(frameBytes(word));
  if (end > size) return false;
  const closing = Buffer.alloc(WORD_BYTES);
  readSync(fd, closing, 0, WORD_BYTES, end - WORD_BYTES);
  return wordAt(closing, 0) === word;
}
