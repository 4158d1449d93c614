// Tapes of fixtures/dump as drives, states of its volumes as wanted entries, and what a tree on disk is,
// found by Python and not by Reel.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { onTestFinished } from "vitest";
import { encodeAttributes } from "../../src/core/attributes.ts";
import type { ByteString } from "../../src/core/bytes.ts";
import { TYPE, type InodeType } from "../../src/core/inode.ts";
import type { Place, WantedEntry, WantedImage } from "../../src/restore/request.ts";
import { scanImage } from "../../src/restore/scan.ts";
import type { ImageScan, ScanDamage, ScannedInode } from "../../src/restore/scanned.ts";
import type { Drive } from "../../src/tape/drive.ts";
import { MemoryDrive } from "../../src/tape/memory-drive.ts";

const FIXTURES = path.resolve(import.meta.dirname, "../../fixtures/dump");

export const CHAIN = [
  { name: "1-level0", level: 0 },
  { name: "2-level2", level: 2 },
  { name: "3-level3", level: 3 },
  { name: "4-level1", level: 1 },
  { name: "5-level4", level: 4 },
] as const;

export function fixture(name: string): Buffer {
  const bytes = readFileSync(path.join(FIXTURES, name));
  return name.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}

/** One tape file for each stream, cut into records. */
export function driveOf(
  streams: readonly Uint8Array[],
  blockingFactor: number,
  name = "TAPE",
): MemoryDrive {
  const drive = new MemoryDrive({ name });
  drive.files.length = 0;
  for (const stream of streams) {
    const records: Uint8Array[] = [];
    const bytes = blockingFactor * 1024;
    for (let at = 0; at < stream.byteLength; at += bytes)
      records.push(stream.subarray(at, at + bytes));
    drive.files.push(records);
  }
  return drive;
}

export interface StateEntry {
  readonly path_hex: string;
  readonly ino: number;
  readonly type: string;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly mtime_ns: string;
  readonly size?: number;
  readonly blocks512?: number;
  readonly sha256?: string;
  readonly target?: string | { readonly b64: string };
  readonly rdev?: readonly [number, number];
  readonly xattrs_b64?: Readonly<Record<string, string>>;
}

export function stateOf(name: string): StateEntry[] {
  return JSON.parse(fixture(name).toString("utf8")) as StateEntry[];
}

export interface Scanned {
  readonly scan: ImageScan;
  readonly inodes: ReadonlyMap<number, ScannedInode>;
  readonly order: readonly ScannedInode[];
  readonly damages: readonly ScanDamage[];
}

export async function scanned(drive: Drive, next: readonly Drive[] = []): Promise<Scanned> {
  const inodes = new Map<number, ScannedInode>();
  const order: ScannedInode[] = [];
  const damages: ScanDamage[] = [];
  const scan = await scanImage(
    drive,
    {
      inode(inode) {
        inodes.set(inode.inode, inode);
        order.push(inode);
      },
      damage: (damage) => damages.push(damage),
    },
    { digests: true, nextTape: async (volume) => next[volume - 2] ?? null },
  );
  return { scan, inodes, order, damages };
}

export function imageOf(found: Scanned, label: string, file: number): WantedImage {
  const head = found.scan.label;
  if (head === null) throw new Error("no label");
  return {
    imageId: "",
    title: `level ${head.level} on ${label}`,
    level: head.level,
    date: head.date,
    blockingFactor: head.blockingFactor,
    extents: [{ label, file, firstBlock: 0, blocks: found.scan.blocks }],
  };
}

const TYPES: Readonly<Record<string, InodeType>> = {
  file: TYPE.file,
  dir: TYPE.directory,
  symlink: TYPE.symlink,
  fifo: TYPE.fifo,
  socket: TYPE.socket,
  char: TYPE.char,
  block: TYPE.block,
};

