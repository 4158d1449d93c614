// The text of a changeset as Mercurial hashes it (hg formats, section 6), and its head: the same text
// without the list of changed paths, which Reel keeps apart.
import { byteString, bytesOf, type ByteString, ByteWriter } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { toNodeId } from "../core/ids.ts";
import type { ChangesetHead } from "./changelog-reader.ts";

export const DEFAULT_BRANCH = "default";

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\0": "\\0",
};
const UNESCAPES: Readonly<Record<string, string>> = { "\\": "\\", n: "\n", r: "\r", "0": "\0" };

function escapeExtra(text: ByteString): ByteString {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format escapes them
  return text.replaceAll(/[\\\n\r\0]/g, (c) => ESCAPES[c] as string);
}

function unescapeExtra(text: ByteString): ByteString {
  return text.replaceAll(/\\([\\nr0])/g, (_, c: string) => UNESCAPES[c] as string);
}

function byBytes(a: ByteString, b: ByteString): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function encodeExtras(extras: ReadonlyMap<ByteString, ByteString>): ByteString {
  const keys = [...extras.keys()].filter(
    (key) => key !== "branch" || extras.get(key) !== DEFAULT_BRANCH,
  );
  return keys
    .sort(byBytes)
    .map((key) => escapeExtra(`${key}:${extras.get(key)}`))
    .join("\0");
}

function decodeExtras(text: ByteString): Map<ByteString, ByteString> {
  const extras = new Map<ByteString, ByteString>();
  if (text === "") return extras;
  for (const item of text.split("\0")) {
    const plain = unescapeExtra(item);
    const colon = plain.indexOf(":");
    if (colon < 0) throw damaged("an extra without a colon");
    extras.set(plain.slice(0, colon), plain.slice(colon + 1));
  }
  return extras;
}

function damaged(found: string): ReelError {
  return new ReelError("format.damaged", { what: "the text of a changeset", found });
}

/** The lines before the file list, and the end that follows it. */
function encodeParts(head: ChangesetHead): {
  readonly start: ByteString;
  readonly end: ByteString;
} {
  const extras = encodeExtras(head.extras);
  const date = `${head.time} ${head.zone}${extras === "" ? "" : ` ${extras}`}`;
  return { start: `${head.manifest}\n${head.user}\n${date}\n`, end: `\n${head.description}` };
}

/** Mercurial refuses what is empty or would begin another line. Throws `catalog.bad-user`. */
export function checkUser(user: ByteString): ByteString {
  if (user === "" || user.includes("\n"))
    throw new ReelError("catalog.bad-user", { found: JSON.stringify(user.slice(0, 80)) });
  return user;
}

/** The head as it is stored: a changeset text with an empty file list. Throws `catalog.bad-user`. */
export function encodeHead(head: ChangesetHead): Uint8Array {
  checkUser(head.user);
  const { start, end } = encodeParts(head);
  return bytesOf(start + end);
}

/** Decodes a stored head. Throws `format.damaged`. */
export function decodeHead(bytes: Uint8Array): ChangesetHead {
  return decodeChangeset(bytes).head;
}

/**
 * Splits a whole changeset text at its file list: the head's bytes, and the list's bytes (each path with
 * its LF). The two joined by `joinChangeset` give the text back, whatever it holds.
 */
export function splitChangeset(text: Uint8Array): {
  readonly head: Uint8Array;
  readonly list: Uint8Array;
} {
  const [listAt, listEnd] = listBounds(text);
  const head = new Uint8Array(text.byteLength - (listEnd - listAt));
  head.set(text.subarray(0, listAt));
  head.set(text.subarray(listEnd), listAt);
  return { head, list: text.subarray(listAt, listEnd) };
}

/** Where the file list of a head goes: after its third LF. */
export function listOffset(head: Uint8Array): number {
  return listBounds(head)[0];
}

function listBounds(text: Uint8Array): [number, number] {
  let at = 0;
  for (let line = 0; line < 3; line++) {
    const lf = text.indexOf(0x0a, at);
    if (lf < 0) throw damaged("fewer than three lines");
    at = lf + 1;
  }
  let end = at;
  while (text[end] !== 0x0a) {
    const lf = text.indexOf(0x0a, end);
    if (lf < 0) throw damaged("no empty line after the files");
    end = lf + 1;
  }
  return [at, end];
}

export function joinChangeset(head: Uint8Array, list: Uint8Array): Uint8Array {
  const at = listOffset(head);
  const text = new Uint8Array(head.byteLength + list.byteLength);
  text.set(head.subarray(0, at));
  text.set(list, at);
  text.set(head.subarray(at), at + list.byteLength);
  return text;
}

export function encodeFileList(files: readonly ByteString[]): Uint8Array {
  const out = new ByteWriter(files.length * 32);
  for (const path of files) {
    out.byteString(path);
    out.u8(0x0a);
  }
  return out.finish();
}

export function decodeFileList(list: Uint8Array): ByteString[] {
  if (list.byteLength === 0) return [];
  const lines = byteString(list).split("\n");
  lines.pop();
  return lines;
}

export function encodeChangeset(head: ChangesetHead, files: readonly ByteString[]): Uint8Array {
  return joinChangeset(encodeHead(head), encodeFileList(files));
}

export function decodeChangeset(text: Uint8Array): {
  readonly head: ChangesetHead;
  readonly files: readonly ByteString[];
} {
  const [listAt, listEnd] = listBounds(text);
  const lines = byteString(text.subarray(0, listAt)).split("\n");
  const [manifest, user, dateLine] = lines as [string, string, string];
  const date = /^(-?\d+)(?:\.\d*)? (-?\d+)(?: ([^]*))?$/.exec(dateLine);
  if (!date) throw damaged(`the date ${JSON.stringify(dateLine)}`);
  const head: ChangesetHead = {
    manifest: toNodeId(manifest),
    user,
    time: Number(date[1]),
    zone: Number(date[2]),
    extras: decodeExtras(date[3] ?? ""),
    description: byteString(text.subarray(listEnd + 1)),
  };
  return { head, files: decodeFileList(text.subarray(listAt, listEnd)) };
}

export function branchOf(head: ChangesetHead): ByteString {
  return head.extras.get("branch") ?? DEFAULT_BRANCH;
}

/** Mercurial's normal form of a description: no blanks at line ends, no empty lines at start and end. */
export function normalDescription(text: ByteString): ByteString {
  return text
    .split(/\r\n|\n|\r/)
    .map((line) => line.replace(/[ \t\v\f\r]+$/, ""))
    .join("\n")
    .replace(/^\n+/, "")
    .replace(/\n+$/, "");
}
