// Catalog values as the reports name them.
import type { CatalogView } from "../catalog/catalog-view.ts";
import { branchOf } from "../catalog/changeset-text.ts";
import { unescapePath } from "../catalog/names.ts";
import { nodeOfRow, pathOfRow, recordOf, type TreeState } from "../catalog/tree-state.ts";
import { decodeAttributes } from "../core/attributes.ts";
import type { Rev } from "../core/ids.ts";
import type { DumpImage } from "./image-chain.ts";
import type { ChangesetName, FileEntryView, ImageName } from "./requests.ts";

export function changesetName(view: CatalogView, rev: Rev): ChangesetName {
  const head = view.changelog.head(rev);
  return {
    rev,
    node: view.changelog.node(rev),
    branch: branchOf(head),
    time: head.time,
    zone: head.zone,
  };
}

export function imageName(view: CatalogView, image: DumpImage): ImageName {
  return {
    ...changesetName(view, image.dump.rev),
    imageId: image.record.imageId,
    level: image.record.level,
  };
}

/** The row as a report shows it; null for a path without a record of Reel's. `above` is the path of row 0. */
export function entryView(
  state: TreeState,
  row: number,
  stale: ReadonlySet<string>,
  above = "",
): FileEntryView | null {
  if (state.recordLength[row] === 0) return null;
  const r = recordOf(state, row);
  const below = row === 0 ? "" : pathOfRow(state, row);
  const escaped = above === "" || below === "" ? above + below : `${above}/${below}`;
  const path = unescapePath(escaped);
  return {
    path,
    type: r.type,
    mode: r.mode,
    nlink: r.nlink,
    uid: r.uid,
    gid: r.gid,
    size: r.size,
    mtime: r.mtime,
    mtimeNs: r.mtimeNs,
    ctime: r.ctime,
    ctimeNs: r.ctimeNs,
    birth: r.birth,
    birthNs: r.birthNs,
    rdevMajor: r.rdevMajor,
    rdevMinor: r.rdevMinor,
    target: r.target,
    digest: r.digest === null ? null : Buffer.from(r.digest).toString("hex"),
    dumpInode: r.dumpInode,
    sourceInode: (BigInt(r.sourceInodeHigh) << 32n) | BigInt(r.sourceInodeLow),
    attributes: decodeAttributes(r.attributes),
    node: nodeOfRow(state, row),
    stale: stale.has(path),
  };
}

/** Paths that the image notes as stale. */
export function stalePaths(image: DumpImage | null): Set<string> {
  const paths = new Set<string>();
  for (const note of image?.record.notes ?? []) if (note.what === "stale") paths.add(note.path);
  return paths;
}
