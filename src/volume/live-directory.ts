// A volume that is a mounted tree: the walk by system calls, the contents read ahead on another thread.
import type { ByteString } from "../core/bytes.ts";
import { showBytes } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { readInline } from "./inline-reader.ts";
import type { VolumeSource } from "./source.ts";
import { AT_FDCWD, errnoName, loadSystemCalls, NamePad, OPEN_ROOT, openQuietly } from "./system-calls.ts";
import { identify } from "./volume-identity.ts";
import { walkDirectory } from "./walk-directory.ts";

/**
 * Opens the directory at `path` (bytes; a symbolic link there is followed). Throws `volume.unreadable`,
 * `volume.no-proc` or `volume.no-system-calls`.
 */
export async function openLiveDirectory(path: ByteString): Promise<VolumeSource> {
  const calls = await loadSystemCalls();
  const root = openQuietly(calls, AT_FDCWD, new NamePad(calls).put(path), OPEN_ROOT);
  if (root < 0) throw new ReelError("volume.unreadable", { path: showBytes(path), found: errnoName(root) });
  let isOpen = true;
  try {
    const identity = identify(calls, root);
    return {
      identity: () => identity,
      walk: (options) => walkDirectory(calls, root, options),
      read: (walk, rows, progress) => readInline(calls, root, walk, rows, progress),
      async close() {
        if (isOpen) calls.close(root);
        isOpen = false;
      },
    };
  } catch (error) {
    calls.close(root);
    throw error;
  }
}
