// From a changeset and the paths wanted to the plain values that a restore plan is made of: the tree's rows,
// the images of the chain, and the place of each inode.
import type { CatalogView } from "../catalog/catalog-view.ts";
import { escapePath, unescapePath } from "../catalog/names.ts";
import {
  pathOfRow,
  readTreeState,
  recordOf,
  rowOfPath,
  type TreeState,
} from "../catalog/tree-state.ts";
import { type ByteString, showBytes } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { TYPE } from "../core/inode.ts";
import { planRestore, type RestorePlan } from "../restore/plan.ts";
import type { WantedEntry, WantedImage } from "../restore/request.ts";
import { loadState } from "./dump/state-cache.ts";
import { cleanPath, depthFirst } from "./files-job.ts";
import { chainOf, ChainPlaces, type DumpImage } from "./image-chain.ts";
import type { Repository } from "./repository.ts";

export interface PlannedRestore {
  readonly plan: RestorePlan;
  readonly chain: readonly DumpImage[];
  readonly state: TreeState;
}

/** Makes the plan; reads the catalog only. Throws `catalog.no-such-path`. */
export function planOf(
  repository: Repository,
  view: CatalogView,
  top: DumpImage,
  paths: readonly ByteString[],
): PlannedRestore {
  const state =
    loadState(repository.cacheDirectory, top.dump.node) ??
    readTreeState(view, top.dump.head.manifest);
  const chain = chainOf(view, top.dump.rev);
  const places = new ChainPlaces(chain);
  const wanted = wantedRows(state, paths, top);
  const entries: WantedEntry[] = [];
  for (const row of depthFirst(state)) {
    if (wanted[row] === 1 && state.recordLength[row] !== 0)
      entries.push(entryOf(state, row, places));
  }
  return { plan: planRestore({ images: chain.map(wantedImage), entries }), chain, state };
}

/** 1 for the rows at and below the paths, and for the directories that lead to them. */
function wantedRows(state: TreeState, paths: readonly ByteString[], top: DumpImage): Uint8Array {
  const wanted = new Uint8Array(state.count);
  if (paths.length === 0) return wanted.fill(1);
  const stack: number[] = [];
  for (const path of paths) {
    const clean = cleanPath(path);
    const row = rowOfPath(state, escapePath(clean));
    if (row < 0)
      throw new ReelError("catalog.no-such-path", {
        path: showBytes(clean),
        rev: top.dump.node.slice(0, 12),
      });
    stack.push(row);
    for (let above = state.parent[row] as number; above >= 0; above = state.parent[above] as number)
      wanted[above] = 1;
  }
  for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
    wanted[row] = 1;
    const first = state.firstEntry[row] as number;
    for (let entry = first; entry < first + (state.entryCount[row] as number); entry++)
      stack.push(entry);
  }
  return wanted;
}

function entryOf(state: TreeState, row: number, places: ChainPlaces): WantedEntry {
  const record = recordOf(state, row);
  const onTape = record.type === TYPE.file && record.size > 0;
  return {
    path: row === 0 ? "" : unescapePath(pathOfRow(state, row)),
    type: record.type,
    mode: record.mode,
    uid: record.uid,
    gid: record.gid,
    size: record.size,
    mtime: record.mtime,
    mtimeNs: record.mtimeNs,
    rdevMajor: record.rdevMajor,
    rdevMinor: record.rdevMinor,
    target: record.target,
    attributes: record.attributes,
    digest: record.digest,
    inode: record.dumpInode,
    place: onTape ? places.find(record.dumpInode) : null,
  };
}

function wantedImage(image: DumpImage): WantedImage {
  const { record, dump } = image;
  return {
    imageId: record.imageId,
    title: `level ${record.level} of ${showBytes(record.name)}, changeset ${dump.rev}:${dump.node.slice(0, 12)}`,
    level: record.level,
    date: record.date,
    blockingFactor: record.blockingFactor,
    extents: record.tapes.map((tape) => ({ ...tape, label: showBytes(tape.label) })),
  };
}
