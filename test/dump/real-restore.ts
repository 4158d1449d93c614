// Runs the real restore(8) and walks what it made. It exits 0 after most failures, so that its messages
// are what tells.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TYPE } from "../../src/core/inode.ts";
import type { MemoryVolume, Node } from "./memory-source.ts";

const TROUBLE =
  /not found on tape|expected next file|Incorrect block|Missing blocks|resync restore|Checksum error|abort\?|Unknown EA|EA size too big|cannot|Warning:|bad entry|partial block read|BUG|not a dump|too (high|low)/i;

/** A folder that is removed when `run` is done. */
export async function inScratch<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "reel-dump-"));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface RestoreRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly trouble: readonly string[];
}

/** Runs restore in `cwd`; each run has a TMPDIR of its own, as two of one dump would collide in one. */
export function restore(args: readonly string[], cwd: string, input = ""): RestoreRun {
  const temporary = mkdtempSync(join(tmpdir(), "reel-rst-"));
  try {
    const run = spawnSync("restore", args, {
      cwd,
      input,
      env: { ...process.env, TMPDIR: temporary, LC_ALL: "C" },
      encoding: "latin1",
      maxBuffer: 1 << 28,
    });
    if (run.error) throw run.error;
    const trouble = run.stderr.split("\n").filter((line) => TROUBLE.test(line));
    return { status: run.status, stdout: run.stdout, stderr: run.stderr, trouble };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

export interface Entry {
  type: number;
  mode: number;
  uid: number;
  gid: number;
  mtimeUs: number | null;
  content?: string;
  target?: string;
  rdev?: string;
  /** First path of the same inode. */
  linkOf?: string;
}

/** The tree below `folder` by path (bytes as latin1), restore's own files left out. */
export function walkTree(folder: string): Map<string, Entry> {
  const tree = new Map<string, Entry>();
  const inodes = new Map<bigint, string>();
  const visit = (path: Buffer, shown: string): void => {
    const stats = lstatSync(path, { bigint: true });
    const type = Number((stats.mode >> 12n) & 15n);
    const entry: Entry = {
      type,
      mode: Number(stats.mode & 0o7777n),
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      mtimeUs: Number(stats.mtimeNs / 1000n),
    };
    if (type === TYPE.file)
      entry.content = createHash("sha256").update(readFileSync(path)).digest("hex");
    if (type === TYPE.symlink) entry.target = readlinkSync(path, "latin1" as BufferEncoding);
    if (type === TYPE.char || type === TYPE.block) {
      entry.rdev = execFileSync("stat", ["-c", "%t:%T", path.toString("latin1")], {
        encoding: "latin1",
      }).trim();
    }
    if (type !== TYPE.directory && stats.nlink > 1n) {
      entry.linkOf = inodes.get(stats.ino) ?? shown;
      inodes.set(stats.ino, entry.linkOf);
    }
    tree.set(shown, entry);
    if (type !== TYPE.directory) return;
    const names = readdirSync(path, { encoding: "buffer" }).sort((a, b) => a.compare(b));
    for (const name of names) {
      const text = name.toString("latin1");
      if (shown === "" && text === "restoresymtable") continue;
      visit(
        Buffer.concat([path, Buffer.from("/"), name]),
        shown === "" ? text : `${shown}/${text}`,
      );
    }
  };
  visit(Buffer.from(folder), "");
  return tree;
}

/** What restore must make of the volume. Names of one inode count from the first in the walk's order. */
export function expectedTree(volume: MemoryVolume): Map<string, Entry> {
  const tree = new Map<string, Entry>();
  const inodes = new Map<number, string>();
  const visit = (node: Node, shown: string): void => {
    const entry: Entry = {
      type: node.type,
      mode: node.type === TYPE.symlink ? 0o777 : node.mode,
      uid: node.uid,
      gid: node.gid,
      mtimeUs: node.mtime * 1e6 + Math.floor(node.mtimeNs / 1000),
    };
    if (node.type === TYPE.file) {
      const whole = Buffer.alloc(node.size);
      for (const piece of node.pieces) whole.set(piece.bytes, piece.at);
      entry.content = createHash("sha256").update(whole).digest("hex");
    }
    if (node.type === TYPE.symlink) entry.target = node.target;
    if (node.type === TYPE.char || node.type === TYPE.block)
      entry.rdev = node.rdev.map((n) => n.toString(16)).join(":");
    if (node.type !== TYPE.directory && node.nlink > 1) {
      entry.linkOf = inodes.get(node.inode) ?? shown;
      inodes.set(node.inode, entry.linkOf);
    }
    tree.set(shown, entry);
    for (const [name, child] of [...node.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
      visit(child, shown === "" ? name : `${shown}/${name}`);
    }
  };
  visit(volume.root, "");
  return tree;
}

/** Extended attributes below `folder`, by path, as getfattr shows them. */
export function attributesOf(folder: string, path: string): Record<string, string> {
  const out = execFileSync(
    "getfattr",
    ["-h", "-d", "-m", "-", "-e", "hex", "--absolute-names", join(folder, path)],
    { encoding: "latin1" },
  );
  const found: Record<string, string> = {};
  for (const line of out.split("\n")) {
    const match = /^([a-z]+\.[^=]*)=(?:0x)?([0-9a-f]*)$/.exec(line);
    if (match) found[match[1] as string] = match[2] as string;
  }
  return found;
}

export function makeFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}
