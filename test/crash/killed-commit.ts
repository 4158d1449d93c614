// The commits of store-writer.ts, known to the test that kills it: by seed alone, of varied sizes.
import { CHANGESET_INDEX, groupDataFile, groupIndexFile } from "../../src/store/store.ts";
import type { PlannedCommit } from "../store/expected-store.ts";

const GROUPS = 6;

function bytesOf(seed: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length, `${seed}.`);
  if (length >= 4) bytes.writeUInt32BE(seed >>> 0, 0);
  return bytes;
}

export function killedCommit(seed: number): PlannedCommit {
  const appends = [{ file: CHANGESET_INDEX, bytes: bytesOf(seed, 64) }];
  for (let group = 0; group < GROUPS; group++) {
    if ((seed + group) % 4 === 0) continue;
    appends.push({
      file: groupDataFile(group),
      bytes: bytesOf(seed, ((seed * 7919 + group * 104_729) % 40) * 10_000),
    });
    appends.push({ file: groupIndexFile(group), bytes: bytesOf(seed, 64 * (1 + (seed % 5))) });
  }
  const groups = Array.from({ length: GROUPS }, (_, group) => ({
    histories: 10 + group,
    directories: group,
  }));
  return { appends, groups, root: bytesOf(seed, 30) };
}
