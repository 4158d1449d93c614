// Names of files as they stand in manifests: reversible and total on bytes, free of LF and CR, and never
// one of the reserved names. docs/format/names.md.
import type { ByteString } from "../core/bytes.ts";

/** A directory's own record. */
export const DIRECTORY_NAME = "%dir";
/** Description and offset map of an image, in the root of a dump's manifest. */
export const IMAGE_NAME = "%image";
export const OFFSETS_NAME = "%offsets";

// biome-ignore lint/suspicious/noControlCharactersInRegex: LF and CR end a manifest line
const SPECIAL = /[%\n\r]/;
const HG_START = /^\.hg/i;

const ESCAPED: Readonly<Record<string, string>> = { "%": "%25", "\n": "%0A", "\r": "%0D" };

/** One component of a path: `%`, LF and CR as %25, %0A, %0D; the dot of a leading `.hg` as %2E. */
export function escapeName(name: ByteString): ByteString {
  let escaped = name;
  if (SPECIAL.test(name)) escaped = name.replaceAll(/[%\n\r]/g, (c) => ESCAPED[c] as string);
  return HG_START.test(escaped) ? `%2E${escaped.slice(1)}` : escaped;
}

export function unescapeName(name: ByteString): ByteString {
  if (!name.includes("%")) return name;
  return name.replaceAll(/%(25|0A|0D|2E)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

export function escapePath(path: ByteString): ByteString {
  return path.split("/").map(escapeName).join("/");
}

export function unescapePath(path: ByteString): ByteString {
  return path.includes("%") ? path.split("/").map(unescapeName).join("/") : path;
}

/** Reserved: written by Reel, never a user's file. A user's `%` is always followed by 25 here. */
export function isReserved(name: ByteString): boolean {
  return name.startsWith("%") && !/^%(25|0A|0D|2E)/.test(name);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: Mercurial forbids them in names of branches
const BRANCH_SPECIAL = /[%:\x00-\x1f\x7f]/g;

/** A dump path as a branch name that is legal in Mercurial: UTF-8 bytes, the rest percent-escaped. */
export function escapeBranch(path: ByteString): ByteString {
  const hex = (c: string): string =>
    `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  const bytes = Buffer.from(path, "latin1");
  const isUtf8 = bytes.equals(Buffer.from(bytes.toString("utf8"), "utf8"));
  let name = path.replaceAll(BRANCH_SPECIAL, hex);
  if (!isUtf8) name = name.replaceAll(/[\x80-\xff]/g, hex);
  return name.replaceAll(/^ +| +$/g, (blanks) => "%20".repeat(blanks.length));
}

export function unescapeBranch(name: ByteString): ByteString {
  return name.replaceAll(/%([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
