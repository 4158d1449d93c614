// The tapes of one dump: the one asked for or the library's last, and the next ones when it is full. Keeps
// them locked and open until the catalog has committed.
import { existsSync, statSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { ReelError } from "../../core/errors.ts";
import type { NextTape } from "../../dump/tape-change.ts";
import { listImages } from "../../dump/tape-images.ts";
import { writeLabel } from "../../tape/label.ts";
import type { OpenedTape, TapeLibrary } from "../../tape/library.ts";
import { type OpenTape, openTape, recogniseTape } from "../../tape/open-tape.ts";
import type { MountedTape } from "../../dump/tape-change.ts";
import type { KnownTapes } from "../known-tapes.ts";
import { BLOCK_BYTES } from "../../dump/format/record.ts";

const NEW_TAPE_TRIES = 100;
const NEW_TAPE_WAIT_MS = 20;

export class TapeWriter {
  private readonly library: TapeLibrary;
  private readonly known: KnownTapes;
  private readonly spec: string | null;
  private readonly bases: ReadonlyMap<string, string>;
  private readonly recordBytes: number;
  private readonly notice: (line: string) => void;
  private readonly open: { close(): Promise<void> }[] = [];
  /** Virtual tapes end an image with a filemark; a plain stream ends where it ends. */
  private virtual = true;

  /** `bases`: title by image id of the dumps that the new one builds on. */
  constructor(
    library: TapeLibrary,
    known: KnownTapes,
    spec: string | null,
    bases: ReadonlyMap<string, string>,
    blockingFactor: number,
    notice: (line: string) => void,
  ) {
    this.library = library;
    this.known = known;
    this.spec = spec;
    this.bases = bases;
    this.recordBytes = blockingFactor * BLOCK_BYTES;
    this.notice = notice;
  }

  /** Mounts the first tape, standing where the image begins. */
  async first(): Promise<MountedTape> {
    if (this.spec === null) return this.mount((await this.freeTape()) ?? (await this.newTape()));
    if (isNewLabel(this.spec, this.library)) {
      await this.library.create(this.spec);
      this.notice(
        `made tape ${this.spec} in the library; write ./${this.spec} for a file of that name`,
      );
    }
    const fresh =
      !this.library.find(this.spec) && (!existsSync(this.spec) || statSync(this.spec).size === 0);
    if (!fresh) await this.refuseBases(this.spec);
    const tape = await openTape(this.spec, {
      write: true,
      recordBytes: this.recordBytes,
      library: this.library,
      notice: this.notice,
    });
    this.open.push(tape);
    this.virtual = tape.kind === "virtual";
    const label = await this.labelOf(tape, fresh);
    if (this.virtual && (await tape.drive.spaceToEnd()).file === 0) {
      // By its name a tape, but without a label or one whole file: whatever it is, it is not written over.
      throw new ReelError("tape.not-a-tape", {
        tape: this.spec,
        found: "nothing in it can be read as a tape's",
      });
    }
    return { drive: tape.drive, label };
  }

  /** A plain file holds one image, and the next takes its place: not where the next builds on it. */
  private async refuseBases(spec: string): Promise<void> {
    if (spec === "-" || this.library.find(spec) || recogniseTape(spec, true) !== "plain") return;
    const tape = await openTape(spec, { write: false, recordBytes: this.recordBytes });
    try {
      const [image] = await listImages(tape.drive);
      const base = image?.words ? this.bases.get(image.words.imageId) : undefined;
      if (base !== undefined) throw new ReelError("tape.holds-base", { tape: spec, found: base });
    } finally {
      await tape.close();
    }
  }

  private async labelOf(tape: OpenTape, fresh: boolean): Promise<string> {
    const spec = this.spec as string;
    if (tape.kind === "pipe" || spec === "-") return "-";
    if (this.library.find(spec)) return spec;
    const label = tape.kind === "virtual" && !fresh ? tape.label : this.known.labelFor(spec);
    if (tape.kind === "virtual" && fresh) await writeLabel(tape.drive, label);
    this.known.remember(label, spec);
    return label;
  }

  private async mount(tape: OpenedTape): Promise<MountedTape> {
    this.open.push(tape);
    await tape.drive.spaceToEnd();
    return { drive: tape.drive, label: tape.label };
  }

  /** The tape of the library that was written last, if no other dump writes to it, or the one before; null if there is none. */
  private async freeTape(): Promise<OpenedTape | null> {
    const aged = this.library
      .list()
      .map(({ label, path }) => ({ label, time: statSync(path).mtimeMs }));
    // Labels ascend, so that of equal times the later label comes first.
    for (const { label } of aged.toReversed().sort((a, b) => b.time - a.time)) {
      const tape = await this.openUnlessLocked(label);
      if (tape) return tape;
    }
    return null;
  }

  /** Other dumps may make tapes at the same time, and take what this one made. */
  private async newTape(): Promise<OpenedTape> {
    for (let tries = 1; ; tries++) {
      try {
        // A tape that was lost keeps its label: images are known by it.
        const { label, path } = await this.library.create(
          this.library.nextLabel((known) => this.known.has(known)),
        );
        this.known.remember(label, path);
        return await this.library.open(label, { write: true });
      } catch (error) {
        const taken =
          error instanceof ReelError &&
          (error.code === "tape.label-taken" || error.code === "tape.locked");
        if (!taken || tries === NEW_TAPE_TRIES) throw error;
        await setTimeout(NEW_TAPE_WAIT_MS);
      }
    }
  }

  private async openUnlessLocked(label: string): Promise<OpenedTape | null> {
    try {
      return await this.library.open(label, { write: true });
    } catch (error) {
      if (error instanceof ReelError && error.code === "tape.locked") return null;
      throw error;
    }
  }

  /** A full tape of the library is followed by a new one; any other ends the dump. */
  get next(): NextTape | null {
    return this.spec === null ? async () => this.mount(await this.newTape()) : null;
  }

  /** Ends the image and makes it durable. */
  async finish(last: MountedTape["drive"]): Promise<void> {
    if (this.virtual) await last.mark();
    await last.sync();
  }

  async close(): Promise<void> {
    for (const tape of this.open.splice(0).reverse()) await tape.close();
  }
}

/** A bare word that could be a label, and that no file has for its name, is one: `-f VOL003`. */
function isNewLabel(spec: string, library: TapeLibrary): boolean {
  return (
    /^[A-Za-z][A-Za-z0-9_-]{0,15}$/.test(spec) && !existsSync(spec) && library.find(spec) === null
  );
}
