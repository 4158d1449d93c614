// A library in a folder: each virtual tape is LABEL.tap in it. The first dump needs no set-up: a tape is
// made when one is wanted.
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ReelError } from "../core/errors.ts";
import { checkLabel, readLabel, writeLabel } from "./label.ts";
import { lockTape, type TapeLock } from "./tape-lock.ts";
import { openVirtualDrive, type VirtualDrive } from "./virtual-drive.ts";

/** A file takes only what was written to it, so that the length costs nothing until it is used. */
export const TAPE_CAPACITY_BYTES: number = 64 * 2 ** 30;
const TAPE_ENDING = ".tap";

export interface TapeInLibrary {
  readonly label: string;
  readonly path: string;
  readonly bytes: number;
}

export interface OpenedTape {
  readonly label: string;
  readonly drive: VirtualDrive;
  /** Held for writing only; released by `close`. */
  close(): Promise<void>;
}

export class TapeLibrary {
  readonly folder: string;
  private readonly notice: (line: string) => void;

  /** `notice` is told when a dead writer's lock is broken. */
  constructor(folder: string, notice: (line: string) => void = () => {}) {
    this.folder = folder;
    this.notice = notice;
  }

  /** In the order of their labels; none when the folder is not there. */
  list(): TapeInLibrary[] {
    if (!existsSync(this.folder)) return [];
    const tapes: TapeInLibrary[] = [];
    for (const name of readdirSync(this.folder).sort()) {
      if (!name.endsWith(TAPE_ENDING)) continue;
      const path = join(this.folder, name);
      const { size } = statSync(path);
      tapes.push({ label: name.slice(0, -TAPE_ENDING.length), path, bytes: size });
    }
    return tapes;
  }

  find(label: string): TapeInLibrary | null {
    return this.list().find((tape) => tape.label === label) ?? null;
  }

  /** Makes a labelled tape; without a label the next of REEL01, REEL02, … that is free. */
  async create(
    label?: string,
    capacityBytes: number = TAPE_CAPACITY_BYTES,
  ): Promise<TapeInLibrary> {
    mkdirSync(this.folder, { recursive: true });
    const chosen = checkLabel(label ?? this.nextLabel());
    const path = this.pathOf(chosen);
    const lock = lockTape(path, this.notice);
    try {
      // Another process may have been quicker: its tape must not be begun anew.
      if (existsSync(path)) throw new ReelError("tape.label-taken", { label: chosen });
      const drive = openVirtualDrive(path, { write: true });
      try {
        await writeLabel(drive, chosen, capacityBytes);
      } finally {
        await drive.close();
      }
    } finally {
      lock.release();
    }
    return { label: chosen, path, bytes: statSync(path).size };
  }

  /** Opens a tape of the library; for writing it is locked. Throws `tape.not-found`, `tape.locked`. */
  async open(label: string, options: { readonly write: boolean }): Promise<OpenedTape> {
    const path = this.pathOf(checkLabel(label));
    if (!existsSync(path)) throw new ReelError("tape.not-found", { tape: label });
    const lock: TapeLock | null = options.write ? lockTape(path, this.notice) : null;
    try {
      const capacityBytes = await capacityOf(path);
      const drive = openVirtualDrive(path, {
        write: options.write,
        ...(capacityBytes === null ? {} : { capacityBytes }),
      });
      return {
        label,
        drive,
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

  private pathOf(label: string): string {
    return join(this.folder, label + TAPE_ENDING);
  }

  /** The next of REEL01, REEL02, … that is neither here nor, as `isTaken` says, known of elsewhere. */
  nextLabel(isTaken: (label: string) => boolean = () => false): string {
    const taken = new Set(this.list().map((tape) => tape.label));
    for (let n = 1; ; n++) {
      const label = `REEL${String(n).padStart(2, "0")}`;
      if (!taken.has(label) && !isTaken(label)) return label;
    }
  }
}

async function capacityOf(path: string): Promise<number | null> {
  const drive = openVirtualDrive(path, { write: false });
  try {
    return (await readLabel(drive))?.capacityBytes ?? null;
  } finally {
    await drive.close();
  }
}
