// What the string arguments of revset functions match: substrings, "literal:", "re:", and paths.
import type { ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";

export interface Pattern {
  readonly kind: "literal" | "re";
  readonly text: ByteString;
  /** It said itself which kind it is. */
  readonly explicit: boolean;
}

export function readPattern(text: ByteString): Pattern {
  if (text.startsWith("re:")) return { kind: "re", text: text.slice(3), explicit: true };
  if (text.startsWith("literal:")) return { kind: "literal", text: text.slice(8), explicit: true };
  return { kind: "literal", text, explicit: false };
}

/** Python's `(?i)` at the start is taken for its flag. Throws `revset.parse`. */
export function compileRegex(source: ByteString, flags = ""): RegExp {
  const insensitive = source.startsWith("(?i)");
  try {
    return new RegExp(
      insensitive ? source.slice(4) : source,
      insensitive && !flags.includes("i") ? `${flags}i` : flags,
    );
  } catch {
    throw new ReelError("revset.parse", {
      what: `bad regular expression '${source}'`,
      text: source,
      at: 0,
    });
  }
}

/** Exact, or a regular expression found anywhere. */
export function exactMatcher(pattern: Pattern): (text: ByteString) => boolean {
  if (pattern.kind === "literal") return (text) => text === pattern.text;
  const regex = compileRegex(pattern.text);
  return (text) => regex.test(text);
}

/** Found anywhere, in either letter case. */
export function substringMatcher(pattern: Pattern): (text: ByteString) => boolean {
  if (pattern.kind === "re") {
    const regex = compileRegex(pattern.text, "i");
    return (text) => regex.test(text);
  }
  const needle = lowerCase(pattern.text);
  return (text) => lowerCase(text).includes(needle);
}

/** Lower case of UTF-8 bytes; bytes that are not UTF-8 compare as U+FFFD. */
export function lowerCase(text: ByteString): string {
  return Buffer.from(text, "latin1").toString("utf8").toLowerCase();
}

/** A path pattern: "glob:" (the default), "path:" (it or anything below it) or "re:" (from the beginning). */
export function pathMatcher(pattern: ByteString): (path: ByteString) => boolean {
  if (pattern.startsWith("path:")) {
    const path = pattern.slice(5).replace(/\/+$/, "");
    return (candidate) =>
      path === "" || path === "." || candidate === path || candidate.startsWith(`${path}/`);
  }
  if (pattern.startsWith("re:")) {
    const regex = compileRegex(`^(?:${pattern.slice(3)})`);
    return (candidate) => regex.test(candidate);
  }
  const regex = compileRegex(
    `^(?:${globToRegex(pattern.startsWith("glob:") ? pattern.slice(5) : pattern)})$`,
  );
  return (candidate) => regex.test(candidate);
}

/** `*` and `?` stay within a component, `**` does not; `[..]` and `{a,b}` as in a shell. */
function globToRegex(glob: ByteString): string {
  let regex = "";
  let braces = 0;
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at] as string;
    if (character === "*") {
      if (glob.startsWith("**/", at)) {
        regex += "(?:.*/)?";
        at += 2;
      } else if (glob.startsWith("**", at)) {
        regex += ".*";
        at++;
      } else regex += "[^/]*";
    } else if (character === "?") regex += ".";
    else if (character === "[") {
      const end = glob.indexOf("]", at + 2);
      if (end < 0) regex += "\\[";
      else {
        const inside = glob.slice(at + 1, end).replaceAll("\\", "\\\\");
        regex += inside.startsWith("!")
          ? `[^${inside.slice(1)}]`
          : `[${inside.replace(/^\^/, "\\^")}]`;
        at = end;
      }
    } else if (character === "{") {
      braces++;
      regex += "(?:";
    } else if (character === "}" && braces > 0) {
      braces--;
      regex += ")";
    } else if (character === "," && braces > 0) regex += "|";
    else if (character === "\\" && at + 1 < glob.length) regex += escapeRegex(glob[++at] as string);
    else regex += escapeRegex(character);
  }
  return regex + ")".repeat(braces);
}

function escapeRegex(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}
