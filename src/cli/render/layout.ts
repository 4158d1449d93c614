// A simulated placement as a map: one line of inodes and one of data blocks for each group.
import type { ByteString } from "../../core/bytes.ts";
import type { SimulateReport } from "../../job/debug-requests.ts";
import { textToBytes } from "./text.ts";

/** Owners by letter, in the order of their inode numbers; "." is free. */
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

export function renderLayout(report: SimulateReport): ByteString {
  const paths = Object.entries(report.inodes).toSorted(([, a], [, b]) => a - b);
  const letterOf = new Map(
    paths.map(([, inode], i) => [inode, LETTERS[i % LETTERS.length] as string]),
  );
  const show = (owner: number | null) => (owner === null ? "." : (letterOf.get(owner) ?? "?"));
  let out = `free inodes ${report.freeInodes}, free data blocks ${report.freeDataBlocks}\n\n`;
  out += "group  inodes / data\n";
  for (const [group, { inodes, data }] of report.groups.entries()) {
    out += `${String(group).padStart(5)}  ${inodes.map(show).join("")} ${data.map(show).join("")}\n`;
  }
  out += "\n";
  for (const [path, inode] of paths) {
    const file = report.filespan[path];
    const directory = report.dirspan[path];
    const span = file === undefined ? "" : `  filespan ${file}`;
    out += `${letterOf.get(inode)}  ${textToBytes(path)}${span}${directory === undefined ? "" : `  dirspan ${directory}`}\n`;
  }
  return out;
}
