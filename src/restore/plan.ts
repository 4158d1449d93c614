// The plan of a restore: pure, printable, without any tape. Tapes in mount order, reads in tape order, each
// wanted inode once; then what is made in the target and in which order. `extract` carries it out and
// decides nothing.
import { type ByteString, showBytes } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { TYPE } from "../core/inode.ts";
import { BLOCK_BYTES } from "../dump/format/record.ts";
import type { WantedEntry, WantedImage } from "./request.ts";
import { orderTapes } from "./tape-order.ts";

/**
 * Gaps up to this are read through, not skipped. On a file 1 MiB costs about as much as 50 seeks; on a tape
 * drive, which must stop and start again, far less than one.
 */
export const JOIN_GAP_BYTES = 1024 * 1024;

export interface PlannedRun {
  /** Record within the tape file, and how many records to its last wanted one. */
  readonly firstRecord: number;
  readonly records: number;
  /** Indices into `entries`, ascending by block. */
  readonly reads: readonly number[];
}

/** The reads from one tape file: one piece of one image. */
export interface PlannedPass {
  readonly image: number;
  /** Index into the image's extents. */
  readonly extent: number;
  readonly file: number;
  /** Entry whose data continue here from the tape before; -1 if there is none. */
  readonly continues: number;
  readonly runs: readonly PlannedRun[];
  readonly inodes: number;
  readonly contentBytes: number;
  /** First and last tape block of the image that is touched. */
  readonly firstBlock: number;
  readonly lastBlock: number;
}

export interface PlannedMount {
  readonly label: string;
  readonly passes: readonly PlannedPass[];
}

/** A directory of the target. */
export interface PlannedDirectory {
  readonly path: ByteString;
  /** Index into `entries`; -1 if it is only on the way to a wanted entry. */
  readonly entry: number;
  /** Index into `directories`; -1 for the target itself. */
  readonly parent: number;
}

export interface PlannedLink {
  readonly entry: number;
  /** The entry that is made first and that this one is a link of. */
  readonly to: number;
}

export interface PlanProblem {
  readonly path: ByteString;
  readonly what: string;
}

export interface RestoreTotals {
  readonly directories: number;
  /** Inodes of regular files, and how many of them need a tape. */
  readonly files: number;
  readonly filesFromTape: number;
  /** Symbolic links, devices, fifos, sockets. */
  readonly others: number;
  readonly links: number;
  readonly contentBytes: number;
  readonly tapeBytes: number;
  readonly records: number;
  readonly mounts: number;
}

export interface RestorePlan {
  readonly images: readonly WantedImage[];
  readonly entries: readonly WantedEntry[];
  readonly mounts: readonly PlannedMount[];
  /** Parents before children; the first is the target. */
  readonly directories: readonly PlannedDirectory[];
  /** For each entry the directory that holds it, -1 for the target itself and for refused entries. */
  readonly directoryOf: readonly number[];
  /** Entries made without a tape: links, devices, fifos, sockets, empty files. In path order. */
  readonly untaped: readonly number[];
  readonly links: readonly PlannedLink[];
  /** What was asked for and cannot be planned; the rest is restored. */
  readonly problems: readonly PlanProblem[];
  readonly totals: RestoreTotals;
}

export interface PlanInput {
  readonly images: readonly WantedImage[];
  readonly entries: readonly WantedEntry[];
  readonly joinGapBytes?: number;
}

/** Entries may come in any order. Those that cannot be restored are listed in `problems`, never thrown. */
export function planRestore(input: PlanInput): RestorePlan {
  const { images, entries } = input;
  const problems: PlanProblem[] = [];
  const { directories, directoryOf, order } = planDirectories(entries, problems);
  const { firsts, links } = joinLinks(entries, order);

  const untaped: number[] = [];
  const taped: number[] = [];
  let files = 0;
  let others = 0;
  let contentBytes = 0;
  for (const index of firsts) {
    const entry = entries[index] as WantedEntry;
    if (entry.type !== TYPE.file) {
      if (entry.type === TYPE.symlink && (entry.target === null || entry.target === "")) {
        problems.push({ path: entry.path, what: "a symbolic link without a target" });
        continue;
      }
      others++;
      untaped.push(index);
      continue;
    }
    if (entry.size === 0) {
      files++;
      untaped.push(index);
      continue;
    }
    const lacking = placeProblem(entry, images);
    if (lacking !== null) {
      problems.push({ path: entry.path, what: lacking });
      continue;
    }
    files++;
    contentBytes += entry.size;
    taped.push(index);
  }

  const lost = new Set<number>();
  if (problems.length > 0) {
    const made = new Set([...untaped, ...taped]);
    for (const link of links) if (!made.has(link.to)) lost.add(link.entry);
  }
  const mounts = orderTapes(images, entries, taped, input.joinGapBytes ?? JOIN_GAP_BYTES);
  let tapeBytes = 0;
  let records = 0;
  for (const mount of mounts) {
    for (const pass of mount.passes) {
      for (const run of pass.runs) {
        records += run.records;
        tapeBytes += run.records * (images[pass.image] as WantedImage).blockingFactor * BLOCK_BYTES;
      }
    }
  }
  const keptLinks = links.filter((link) => !lost.has(link.entry));
  for (const entry of lost) {
    problems.push({
      path: (entries[entry] as WantedEntry).path,
      what: "a link of a file that is not restored",
    });
  }
  return {
    images,
    entries,
    mounts,
    directories,
    directoryOf,
    untaped,
    links: keptLinks,
    problems,
    totals: {
      directories: directories.length,
      files,
      filesFromTape: taped.length,
      others,
      links: keptLinks.length,
      contentBytes,
      tapeBytes,
      records,
      mounts: mounts.length,
    },
  };
}

