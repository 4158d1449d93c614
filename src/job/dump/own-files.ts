// What the dump itself writes, where it lies in the volume: the catalog's folder with its tapes, and the tape
// named with -f. Dumped, it would be a tape that holds all tapes before it, twice as long each time, and a
// store as it stood in the middle of a commit; tar leaves its archive out for the same reason.
import { realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import { bytesOf, byteString, type ByteString } from "../../core/bytes.ts";

/** Exclude patterns, one for each of `paths` that lies below the root of the volume (its real path). */
export function ownPatterns(root: ByteString, paths: readonly string[]): string[] {
  const below = root === "/" ? root : `${root}/`;
  return paths
    .map(realPath)
    .filter((path) => path.startsWith(below))
    .map((path) => `/${quoted(path.slice(below.length))}`);
}

/** Of a file that is not there yet, its real directory and its name; of neither, "". */
function realPath(path: string): ByteString {
  try {
    return byteString(realpathSync(path, "buffer"));
  } catch {
    try {
      return `${byteString(realpathSync(dirname(path), "buffer"))}/${byteString(Buffer.from(basename(path)))}`;
    } catch {
      return "";
    }
  }
}

/** As a pattern that matches only itself: characters where the path is UTF-8, else bytes, as patterns are matched. */
function quoted(path: ByteString): string {
  const text = Buffer.from(bytesOf(path)).toString("utf8");
  return (text.includes("\ufffd") ? path : text).replaceAll(/[\\*?[]/g, "\\$&");
}