/** The state as a catalog would have it; `placeOf` says where an inode lies. */
export function wantedOf(
  state: readonly StateEntry[],
  placeOf: (inode: number) => Place | null,
): WantedEntry[] {
  return state.map((entry) => {
    const type = TYPES[entry.type] as InodeType;
    const ns = BigInt(entry.mtime_ns);
    const mtimeNs = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    const pathBytes = Buffer.from(entry.path_hex, "hex").toString("latin1");
    const attributes = Object.entries(entry.xattrs_b64 ?? {}).map(([name, value]) => ({
      name,
      value: Buffer.from(value, "base64"),
    }));
    return {
      path: pathBytes === "." ? "" : pathBytes,
      type,
      mode: Number.parseInt(entry.mode, 8),
      uid: entry.uid,
      gid: entry.gid,
      size: entry.size ?? 0,
      mtime: Number((ns - mtimeNs) / 1_000_000_000n),
      mtimeNs: Number(mtimeNs),
      rdevMajor: entry.rdev?.[0] ?? 0,
      rdevMinor: entry.rdev?.[1] ?? 0,
      target: entry.target === undefined ? null : targetBytes(entry.target),
      attributes: encodeAttributes(attributes),
      digest: entry.sha256 === undefined ? null : Buffer.from(entry.sha256, "hex"),
      inode: entry.ino,
      place: type === TYPE.file && (entry.size ?? 0) > 0 ? placeOf(entry.ino) : null,
    };
  });
}

function targetBytes(target: string | { readonly b64: string }): ByteString {
  const bytes =
    typeof target === "string" ? Buffer.from(target, "utf8") : Buffer.from(target.b64, "base64");
  return bytes.toString("latin1");
}

/** A directory that goes away with the test. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "reel-restore-"));
  // rm, since paths may be too long for one call.
  onTestFinished(() => void execFileSync("rm", ["-rf", directory]));
  return directory;
}

const WALK = `
import os, sys, json, hashlib, base64, stat
top = os.fsencode(sys.argv[1])
out = []
def one(path, rel):
    st = os.lstat(path)
    kind = {stat.S_IFREG: 'file', stat.S_IFDIR: 'dir', stat.S_IFLNK: 'symlink', stat.S_IFIFO: 'fifo',
            stat.S_IFSOCK: 'socket', stat.S_IFCHR: 'char', stat.S_IFBLK: 'block'}[stat.S_IFMT(st.st_mode)]
    e = {'path_hex': rel.hex(), 'ino': st.st_ino, 'type': kind, 'mode': '%04o' % stat.S_IMODE(st.st_mode),
         'nlink': st.st_nlink, 'uid': st.st_uid, 'gid': st.st_gid, 'mtime_ns': str(st.st_mtime_ns)}
    if kind == 'file':
        e['size'] = st.st_size; e['blocks512'] = st.st_blocks
        h = hashlib.sha256()
        with open(path, 'rb') as f:
            for chunk in iter(lambda: f.read(1 << 20), b''): h.update(chunk)
        e['sha256'] = h.hexdigest()
    if kind == 'symlink': e['size'] = st.st_size; e['target'] = {'b64': base64.b64encode(os.readlink(path)).decode()}
    if kind in ('char', 'block'): e['rdev'] = [os.major(st.st_rdev), os.minor(st.st_rdev)]
    names = sorted(n for n in os.listxattr(path, follow_symlinks=False) if n != 'security.selinux')
    if names: e['xattrs_b64'] = {n: base64.b64encode(os.getxattr(path, n, follow_symlinks=False)).decode() for n in names}
    out.append(e)
    if kind == 'dir':
        for name in sorted(os.listdir(path)): one(path + b'/' + name, name if rel == b'.' else rel + b'/' + name)
one(top, b'.')
json.dump(out, sys.stdout)
`;

/** What is below `directory`, in the form of a state. */
export function walk(directory: string): StateEntry[] {
  const options = { maxBuffer: 256 * 1024 * 1024 };
  return JSON.parse(
    execFileSync("python3", ["-c", WALK, directory], options).toString("utf8"),
  ) as StateEntry[];
}

/** By path: what must be as it was. Holes apart; inode numbers become the first path of the inode. */
export function comparable(state: readonly StateEntry[]): Record<string, unknown> {
  const firstPath = new Map<number, string>();
  const sorted = [...state].sort((a, b) => (a.path_hex < b.path_hex ? -1 : 1));
  const result: Record<string, unknown> = {};
  for (const entry of sorted) {
    const {
      path_hex,
      ino,
      blocks512: _,
      ...rest
    } = entry as StateEntry & { path?: unknown; nlink?: number };
    delete rest.path;
    if (entry.type === "dir") delete rest.nlink;
    if (!firstPath.has(ino)) firstPath.set(ino, path_hex);
    const target = entry.target === undefined ? {} : { target: targetBytes(entry.target) };
    result[Buffer.from(path_hex, "hex").toString("latin1")] = {
      ...rest,
      ...target,
      link: firstPath.get(ino),
    };
  }
  return result;
}
