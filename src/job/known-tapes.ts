// Tapes outside the library: which path a label was last seen at. Local state, never replicated; it can be
// deleted, and then a restore is told the path by the operator.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TapeLibrary } from "../tape/library.ts";
import { LABEL_LENGTH_MAX } from "../tape/label.ts";
import type { TapeStanding } from "./requests.ts";
import { CATALOG_FOLDER } from "./repository.ts";

const FILE_NAME = "known-tapes.json";

export class KnownTapes {
  private readonly file: string;
  private readonly library: TapeLibrary;
  private readonly paths: Map<string, string>;

  constructor(directory: string, library: TapeLibrary) {
    this.file = join(directory, CATALOG_FOLDER, FILE_NAME);
    this.library = library;
    this.paths = new Map(readPaths(this.file));
  }

  /** The path of a tape that is here; null if it is not. */
  pathOf(label: string): string | null {
    const inLibrary = this.library.find(label);
    if (inLibrary) return inLibrary.path;
    const known = this.paths.get(label);
    if (known !== undefined && existsSync(known)) return known;
    return label.includes("/") && existsSync(label) ? label : null;
  }

  standing(label: string): TapeStanding {
    const path = this.pathOf(label);
    if (path !== null)
      return {
        available: true,
        where: this.library.find(label) ? "in the library" : path,
        copies: [],
      };
    const known = this.paths.get(label);
    const where = known === undefined ? "not in the library" : `last seen at ${known}`;
    return { available: false, where, copies: [] };
  }

  has(label: string): boolean {
    return this.paths.has(label);
  }

  labels(): string[] {
    return [...this.paths.keys()];
  }

  /** A label for a new tape at this path: its name without the ending, made unique. */
  labelFor(path: string): string {
    const absolute = resolve(path);
    for (const [label, at] of this.paths) if (at === absolute) return label;
    const stem = (absolute.split("/").at(-1) ?? "")
      .replace(/\.tap$/, "")
      .replaceAll(/[^!-.0-~]/g, "_");
    const base = stem === "" ? "tape" : stem;
    for (let n = 1; ; n++) {
      const ending = n === 1 ? "" : `-${n}`;
      const label = base.slice(0, LABEL_LENGTH_MAX - ending.length) + ending;
      if (!this.paths.has(label) && !this.library.find(label)) return label;
    }
  }

  remember(label: string, path: string): void {
    const absolute = resolve(path);
    if (this.paths.get(label) === absolute) return;
    this.paths.set(label, absolute);
    // Another dump may have added its tape since this one looked.
    for (const [other, at] of readPaths(this.file))
      if (!this.paths.has(other)) this.paths.set(other, at);
    const fresh = `${this.file}.${process.pid}.new`;
    writeFileSync(fresh, `${JSON.stringify(Object.fromEntries(this.paths), null, 1)}\n`);
    renameSync(fresh, this.file);
  }
}

function readPaths(file: string): [string, string][] {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof parsed !== "object" || parsed === null) return [];
    return Object.entries(parsed).filter(
      (pair): pair is [string, string] => typeof pair[1] === "string",
    );
  } catch {
    return [];
  }
}
