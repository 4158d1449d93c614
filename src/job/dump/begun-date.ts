// The c_date of the last dump of a path that was begun, kept beside the path's lock. An image id follows from
// the date: a dump that was stopped after its image was whole must not share it with the next one. Local
// state; without it only such a pair within one second is not told apart.
import { readFileSync, writeFileSync } from "node:fs";

/** Seconds; 0 if none is known. `file` is the path's in the folder of locks. */
export function readBegunDate(file: string): number {
  try {
    const date = Number(readFileSync(`${file}.date`, "latin1"));
    return Number.isSafeInteger(date) ? date : 0;
  } catch {
    return 0;
  }
}

/** Called with the path's lock held. */
export function writeBegunDate(file: string, date: number): void {
  writeFileSync(`${file}.date`, `${date}\n`);
}
