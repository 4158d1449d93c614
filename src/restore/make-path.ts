// Makes a directory and those above it. Not by mkdir's `recursive`: where a directory can hold no other
// (in /proc, say), Node tries again for ever.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { errnoOf } from "../core/errors.ts";

/** Throws the system's error. What is there already is left alone, a file in the place of a directory too. */
export function makePath(path: string | Buffer): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return;
    const above = directoryAbove(path);
    if (errnoOf(error) !== "ENOENT" || above.length === path.length) throw error;
    makePath(above);
    mkdirSync(path);
  }
}

function directoryAbove(path: string | Buffer): string | Buffer {
  return typeof path === "string"
    ? dirname(path)
    : Buffer.from(dirname(path.toString("latin1")), "latin1");
}
