// The text of one directory's manifest (hg formats, section 5): a line for each entry, ascending by the
// bytes of the bare names: name, NUL, 40 hex digits, a flag ("t" for a directory, else nothing), LF.
import { bufferOver, bytesOf, type ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { asNodeId, type NodeId } from "../core/ids.ts";
import { DeltaWriter } from "./delta.ts";

export interface ManifestEntry {
  readonly name: ByteString;
  readonly node: NodeId;
  /** "" file, "t" directory; "x" and "l" come from Mercurial's own commits. */
  readonly flag: string;
}

function damaged(found: string): ReelError {
  return new ReelError("format.damaged", { what: "a manifest", found });
}

/** All lines. Throws `format.damaged` for what Mercurial would not read, unsorted names included. */
export function decodeManifest(text: Uint8Array): ManifestEntry[] {
  const entries: ManifestEntry[] = [];
  const buffer = bufferOver(text);
  let at = 0;
  let previous = "";
  while (at < text.byteLength) {
    const nul = buffer.indexOf(0, at);
    const lf = buffer.indexOf(0x0a, at);
    if (nul <= at || lf - nul < 41 || lf - nul > 42) throw damaged(`a broken line at byte ${at}`);
    const name = buffer.toString("latin1", at, nul);
    if (name <= previous)
      throw damaged(`${JSON.stringify(name)} after ${JSON.stringify(previous)}`);
    const hex = buffer.toString("latin1", nul + 1, nul + 41);
    if (!/^[0-9a-f]{40}$/.test(hex)) throw damaged(`the node ${JSON.stringify(hex)}`);
    const flag = buffer.toString("latin1", nul + 41, lf);
    if (flag !== "" && flag !== "t" && flag !== "x" && flag !== "l")
      throw damaged(`the flag ${JSON.stringify(flag)}`);
    entries.push({ name, node: asNodeId(hex), flag });
    previous = name;
    at = lf + 1;
  }
  return entries;
}

/** Entries ascending by name. */
export function encodeManifest(entries: readonly ManifestEntry[]): Uint8Array {
  let text = "";
  for (const { name, node, flag } of entries) text += `${name}\0${node}${flag}\n`;
  return bytesOf(text);
}

/** Finds one name without decoding the rest. */
export function findInManifest(text: Uint8Array, name: ByteString): ManifestEntry | null {
  const buffer = bufferOver(text);
  const wanted = Buffer.from(`${name}\0`, "latin1");
  let at = buffer.indexOf(wanted);
  while (at >= 0) {
    if (at === 0 || buffer[at - 1] === 0x0a) {
      const nul = at + name.length;
      const lf = buffer.indexOf(0x0a, nul);
      if (lf < 0) throw damaged("no end of line");
      return {
        name,
        node: asNodeId(buffer.toString("latin1", nul + 1, nul + 41)),
        flag: buffer.toString("latin1", nul + 41, lf),
      };
    }
    at = buffer.indexOf(wanted, at + 1);
  }
  return null;
}

/** Nodes of names (ascending) of files; null for a name that is not there or is a directory. */
export function nodesOfNames(text: Uint8Array, names: readonly ByteString[]): (NodeId | null)[] {
  const one = (name: ByteString): NodeId | null => {
    const entry = findInManifest(text, name);
    return entry && entry.flag !== "t" ? entry.node : null;
  };
  if (names.length <= FEW_NAMES) return names.map(one);
  const entries = decodeManifest(text);
  let at = 0;
  return names.map((name) => {
    while (at < entries.length && (entries[at] as ManifestEntry).name < name) at++;
    const entry = entries[at];
    return entry && entry.name === name && entry.flag !== "t" ? entry.node : null;
  });
}

/** Up to here a search for each name is cheaper than decoding all lines. */
const FEW_NAMES = 8;

/** A change of one line: `node` null removes the name. */
export interface LineChange {
  readonly name: ByteString;
  readonly node: NodeId | null;
  readonly flag: string;
}

/** Without a base: one string, one conversion. */
function newManifest(changes: readonly LineChange[]): { text: Uint8Array; delta: Uint8Array } {
  let lines = "";
  for (const { name, node, flag } of changes)
    if (node !== null) lines += `${name}\0${node}${flag}\n`;
  const text = bytesOf(lines);
  const delta = new DeltaWriter();
  if (text.byteLength > 0) delta.hunk(0, 0, text);
  return { text, delta: delta.finish() };
}

/**
 * Applies line changes (ascending by name) to a base text in one pass, and gives the new text with the
 * delta that makes it from the base, cut at line boundaries. Removing an absent name is no change.
 */
export function changeManifest(
  base: Uint8Array,
  changes: readonly LineChange[],
): { readonly text: Uint8Array; readonly delta: Uint8Array } {
  if (base.byteLength === 0) return newManifest(changes);
  const buffer = bufferOver(base);
  const delta = new DeltaWriter();
  const parts: Uint8Array[] = [];
  let copied = 0;
  let at = 0;
  for (const { name, node, flag } of changes) {
    let lineEnd = at;
    let found = false;
    while (at < base.byteLength) {
      const nul = buffer.indexOf(0, at);
      if (nul < 0) throw damaged("no end of name");
      const lf = buffer.indexOf(0x0a, nul);
      if (lf < 0) throw damaged("no end of line");
      const here = buffer.toString("latin1", at, nul);
      if (here >= name) {
        found = here === name;
        lineEnd = found ? lf + 1 : at;
        break;
      }
      at = lf + 1;
      lineEnd = at;
    }
    if (node === null && !found) continue;
    const line = node === null ? new Uint8Array(0) : bytesOf(`${name}\0${node}${flag}\n`);
    if (found && buffer.subarray(at, lineEnd).equals(line)) {
      at = lineEnd;
      continue;
    }
    delta.hunk(at, lineEnd, line);
    parts.push(base.subarray(copied, at), line);
    copied = lineEnd;
    at = lineEnd;
  }
  parts.push(base.subarray(copied));
  return { text: Buffer.concat(parts), delta: delta.finish() };
}
