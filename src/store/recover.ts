// `reel recover`: does what the next writer would do, and says what it was; or only says it. Copies of the
// superblock are mended here too, which a writer leaves alone.
import { join } from "node:path";
import { readLastCommit } from "./commit-log.ts";
import { openDiskStore, type DiskStoreOptions } from "./disk-store.ts";
import { nodeFiles } from "./file-layer.ts";
import { headedFiles, findSuperblock, readHeader } from "./superblock-file.ts";
import { LOCK_NAME, SUPERBLOCK_NAME } from "./layout.ts";
import { isDead, readLock, type LockOwner } from "./lock.ts";
import { systemProcesses } from "./process-table.ts";
import { planRecovery, type RecoveryAct } from "./recovery-plan.ts";
import { decodeSuperblock, encodeSuperblock } from "./superblock.ts";

export type { RecoveryAct } from "./recovery-plan.ts";

export interface RecoveryReport {
  /** The state that is there now: generation of the last commit. */
  readonly generation: number;
  /** A lock that a dead owner left; `owner` is undefined for a torn one. */
  readonly brokenLock: { readonly owner: LockOwner | undefined } | undefined;
  readonly acts: readonly RecoveryAct[];
  /** Files whose copy of the superblock was damaged. */
  readonly headersRestored: readonly string[];
}

export interface RecoverOptions extends DiskStoreOptions {
  /** Only says what would be done; takes no lock. */
  readonly dryRun?: boolean;
}

/**
 * Throws what opening a store throws, and `store.locked`, `store.file-missing`, `store.file-short`: damage
 * that no recovery mends.
 */
export function recoverStore(directory: string, options: RecoverOptions = {}): RecoveryReport {
  const files = options.files ?? nodeFiles;
  const { superblock } = findSuperblock(files, directory);
  const lock = readLock(files, join(directory, LOCK_NAME));
  const brokenLock =
    lock !== undefined && isDead(lock.owner, options.processes ?? systemProcesses)
      ? lock
      : undefined;
  const damagedHeaders = () =>
    headedFiles(files, directory).filter(
      (name) =>
        name !== SUPERBLOCK_NAME &&
        decodeSuperblock(readHeader(files, join(directory, name))) === undefined,
    );
  if (options.dryRun === true) {
    const last = readLastCommit(files, directory, superblock.catalogId);
    const mainGood =
      decodeSuperblock(readHeader(files, join(directory, SUPERBLOCK_NAME))) !== undefined;
    const acts = planRecovery(files, directory, last, mainGood);
    const removed = new Set(acts.flatMap((act) => (act.kind === "file-removed" ? [act.name] : [])));
    const headersRestored = damagedHeaders().filter((name) => !removed.has(name));
    return { generation: last.record.generation, brokenLock, acts, headersRestored };
  }
  let acts: readonly RecoveryAct[] = [];
  const store = openDiskStore(directory, { ...options, recovered: (done) => (acts = done) });
  try {
    const tx = store.begin();
    try {
      const headersRestored = damagedHeaders();
      for (const name of headersRestored) {
        const handle = files.open(join(directory, name), "write");
        try {
          files.write(handle, encodeSuperblock(superblock), 0);
          files.syncNow(handle);
        } finally {
          files.close(handle);
        }
      }
      return { generation: tx.base.generation, brokenLock, acts, headersRestored };
    } finally {
      tx.abort();
    }
  } finally {
    store.close();
  }
}
