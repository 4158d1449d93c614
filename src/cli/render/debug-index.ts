// A revlog's index, in the columns of `hg debugindex`.
import type { ByteString } from "../../core/bytes.ts";
import { shortNode } from "../../core/ids.ts";
import type { DebugIndexRow } from "../../job/debug-requests.ts";
import type { Verbosity } from "./log.ts";
import { textToBytes } from "./text.ts";

export function renderIndex(rows: readonly DebugIndexRow[], verbosity: Verbosity): ByteString {
  const debug = verbosity === "debug";
  const verbose = debug || verbosity === "verbose";
  const idColumns = debug ? 40 : 12;
  const id = (node: DebugIndexRow["node"]) => (debug ? node : shortNode(node));
  let out = `   rev linkrev ${"nodeid".padEnd(idColumns)} ${"p1".padEnd(idColumns)} ${"p2".padEnd(idColumns)}`;
  out = verbose ? `${out}     full   stored   base  place\n` : `${out.trimEnd()}\n`;
  for (const row of rows) {
    out += `${String(row.rev).padStart(6)} ${String(row.linkrev).padStart(7)} ${id(row.node)} ${id(row.p1)} ${id(row.p2)}`;
    if (verbose) {
      const sizes = `${String(row.fullBytes).padStart(8)} ${String(row.storedBytes).padStart(8)} ${String(row.base).padStart(6)}`;
      out += ` ${sizes}  ${textToBytes(row.place)}`;
    }
    out += "\n";
  }
  return out;
}