/** What is wrong with a component or a path, null if nothing: nothing may lead out of the target. */
export function pathFault(path: ByteString): string | null {
  if (path === "") return null;
  for (const name of path.split("/")) {
    if (name === "") return "an empty component";
    if (name === "." || name === "..") return `a component "${name}"`;
    if (name.includes("\0")) return "a NUL in a name";
  }
  return null;
}

export function badPath(path: ByteString, fault: string): ReelError {
  return new ReelError("restore.bad-path", { path: showBytes(path), found: fault });
}

interface DirectoryTable {
  readonly directories: PlannedDirectory[];
  readonly directoryOf: number[];
  /** Accepted entries that are no directories, by path. */
  readonly order: number[];
}

function planDirectories(entries: readonly WantedEntry[], problems: PlanProblem[]): DirectoryTable {
  const byPath = Array.from(entries, (_, index) => index).sort((a, b) => {
    const left = (entries[a] as WantedEntry).path;
    const right = (entries[b] as WantedEntry).path;
    return left < right ? -1 : left > right ? 1 : a - b;
  });
  const directories: { path: ByteString; entry: number; parent: number }[] = [
    { path: "", entry: -1, parent: -1 },
  ];
  const indexOf = new Map<ByteString, number>([["", 0]]);
  const leaves = new Set<ByteString>();
  const directoryOf = new Array<number>(entries.length).fill(-1);
  const order: number[] = [];

  /** Index of the directory, making it and what leads to it; -1 if a file stands in the way. */
  function directoryAt(path: ByteString): number {
    const known = indexOf.get(path);
    if (known !== undefined) return known;
    // By steps from the top, not by recursion: paths may be thousands of components deep.
    let parent = 0;
    for (let at = path.indexOf("/"); ; at = path.indexOf("/", at + 1)) {
      const part = at < 0 ? path : path.slice(0, at);
      let index = indexOf.get(part);
      if (index === undefined) {
        if (leaves.has(part)) return -1;
        index = directories.length;
        directories.push({ path: part, entry: -1, parent });
        indexOf.set(part, index);
      }
      parent = index;
      if (at < 0) return parent;
    }
  }

  let previous: ByteString | null = null;
  for (const index of byPath) {
    const { path, type } = entries[index] as WantedEntry;
    const fault = pathFault(path);
    if (fault !== null) {
      problems.push({ path, what: badPath(path, fault).message });
      continue;
    }
    if (path === previous || (type !== TYPE.directory && indexOf.has(path))) {
      problems.push({ path, what: "named twice" });
      continue;
    }
    previous = path;
    const slash = path.lastIndexOf("/");
    const parent = directoryAt(slash < 0 ? "" : path.slice(0, slash));
    if (parent < 0) {
      problems.push({
        path,
        what: `${showBytes(path.slice(0, slash))} is wanted as a file and as a directory`,
      });
      continue;
    }
    if (type === TYPE.directory) {
      const own = directoryAt(path);
      (directories[own] as { entry: number }).entry = index;
      directoryOf[index] = path === "" ? -1 : parent;
    } else if (type === TYPE.unknown) {
      problems.push({ path, what: "of unknown type" });
    } else {
      directoryOf[index] = parent;
      leaves.add(path);
      order.push(index);
    }
  }
  return { directories, directoryOf, order };
}

/** One entry of each inode is made or read, the others are links of it. */
function joinLinks(
  entries: readonly WantedEntry[],
  order: readonly number[],
): { readonly firsts: readonly number[]; readonly links: PlannedLink[] } {
  const firsts: number[] = [];
  const links: PlannedLink[] = [];
  const byInode = new Map<number, number[]>();
  for (const index of order) {
    const entry = entries[index] as WantedEntry;
    const same = byInode.get(entry.inode);
    if (same === undefined) {
      byInode.set(entry.inode, [index]);
      firsts.push(index);
      continue;
    }
    // A merged tree may hold two files of two sites under one inode number: records must agree too.
    const to = same.find((other) => sameInode(entries[other] as WantedEntry, entry));
    if (to === undefined) {
      same.push(index);
      firsts.push(index);
    } else {
      links.push({ entry: index, to });
    }
  }
  return { firsts, links };
}

function sameInode(a: WantedEntry, b: WantedEntry): boolean {
  return (
    a.type === b.type &&
    a.size === b.size &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtime === b.mtime &&
    a.mtimeNs === b.mtimeNs &&
    a.rdevMajor === b.rdevMajor &&
    a.rdevMinor === b.rdevMinor &&
    a.target === b.target &&
    a.place?.image === b.place?.image &&
    a.place?.block === b.place?.block &&
    sameBytes(a.attributes, b.attributes) &&
    (a.digest === b.digest ||
      (a.digest !== null && b.digest !== null && sameBytes(a.digest, b.digest)))
  );
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && Buffer.compare(a, b) === 0;
}

function placeProblem(entry: WantedEntry, images: readonly WantedImage[]): string | null {
  if (entry.place === null) return "no image that holds its content is known";
  const image = images[entry.place.image];
  if (image === undefined) return "no image that holds its content is known";
  const { block } = entry.place;
  const held = image.extents.some(
    (extent) => block >= extent.firstBlock && block < extent.firstBlock + extent.blocks,
  );
  return held ? null : `block ${block} is on no tape of ${image.title}`;
}
