// Opening a catalog for the verbs that walk history.
import type { CatalogView } from "../catalog/catalog-view.ts";
import { findFile } from "../catalog/tree-walk.ts";
import type { ByteString } from "../core/bytes.ts";
import { NULL_NODE, type Rev } from "../core/ids.ts";
import { openRepository } from "./repository.ts";
import type { Catalog, JobContext, PathChanges } from "./requests.ts";

export async function openCatalog(context: JobContext): Promise<Catalog> {
  const repository = openRepository(context);
  const view = repository.view();
  return {
    directory: repository.directory,
    changelog: view.changelog,
    changes: (rev) => changesOf(view, rev),
    close: () => repository.close(),
  };
}

/** The file list, told apart as Mercurial does: by the changeset's manifest and those of its parents. */
function changesOf(view: CatalogView, rev: Rev): PathChanges {
  const { changelog } = view;
  const manifests = [rev, changelog.p1(rev), changelog.p2(rev)].map((each) =>
    each < 0 ? NULL_NODE : changelog.head(each).manifest,
  );
  const [now = NULL_NODE, ...parents] = manifests;
  const added: ByteString[] = [];
  const modified: ByteString[] = [];
  const removed: ByteString[] = [];
  for (const path of changelog.files(rev)) {
    const isIn = (manifest: typeof now) =>
      manifest !== NULL_NODE && findFile(view, manifest, path) !== null;
    if (!isIn(now)) removed.push(path);
    else if (parents.some(isIn)) modified.push(path);
    else added.push(path);
  }
  return { added, modified, removed };
}
