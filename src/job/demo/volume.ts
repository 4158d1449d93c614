// The demo's volume: small, varied, and changed between the dumps as a user would change it.
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const SPARSE_BYTES = 8 << 20;
const LOG_LINES = 400;
const SCAN_BYTES = 300_000;

/** Bytes that do not compress, the same at each run. */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function put(root: string, path: string, content: string | Uint8Array, mode = 0o644): void {
  const file = join(root, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, content, { mode });
}

export function makeVolume(root: string): void {
  put(
    root,
    "etc/passwd",
    "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n",
  );
  put(root, "etc/motd", "Welcome to vol1\n");
  put(root, "etc/backup.conf", "keep 31\nlevel weekly 0\n", 0o600);
  put(root, "home/alice/notes/todo.txt", "buy tapes\nlabel tapes\n");
  put(root, "home/alice/notes/ideas.txt", "a catalog that clones\n");
  put(root, "home/alice/résumé.txt", "Alice, keeper of tapes\n");
  put(root, "home/alice/photos/scan.raw", noise(SCAN_BYTES, 1));
  put(root, "home/bob/script.sh", "#!/bin/sh\necho hello\n", 0o755);
  put(
    root,
    "var/log/messages",
    Array.from({ length: LOG_LINES }, (_, i) => `line ${i}: all is well\n`).join(""),
  );
  put(root, "var/empty", "");
  mkdirSync(join(root, "var/spool/incoming"), { recursive: true });
  symlinkSync("../../etc/motd", join(root, "home/alice/motd"));
  const sparse = openSync(join(root, "var/disk.img"), "w");
  writeSync(sparse, "start of the disk", 0);
  writeSync(sparse, "in the middle", SPARSE_BYTES / 2);
  ftruncateSync(sparse, SPARSE_BYTES);
  closeSync(sparse);
  try {
    execFileSync("mkfifo", [join(root, "var/pipe")], { stdio: "ignore" });
  } catch {
    // A volume without a named pipe shows as much.
  }
  const old = new Date("2010-03-01T08:00:00.123Z");
  utimesSync(join(root, "etc/motd"), old, old);
}

/** What happens before each later dump, in words and in deeds. */
export const CHANGES: readonly {
  readonly level: number;
  readonly words: string;
  readonly make: (root: string) => void;
}[] = [
  {
    level: 2,
    words: "a file is created, one edited, one deleted",
    make(root) {
      put(root, "home/bob/plan.txt", "learn to restore\n");
      appendFileSync(join(root, "var/log/messages"), "line 400: a disk complains\n");
      unlinkSync(join(root, "home/alice/notes/ideas.txt"));
    },
  },
  {
    level: 3,
    words: "a file is renamed, and a directory",
    make(root) {
      renameSync(join(root, "home/bob/plan.txt"), join(root, "home/bob/plan-2010.txt"));
      renameSync(join(root, "home/alice/photos"), join(root, "home/alice/pictures"));
    },
  },
  {
    level: 1,
    words: "a hard link is added, a directory removed",
    make(root) {
      linkSync(join(root, "etc/passwd"), join(root, "home/bob/passwd-copy"));
      rmSync(join(root, "var/spool"), { recursive: true });
      put(root, "etc/motd", "Welcome to vol1, now with backups\n");
    },
  },
  {
    level: 4,
    words: "the disk image is written to",
    make(root) {
      const sparse = openSync(join(root, "var/disk.img"), "r+");
      writeSync(sparse, noise(5000, 2), 0, 5000, SPARSE_BYTES / 4);
      closeSync(sparse);
      put(root, "home/alice/notes/todo.txt", "sleep\n");
    },
  },
];
