// Where the bytes of a store lie in its directory: the names of its files and what each begins with.
// docs/format/store.md, section 1.
import {
  CHANGESET_HEADS,
  CHANGESET_INDEX,
  CHANGESET_LISTS,
  FIRST_GROUP_FILE,
  GROUP_FILES,
  groupDataFile,
  groupIndexFile,
  type StoreFile,
} from "./store.ts";

export const SUPERBLOCK_NAME = "superblock";
/** The superblock is replaced whole: written here, synced, renamed. */
export const SUPERBLOCK_NEXT_NAME = "superblock.next";
export const COMMITS_NAME = "commits";
export const COMMITS_NEXT_NAME = "commits.next";
export const LOCK_NAME = "lock";

/** Every file but the lock begins with the superblock; offsets of the seam count from behind it. */
export const HEADER_BYTES = 512;

const CHANGESET_NAMES: ReadonlyMap<StoreFile, string> = new Map([
  [CHANGESET_INDEX, "changesets.index"],
  [CHANGESET_HEADS, "changesets.heads"],
  [CHANGESET_LISTS, "changesets.lists"],
]);

/** "changesets.index", "g00012.data". */
export function storeFileName(file: StoreFile): string {
  if (file < FIRST_GROUP_FILE) return CHANGESET_NAMES.get(file) ?? `changesets.${file}`;
  const group = groupOfFile(file);
  const kind = (file - FIRST_GROUP_FILE) % GROUP_FILES === 0 ? "index" : "data";
  return `g${String(group).padStart(5, "0")}.${kind}`;
}

export function groupOfFile(file: StoreFile): number {
  return Math.floor((file - FIRST_GROUP_FILE) / GROUP_FILES);
}

/** The file with that name; undefined for what is no store file. */
export function storeFileNamed(name: string): StoreFile | undefined {
  for (const [file, known] of CHANGESET_NAMES) if (known === name) return file;
  const match = /^g(\d{5,9})\.(index|data)$/.exec(name);
  if (match === null) return undefined;
  const file =
    match[2] === "index" ? groupIndexFile(Number(match[1])) : groupDataFile(Number(match[1]));
  return storeFileName(file) === name ? file : undefined;
}
