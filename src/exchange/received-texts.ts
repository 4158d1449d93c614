// What a received text must be before it is stored: names that mean a place in a tree and nothing else,
// manifests that any reader takes, changesets that parse. Mercurial checks little of this; Reel all of it.
import { byteString, type ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { decodeHead, splitChangeset } from "../catalog/changeset-text.ts";
import type { ChangesetHead } from "../catalog/changelog-reader.ts";
import { decodeManifest, type ManifestEntry } from "../catalog/manifest-text.ts";
import type { NodeId } from "../core/ids.ts";
import { nodeOf } from "../core/hash.ts";
import { received } from "./damage.ts";

/** As the longest chunk: a text that needs more could not be sent again. */
export const TEXT_BYTES_MAX = 512 << 20;

/** Not a name of one directory's entry: empty, ".", "..", or with a slash or a control character of the formats. */
function isBadName(name: ByteString): boolean {
  return name === "" || name === "." || name === ".." || /[/\0\n\r]/.test(name);
}

/** Throws `exchange.bad-name` for a path that does not lead down from the root. */
export function checkPath(path: ByteString): void {
  if (path.split("/").some(isBadName)) throw badName(path);
}

function badName(path: ByteString): ReelError {
  return new ReelError("exchange.bad-name", { found: JSON.stringify(path.slice(0, 200)) });
}

/**
 * All lines of a directory's manifest. Throws `exchange.flat-manifest` if it is one of whole paths,
 * `exchange.bad-name`, `exchange.damaged`.
 */
export function checkedManifest(text: Uint8Array, directory: ByteString): ManifestEntry[] {
  const entries = received(manifestOf(directory), () => decodeManifest(text));
  for (const { name } of entries) {
    if (!isBadName(name)) continue;
    if (directory === "" && name.includes("/") && !name.split("/").some(isBadName))
      throw new ReelError("exchange.flat-manifest", { found: name });
    throw badName(directory === "" ? name : `${directory}/${name}`);
  }
  return entries;
}

export function manifestOf(directory: ByteString): string {
  return directory === "" ? "the root manifest" : `the manifest of ${directory}`;
}

export interface ReceivedChangeset {
  readonly head: ChangesetHead;
  readonly headBytes: Uint8Array;
  readonly list: Uint8Array;
  readonly files: number;
}

/** Throws `exchange.damaged`, `exchange.bad-name`. */
export function checkedChangeset(text: Uint8Array): ReceivedChangeset {
  return received("a changeset", () => {
    const { head: headBytes, list } = splitChangeset(text);
    const head = decodeHead(headBytes);
    let files = 0;
    for (let at = list.indexOf(0x0a); at >= 0; at = list.indexOf(0x0a, at + 1)) files++;
    const lines = byteString(list);
    const bad = /(?:^|[\n/])(?:\.{0,2})(?=[\n/])|[\0\r]/.exec(lines);
    if (bad && lines !== "")
      throw badName(
        lines.slice(lines.lastIndexOf("\n", bad.index - 1) + 1, lines.indexOf("\n", bad.index + 1)),
      );
    return { head, headBytes, list, files };
  });
}

/** Throws `exchange.wrong-node`. */
export function checkNode(
  what: string,
  text: Uint8Array,
  p1: NodeId,
  p2: NodeId,
  node: NodeId,
): void {
  const found = nodeOf(text, p1, p2);
  if (found !== node) throw new ReelError("exchange.wrong-node", { what, node, found });
}

/** Whether a delta that fits the base replaces whole lines of it by whole lines. */
export function isCutAtLines(base: Uint8Array, delta: Uint8Array): boolean {
  const view = new DataView(delta.buffer, delta.byteOffset, delta.byteLength);
  const atLine = (place: number): boolean => place === 0 || base[place - 1] === 0x0a;
  for (let at = 0; at < delta.byteLength; ) {
    const next = at + 12 + view.getUint32(at + 8);
    if (!atLine(view.getUint32(at)) || !atLine(view.getUint32(at + 4))) return false;
    if (next > at + 12 && delta[next - 1] !== 0x0a) return false;
    at = next;
  }
  return true;
}

/** What a delta brings in, all hunks together. */
export function insertedBytes(delta: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  const view = new DataView(delta.buffer, delta.byteOffset, delta.byteLength);
  for (let at = 0; at < delta.byteLength; ) {
    const next = at + 12 + view.getUint32(at + 8);
    parts.push(delta.subarray(at + 12, next));
    at = next;
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}
