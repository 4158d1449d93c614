// Who a live directory is: host, real path, device, and what tells its file system from another's that is
// mounted at the same path.
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { byteString } from "../core/bytes.ts";
import { errnoOf, ReelError } from "../core/errors.ts";
import type { VolumeIdentity } from "./source.ts";
import { StatBuffer, STATX_MASK } from "./stat-buffer.ts";
import { AT_EMPTY_PATH, errnoName, NamePad, type SystemCalls } from "./system-calls.ts";

/** Magic numbers (statfs) whose f_fsid comes from the file system's UUID; xfs and others make it of the device number, which may change at the next start. */
const STABLE_FSID: ReadonlySet<number> = new Set([0xef53, 0x9123683e, 0xf2f52010, 0x2fc12fc1]);

export interface Mount {
  /** "ext4". */
  readonly type: string;
  /** "/dev/sda1". */
  readonly source: string;
}

export function identify(calls: SystemCalls, root: number): VolumeIdentity {
  const stat = new StatBuffer(calls);
  const pad = new NamePad(calls);
  const result = calls.statx(root, pad.put(""), AT_EMPTY_PATH, STATX_MASK, stat.address);
  if (result < 0)
    throw new ReelError("volume.unreadable", { path: "the root", found: errnoName(result) });
  const mount = findMount(stat.mountId);
  const inode = (BigInt(stat.inodeHigh) << 32n) | BigInt(stat.inodeLow);
  return {
    host: hostname(),
    path: realPath(root),
    device: mount.source,
    root: `inode ${inode} of ${mount.type}${fileSystemId(calls, root)}`,
  };
}

/** The name that the kernel has for an open directory. */
function realPath(fd: number): string {
  try {
    return byteString(readlinkSync(`/proc/self/fd/${fd}`, "buffer"));
  } catch (cause) {
    throw new ReelError("volume.no-proc", { found: errnoOf(cause) }, { cause });
  }
}

function findMount(mountId: number): Mount {
  try {
    return (
      parseMount(readFileSync("/proc/self/mountinfo", "latin1"), mountId) ?? {
        type: "unknown",
        source: "unknown",
      }
    );
  } catch {
    return { type: "unknown", source: "unknown" };
  }
}

/** Finds a mount in the text of /proc/self/mountinfo (proc(5)). */
export function parseMount(mountinfo: string, mountId: number): Mount | undefined {
  for (const line of mountinfo.split("\n")) {
    if (!line.startsWith(`${mountId} `)) continue;
    const [, fields] = line.split(" - ");
    const [type, source] = fields?.split(" ") ?? [];
    if (type === undefined || source === undefined) return undefined;
    const unescaped = source.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(parseInt(octal, 8)),
    );
    return { type, source: unescaped };
  }
  return undefined;
}

function fileSystemId(calls: SystemCalls, root: number): string {
  const memory = calls.memory(Buffer.alloc(4096));
  if (calls.fstatfs(root, memory.address) < 0) return "";
  // 64-bit Linux: f_type is a long at 0, f_fsid two ints at 56.
  if (!STABLE_FSID.has(memory.bytes.readUInt32LE(0))) return "";
  return ` ${memory.bytes.subarray(56, 64).toString("hex")}`;
}
