// What a tree is according to find(1) and to plain reads: nothing of Reel's is asked.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, constants, lstatSync, openSync, readSync } from "node:fs";

export interface OracleEntry {
  readonly type: string;
  readonly mode: string;
  readonly owner: string;
  /** Seconds with nine decimals. */
  readonly mtime: string;
  readonly size: number;
  readonly target: string;
  readonly inode: string;
  readonly digest: string;
  readonly device: string;
  readonly attributes: string;
}

export type OracleTree = Map<string, OracleEntry>;

const FORMAT = "%P\\0%y\\0%m\\0%U:%G\\0%T@\\0%s\\0%l\\0%i\\0%b\\0";
const FIELDS = 9;

/** Paths are latin1 strings; the root is "". */
export function readTree(root: string): OracleTree {
  const out = execFileSync("find", [root, "-printf", FORMAT], {
    encoding: "latin1",
    maxBuffer: 1 << 30,
  });
  const fields = out.split("\0");
  const tree: OracleTree = new Map();
  const attributes = readAttributes(root);
  for (let i = 0; i + FIELDS <= fields.length; i += FIELDS) {
    const [path, type, mode, owner, time, size, target, inode] = fields.slice(i, i + FIELDS) as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const [seconds, fraction] = time.split(".");
    const isFile = type === "f";
    tree.set(path, {
      type,
      mode,
      owner,
      target,
      inode,
      mtime: `${seconds}.${(fraction ?? "").padEnd(9, "0").slice(0, 9)}`,
      size: isFile ? Number(size) : 0,
      digest: isFile ? digestOf(Buffer.from(path === "" ? root : `${root}/${path}`, "latin1")) : "",
      device:
        type === "c" || type === "b"
          ? String(lstatSync(Buffer.from(`${root}/${path}`, "latin1")).rdev)
          : "",
      attributes: attributes.get(path) ?? "",
    });
  }
  return tree;
}

function digestOf(path: Buffer): string {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(1 << 20);
  const fd = openDeep(path);
  try {
    for (;;) {
      const got = readSync(fd, buffer, 0, buffer.length, null);
      if (got === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, got));
    }
  } finally {
    closeSync(fd);
  }
}

const PATH_BYTES_MAX = 4095;

/** Opens a file by steps where its path is longer than the system takes. */
function openDeep(path: Buffer): number {
  if (path.length <= PATH_BYTES_MAX) return openSync(path, "r");
  const slash = path.lastIndexOf("/", PATH_BYTES_MAX - 1);
  const above = openSync(path.subarray(0, slash), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return openDeep(Buffer.concat([Buffer.from(`/proc/self/fd/${above}`), path.subarray(slash)]));
  } finally {
    closeSync(above);
  }
}

/** getfattr's dump of every path, by path; it quotes odd names in octal. */
function readAttributes(root: string): Map<string, string> {
  const found = new Map<string, string>();
  let out: string;
  try {
    out = execFileSync(
      "getfattr",
      ["-R", "-P", "-h", "-d", "-m", "-", "-e", "hex", "--absolute-names", root],
      { encoding: "latin1", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"] },
    );
  } catch (error) {
    // It fails at paths that are too long for it, and has said the rest.
    out = (error as { stdout?: string }).stdout ?? "";
  }
  for (const block of out.split("\n\n")) {
    const [head, ...lines] = block.split("\n");
    if (!head?.startsWith("# file: ")) continue;
    const name = head
      .slice(8)
      .replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
    found.set(
      name === root ? "" : name.slice(root.length + 1),
      lines
        .filter((line) => line !== "")
        .sort()
        .join("\n"),
    );
  }
  return found;
}

export interface Comparison {
  /** Digits of a second that count: 9 with Reel's restore, 6 with the real one. */
  readonly decimals: number;
  readonly attributes: boolean;
  /** The real restore never removes an attribute from a directory that it knows by its number. */
  readonly extraDirectoryAttributes?: boolean;
  /** Paths left out: restore's own table, the root's time. */
  readonly ignore?: (path: string) => boolean;
  readonly ignoreTime?: (path: string, entry: OracleEntry) => boolean;
}

/** The differences in words, at most twenty; empty if the trees are the same. */
export function compareTrees(wanted: OracleTree, found: OracleTree, how: Comparison): string[] {
  const differences: string[] = [];
  const say = (path: string, what: string): void => {
    if (differences.length < 20) differences.push(`${JSON.stringify(path)}: ${what}`);
  };
  const cut = (time: string): string => time.slice(0, time.indexOf(".") + 1 + how.decimals);
  for (const [path, w] of wanted) {
    const f = found.get(path);
    if (how.ignore?.(path)) continue;
    if (!f) {
      say(path, "missing");
      continue;
    }
    for (const field of ["type", "mode", "owner", "size", "target", "digest", "device"] as const) {
      if (w[field] !== f[field]) say(path, `${field} ${f[field]}, wanted ${w[field]}`);
    }
    if (!how.ignoreTime?.(path, w) && cut(w.mtime) !== cut(f.mtime))
      say(path, `mtime ${f.mtime}, wanted ${w.mtime}`);
    const fewer =
      how.extraDirectoryAttributes === true &&
      w.type === "d" &&
      w.attributes.split("\n").every((line) => line === "" || f.attributes.includes(line));
    if (how.attributes && !fewer && w.attributes !== f.attributes)
      say(path, `attributes ${f.attributes}, wanted ${w.attributes}`);
  }
  for (const path of found.keys())
    if (!wanted.has(path) && !how.ignore?.(path)) say(path, "should not be there");
  const links = linkSets(wanted);
  const theirs = linkSets(found);
  for (const [path, set] of links)
    if (found.has(path) && theirs.get(path) !== set)
      say(path, `hard links ${theirs.get(path)}, wanted ${set}`);
  return differences;
}

/** Each file's names as one string. */
function linkSets(tree: OracleTree): Map<string, string> {
  const byInode = new Map<string, string[]>();
  for (const [path, entry] of tree) {
    if (entry.type === "d") continue;
    const names = byInode.get(entry.inode);
    if (names) names.push(path);
    else byInode.set(entry.inode, [path]);
  }
  const sets = new Map<string, string>();
  for (const names of byInode.values())
    for (const name of names) sets.set(name, [...names].sort().join(" = "));
  return sets;
}
