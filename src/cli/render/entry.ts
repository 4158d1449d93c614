// One file of a listing: its path, a line as `ls -l` prints it, and its object for --json.
import type { ByteString } from "../../core/bytes.ts";
import { TYPE } from "../../core/inode.ts";
import type { FileEntryView } from "../../job/requests.ts";
import { decodeAcl } from "./acl.ts";
import { formatDate } from "./dates.ts";
import { JSON_SCHEMA } from "./json.ts";
import { bytesToText } from "./text.ts";

const TYPE_LETTERS: Readonly<Record<number, string>> = {
  [TYPE.fifo]: "p",
  [TYPE.char]: "c",
  [TYPE.directory]: "d",
  [TYPE.block]: "b",
  [TYPE.file]: "-",
  [TYPE.symlink]: "l",
  [TYPE.socket]: "s",
};

export const TYPE_NAMES: Readonly<Record<number, string>> = {
  [TYPE.fifo]: "fifo",
  [TYPE.char]: "character device",
  [TYPE.directory]: "directory",
  [TYPE.block]: "block device",
  [TYPE.file]: "file",
  [TYPE.symlink]: "symbolic link",
  [TYPE.socket]: "socket",
};

/** "-rwxr-sr-t", with a "+" behind it where there is an ACL. */
export function modeLetters(entry: Pick<FileEntryView, "type" | "mode" | "attributes">): string {
  const { mode } = entry;
  const triple = (shift: number, special: boolean, letter: string) => {
    const bits = mode >> shift;
    const execute = special ? (bits & 1 ? letter : letter.toUpperCase()) : bits & 1 ? "x" : "-";
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${execute}`;
  };
  const letters =
    triple(6, (mode & 0o4000) !== 0, "s") +
    triple(3, (mode & 0o2000) !== 0, "s") +
    triple(0, (mode & 0o1000) !== 0, "t");
  const acl = entry.attributes.some(({ name }) => name.startsWith("system.posix_acl_"));
  return (TYPE_LETTERS[entry.type] ?? "?") + letters + (acl ? "+" : "");
}

export function isDevice(type: number): boolean {
  return type === TYPE.char || type === TYPE.block;
}

/** A name on one line: line ends and other control characters as in a string of C. */
export function shownPath(path: ByteString): ByteString {
  if (path === "") return ".";
  return path.replaceAll(/[\x00-\x1f\x7f\\]/g, (byte) => {
    if (byte === "\\") return "\\\\";
    if (byte === "\n") return "\\n";
    if (byte === "\t") return "\\t";
    return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** Ends with a line end. Owners are numbers: names belong to the host that was dumped. */
export function longLine(entry: FileEntryView, zone: number): ByteString {
  const size = isDevice(entry.type) ? `${entry.rdevMajor}, ${entry.rdevMinor}` : String(entry.size);
  const columns = [
    modeLetters(entry).padEnd(11),
    String(entry.nlink).padStart(3),
    String(entry.uid).padStart(5),
    String(entry.gid).padStart(5),
    size.padStart(12),
    formatDate(entry.mtime, zone, "%Y-%m-%d %H:%M"),
    shownPath(entry.path) +
      (entry.target === null ? "" : ` -> ${shownPath(entry.target)}`) +
      (entry.stale ? "  (stale)" : ""),
  ];
  return `${columns.join(" ")}\n`;
}

/** For --json. Times are [seconds, nanoseconds]; what does not fit a number of JavaScript is a string. */
export function entryObject(entry: FileEntryView): Readonly<Record<string, unknown>> {
  const inode = entry.sourceInode;
  return {
    schema: JSON_SCHEMA,
    path: bytesToText(entry.path),
    type: TYPE_NAMES[entry.type] ?? "unknown",
    mode: entry.mode.toString(8).padStart(4, "0"),
    links: entry.nlink,
    uid: entry.uid,
    gid: entry.gid,
    size: entry.size,
    mtime: [entry.mtime, entry.mtimeNs],
    ctime: [entry.ctime, entry.ctimeNs],
    birth: entry.birth === 0 && entry.birthNs === 0 ? null : [entry.birth, entry.birthNs],
    device: isDevice(entry.type) ? [entry.rdevMajor, entry.rdevMinor] : null,
    target: entry.target === null ? null : bytesToText(entry.target),
    sha256: entry.digest,
    dumpInode: entry.dumpInode,
    sourceInode: inode <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(inode) : inode.toString(),
    attributes: entry.attributes.map(({ name, value }) => ({
      name: bytesToText(name),
      base64: Buffer.from(value).toString("base64"),
      ...(name.startsWith("system.posix_acl_")
        ? { acl: decodeAcl(value)?.split(" ") ?? null }
        : {}),
    })),
    node: entry.node,
    stale: entry.stale,
  };
}
