// A model of what a store must hold: plain byte strings by file, and a generator of commits to put in it.
import {
  CHANGESET_INDEX,
  CHANGESET_LISTS,
  groupDataFile,
  groupIndexFile,
  type GroupState,
  type ReadView,
  type StoreFile,
  type WriteTx,
} from "../../src/store/store.ts";

export interface PlannedCommit {
  readonly appends: readonly { readonly file: StoreFile; readonly bytes: Uint8Array }[];
  readonly groups: readonly GroupState[];
  readonly root: Uint8Array;
}

export class ExpectedStore {
  readonly generation: number;
  readonly groups: readonly GroupState[];
  readonly root: Uint8Array;
  readonly contents: ReadonlyMap<StoreFile, Uint8Array>;

  constructor(
    generation = 0,
    groups: readonly GroupState[] = [],
    root: Uint8Array = new Uint8Array(0),
    contents: ReadonlyMap<StoreFile, Uint8Array> = new Map(),
  ) {
    this.generation = generation;
    this.groups = groups;
    this.root = root;
    this.contents = contents;
  }

  with(commit: PlannedCommit): ExpectedStore {
    const contents = new Map(this.contents);
    for (const { file, bytes } of commit.appends) {
      contents.set(file, Buffer.concat([contents.get(file) ?? Buffer.alloc(0), bytes]));
    }
    return new ExpectedStore(this.generation + 1, commit.groups, commit.root, contents);
  }

  /** What a view has otherwise, in words: every byte is compared, and nothing may lie beyond. */
  differences(view: ReadView): string[] {
    const found: string[] = [];
    if (view.generation !== this.generation)
      found.push(`generation ${view.generation}, not ${this.generation}`);
    if (JSON.stringify(view.groups) !== JSON.stringify(this.groups)) found.push("other groups");
    if (Buffer.compare(view.root, this.root) !== 0) found.push("another root");
    const fileCount = 4 + 2 * (this.groups.length + 1);
    for (let file = 0; file < fileCount; file++) {
      const content = this.contents.get(file) ?? new Uint8Array(0);
      if (view.size(file) !== content.byteLength) {
        found.push(`file ${file} has ${view.size(file)} bytes, not ${content.byteLength}`);
      } else if (Buffer.compare(view.read(file, 0, content.byteLength), content) !== 0) {
        found.push(`file ${file} has other bytes`);
      }
    }
    return found;
  }
}

const LONG_BYTES = 100_000;
const longOnes = new Map<string, Uint8Array>();

/** Bytes that follow from the seed and do not compress; the caller may change them. */
export function seededBytes(seed: number, length: number): Uint8Array {
  if (length < LONG_BYTES) return generate(seed, length);
  const key = `${seed} ${length}`;
  const known = longOnes.get(key) ?? generate(seed, length);
  longOnes.set(key, known);
  return Uint8Array.from(known);
}

function generate(seed: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/**
 * A commit like the catalog's: a little in every group's index, more in its data (in group 1 `dataBytes`, a
 * tenth of it in the others), then the changeset files.
 */
export function planCommit(seed: number, groupCount: number, dataBytes: number): PlannedCommit {
  const appends: { file: StoreFile; bytes: Uint8Array }[] = [];
  for (let group = 0; group < groupCount; group++) {
    if ((seed + group) % 3 === 0) continue;
    appends.push({
      file: groupDataFile(group),
      bytes: seededBytes(seed + group, Math.ceil(dataBytes / (group === 1 ? 1 : 10))),
    });
    appends.push({ file: groupIndexFile(group), bytes: seededBytes(seed + group + 100, 64) });
    appends.push({ file: groupDataFile(group), bytes: seededBytes(seed + group + 200, 700) });
  }
  for (let file = CHANGESET_INDEX; file <= CHANGESET_LISTS; file++) {
    appends.push({ file, bytes: seededBytes(seed + file + 300, 100 + file) });
  }
  const groups = Array.from({ length: groupCount }, (_, group) => ({
    histories: seed + group,
    directories: group,
  }));
  return { appends, groups, root: seededBytes(seed + 400, 40 + (seed % 7)) };
}

/** Throws if an offset is not where the file ended. */
export function appendAll(tx: WriteTx, commit: PlannedCommit): void {
  for (const { file, bytes } of commit.appends) {
    const size = tx.size(file);
    const offset = tx.append(file, bytes);
    if (offset !== size || tx.size(file) !== size + bytes.byteLength) {
      throw new Error(`file ${file} of ${size} bytes: appended at ${offset}, now ${tx.size(file)}`);
    }
  }
}

export async function carryOut(tx: WriteTx, commit: PlannedCommit): Promise<ReadView> {
  appendAll(tx, commit);
  return await tx.commit(commit.groups, commit.root);
}
