// Tags: lines of .hgtags in the root of heads' manifests, in Mercurial's form. Dumps never hold the file,
// so only the other heads are looked at.
import { byteString, type ByteString } from "../core/bytes.ts";
import { NULL_NODE, type NodeId, type Rev, toRev } from "../core/ids.ts";
import type { CatalogView } from "./catalog-view.ts";
import { EXTRA } from "./dump-list.ts";
import { HISTORY } from "./group-index.ts";
import { fileContent } from "./filelog-text.ts";
import { findInManifest } from "./manifest-text.ts";
import { ROOT_HISTORY } from "./catalog-view.ts";

export const TAGS_NAME = ".hgtags";

/** Tag to revision; the last line of a name counts, and that of a later head before an earlier one's. */
export function readTags(view: CatalogView): Map<ByteString, Rev> {
  const nodes = new Map<ByteString, NodeId>();
  const history = view.history(TAGS_NAME, HISTORY.file);
  if (history !== null) {
    for (const rev of headsOf(view.changelog)) {
      const head = view.changelog.head(rev);
      if (head.extras.has(EXTRA.image) || head.manifest === NULL_NODE) continue;
      const entry = findInManifest(view.text(ROOT_HISTORY, head.manifest), TAGS_NAME);
      if (!entry) continue;
      for (const line of byteString(fileContent(view.text(history, entry.node))).split("\n")) {
        const match = /^([0-9a-f]{40}) (.+)$/.exec(line);
        if (match) nodes.set((match[2] as string).trim(), match[1] as NodeId);
      }
    }
  }
  const tags = new Map<ByteString, Rev>();
  for (const [name, node] of nodes) {
    const rev = node === NULL_NODE ? -1 : view.changelog.revOf(node);
    if (rev >= 0) tags.set(name, toRev(rev));
  }
  return tags;
}

/** Revisions without children, ascending. */
export function headsOf(changelog: {
  readonly count: number;
  p1(rev: Rev): Rev;
  p2(rev: Rev): Rev;
}): Rev[] {
  const hasChild = new Uint8Array(changelog.count);
  for (let rev = 0; rev < changelog.count; rev++) {
    const p1 = changelog.p1(toRev(rev));
    const p2 = changelog.p2(toRev(rev));
    if (p1 >= 0) hasChild[p1] = 1;
    if (p2 >= 0) hasChild[p2] = 1;
  }
  const heads: Rev[] = [];
  for (let rev = 0; rev < changelog.count; rev++) if (hasChild[rev] === 0) heads.push(toRev(rev));
  return heads;
}
