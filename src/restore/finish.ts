// What is set when the content is there: owner, mode (after the owner, who takes setuid away), attributes
// and ACLs (after the mode, which would change an ACL's mask), times last. Files at once, through their
// descriptor; directories when nothing is made in them any more, deepest first.
import { closeSync } from "node:fs";
import { decodeAttributes, type Attribute } from "../core/attributes.ts";
import type { ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { TYPE } from "../core/inode.ts";
import type { PlannedDirectory, RestorePlan } from "./plan.ts";
import type { RestoreProblemKind, RestoreTally } from "./report.ts";
import type { WantedEntry } from "./request.ts";
import { errnoName, type SystemCalls } from "./system-calls.ts";
import { lastComponent, type Target } from "./target.ts";

/** Made by the system's policy, not by the one who made the file. */
const LEFT_TO_THE_SYSTEM: ReadonlySet<ByteString> = new Set([
  "security.selinux",
  "security.ima",
  "security.evm",
]);

const ENOTSUP = 95;

/** Access times come from the tape, where it is read; a negative `atimeNs` leaves it as it is. */
export interface AccessTime {
  readonly atime: number;
  readonly atimeNs: number;
}

export const NO_ACCESS_TIME: AccessTime = { atime: 0, atimeNs: -1 };

/** Of an open file or directory. `clean`: attributes that it has and should not have are removed. */
export function finishOpen(
  calls: SystemCalls,
  fd: number,
  entry: WantedEntry,
  times: AccessTime,
  clean: boolean,
  tally: RestoreTally,
): void {
  const { path, uid, gid, mode } = entry;
  const owner = calls.changeOwner(fd, "", uid, gid);
  if (owner < 0) note(tally, "owner", path, `owner ${uid}:${gid}: ${errnoName(owner)}`);
  const changed = calls.changeMode(fd, mode & 0o7777);
  if (changed < 0)
    note(tally, "mode", path, `mode ${(mode & 0o7777).toString(8)}: ${errnoName(changed)}`);
  finishAttributes(calls, fd, "", entry, clean, tally);
  const set = calls.setTimes(fd, "", times.atime, times.atimeNs, entry.mtime, entry.mtimeNs);
  if (set < 0) note(tally, "times", path, `time ${entry.mtime}: ${errnoName(set)}`);
}

/** Of what cannot be opened for it: symbolic links, fifos, sockets, devices. */
export function finishNode(
  calls: SystemCalls,
  at: number,
  name: ByteString,
  entry: WantedEntry,
  clean: boolean,
  tally: RestoreTally,
): void {
  const { path, uid, gid, mode } = entry;
  const owner = calls.changeOwner(at, name, uid, gid);
  if (owner < 0) note(tally, "owner", path, `owner ${uid}:${gid}: ${errnoName(owner)}`);
  if (entry.type !== TYPE.symlink) {
    const inode = calls.openPath(at, name);
    const changed = inode < 0 ? inode : calls.changeModeOfPath(inode, mode & 0o7777);
    if (inode >= 0) closeSync(inode);
    if (changed < 0)
      note(tally, "mode", path, `mode ${(mode & 0o7777).toString(8)}: ${errnoName(changed)}`);
  }
  finishAttributes(calls, at, name, entry, clean, tally);
  const set = calls.setTimes(at, name, 0, -1, entry.mtime, entry.mtimeNs);
  if (set < 0) note(tally, "times", path, `time ${entry.mtime}: ${errnoName(set)}`);
}

function finishAttributes(
  calls: SystemCalls,
  at: number,
  name: ByteString,
  entry: WantedEntry,
  clean: boolean,
  tally: RestoreTally,
): void {
  if (entry.attributes.byteLength === 0 && !clean) return;
  let wanted: Attribute[];
  try {
    wanted = decodeAttributes(entry.attributes);
  } catch (error) {
    note(
      tally,
      "attributes",
      entry.path,
      error instanceof ReelError ? error.message : "not to be read",
    );
    return;
  }
  for (const attribute of wanted) {
    const set = calls.setAttribute(at, name, attribute.name, attribute.value);
    if (set < 0) note(tally, "attributes", entry.path, `${attribute.name}: ${errnoName(set)}`);
  }
  if (!clean) return;
  const found = calls.listAttributes(at, name);
  if (typeof found === "number") {
    if (found !== -ENOTSUP) note(tally, "attributes", entry.path, errnoName(found));
    return;
  }
  for (const attribute of found) {
    if (LEFT_TO_THE_SYSTEM.has(attribute) || wanted.some((one) => one.name === attribute)) continue;
    const removed = calls.removeAttribute(at, name, attribute);
    if (removed < 0) note(tally, "attributes", entry.path, `${attribute}: ${errnoName(removed)}`);
  }
}

/** The other names of inodes that are made. `lacks` says which first names could not be. */
export function makeLinks(
  plan: RestorePlan,
  target: Target,
  lacks: (entry: number) => boolean,
  tally: RestoreTally,
): void {
  const { calls } = target;
  for (const { entry, to } of plan.links) {
    const wanted = plan.entries[entry] as WantedEntry;
    const first = plan.entries[to] as WantedEntry;
    if (lacks(to)) {
      note(tally, "link", wanted.path, "the file it is a link of could not be made");
      continue;
    }
    const firstName = lastComponent(first.path);
    const linked = target.make(
      plan.directoryOf[entry] as number,
      lastComponent(wanted.path),
      (at, name) => {
        const from = target.directory(plan.directoryOf[to] as number);
        if (from < 0) return from;
        if (target.overwrite && sameInode(calls, from, firstName, at, name)) return 0;
        return calls.makeLink(from, firstName, at, name);
      },
    );
    if (linked < 0) note(tally, "link", wanted.path, `link: ${errnoName(linked)}`);
    else tally.links++;
  }
}

/** True also where an earlier restore has made the link already. */
function sameInode(
  calls: SystemCalls,
  fromAt: number,
  from: ByteString,
  at: number,
  name: ByteString,
): boolean {
  const there = calls.status(at, name);
  if (typeof there === "number") return false;
  const first = calls.status(fromAt, from);
  return typeof first !== "number" && first.identity === there.identity;
}

/** Children before parents: planned directories are sorted by path. */
export function finishDirectories(plan: RestorePlan, target: Target, tally: RestoreTally): void {
  const { calls } = target;
  const maskedMode = 0o777 & ~process.umask();
  for (let index = plan.directories.length - 1; index >= 0; index--) {
    const { entry, path, parent } = plan.directories[index] as PlannedDirectory;
    const state = target.state(index);
    if (state === "failed" || (entry < 0 && state === "existed")) continue;
    const fd = target.directory(index);
    if (fd < 0) {
      note(tally, "create", path, errnoName(fd));
    } else if (entry < 0) {
      calls.changeMode(fd, maskedMode);
    } else {
      const clean = state === "existed" || target.mayInherit(Math.max(0, parent));
      finishOpen(calls, fd, plan.entries[entry] as WantedEntry, NO_ACCESS_TIME, clean, tally);
      tally.directories++;
    }
  }
}

export function note(
  tally: RestoreTally,
  kind: RestoreProblemKind,
  path: ByteString,
  what: string,
): void {
  tally.problems.push({ kind, path, what });
}
