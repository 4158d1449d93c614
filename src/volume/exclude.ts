// Exclude patterns of a walk: shell patterns over names, or over paths from the root when they hold a
// slash. `*` and `?` match no slash and do match a leading dot; `[a-z]`, `[!a-z]`, `[^a-z]`; `\` takes the
// next character as it is. A slash at the end is dropped. A name that is UTF-8 is matched by characters,
// another by bytes.
import { isAscii, type ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";

export interface Exclusion {
  /** Whether any pattern looks at paths; if not, `path` may be "". */
  readonly needsPath: boolean;
  /** `path` is from the root, without a slash in front. */
  matches(name: ByteString, path: ByteString): boolean;
}

/** Throws `volume.bad-pattern` for a pattern that names nothing. */
export function compileExclusion(patterns: readonly string[]): Exclusion | undefined {
  if (patterns.length === 0) return undefined;
  const ofName: RegExp[] = [];
  const ofPath: RegExp[] = [];
  for (const pattern of patterns) {
    const trimmed = pattern.replace(/\/+$/, "");
    const path = trimmed.replace(/^(?:\.?\/+)+/, "");
    if (path === "" || path === ".") throw new ReelError("volume.bad-pattern", { found: pattern });
    (trimmed.includes("/") ? ofPath : ofName).push(compilePattern(path));
  }
  return {
    needsPath: ofPath.length > 0,
    matches(name, path) {
      return matchesOne(ofName, name) || matchesOne(ofPath, path);
    },
  };
}

function matchesOne(patterns: readonly RegExp[], bytes: ByteString): boolean {
  if (patterns.length === 0) return false;
  const text = characters(bytes);
  return patterns.some((pattern) => pattern.test(text));
}

function characters(bytes: ByteString): string {
  if (isAscii(bytes)) return bytes;
  const text = Buffer.from(bytes, "latin1").toString("utf8");
  return text.includes("\ufffd") ? bytes : text;
}

function compilePattern(pattern: string): RegExp {
  const points = Array.from(pattern);
  let source = "";
  for (let i = 0; i < points.length; i++) {
    const point = points[i] as string;
    if (point === "*") {
      // Two stars in a row match what one does; a repeated "[^/]*" would backtrack without bound.
      if (!source.endsWith("[^/]*")) source += "[^/]*";
    } else if (point === "?") {
      source += "[^/]";
    } else if (point === "\\" && i + 1 < points.length) {
      i++;
      source += literal(points[i] as string);
    } else if (point === "[") {
      const set = bracket(points, i);
      source += set === undefined ? literal("[") : set.source;
      if (set !== undefined) i = set.last;
    } else {
      source += literal(point);
    }
  }
  return new RegExp(`^${source}$`, "su");
}

function literal(point: string): string {
  return `\\u{${(point.codePointAt(0) ?? 0).toString(16)}}`;
}

/** The set that begins at `open`, with the place of its "]"; nothing if it is not closed. */
function bracket(
  points: readonly string[],
  open: number,
): { source: string; last: number } | undefined {
  let i = open + 1;
  const negated = points[i] === "!" || points[i] === "^";
  if (negated) i++;
  let ranges = "";
  for (let first = true; ; first = false) {
    let from = points[i];
    if (from === undefined) return undefined;
    if (from === "]" && !first) break;
    if (from === "\\" && points[i + 1] !== undefined) from = points[++i] as string;
    i++;
    if (points[i] === "-" && points[i + 1] !== undefined && points[i + 1] !== "]") {
      i++;
      if (points[i] === "\\" && points[i + 1] !== undefined) i++;
      const to = points[i] as string;
      i++;
      // A range that runs backwards holds nothing, as in the shell.
      if ((from.codePointAt(0) ?? 0) <= (to.codePointAt(0) ?? 0))
        ranges += `${literal(from)}-${literal(to)}`;
    } else {
      ranges += literal(from);
    }
  }
  // A set never matches a slash. "[^]" in a regular expression is anything, "[]" nothing.
  return { source: negated ? `[^/${ranges}]` : `(?!/)[${ranges}]`, last: i };
}
