// reel cat: the record of one path in one changeset, since when it is so, and where copies of it lie.
import type { CatalogView } from "../catalog/catalog-view.ts";
import { listDumps } from "../catalog/dump-list.ts";
import { decodeCopy } from "../catalog/filelog-text.ts";
import { HISTORY } from "../catalog/group-index.ts";
import { DIRECTORY_NAME, escapePath, unescapePath } from "../catalog/names.ts";
import { readTreeState, pathOfRow } from "../catalog/tree-state.ts";
import { type ByteString, showBytes } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { NULL_NODE, type Rev } from "../core/ids.ts";
import { TYPE } from "../core/inode.ts";
import { blockOfInode } from "../dump/format/offset-map.ts";
import { knownTapes } from "./chain-job.ts";
import { entryAt, recordAt } from "./diff-job.ts";
import { cleanPath } from "./files-job.ts";
import { chainOf, ChainPlaces, type DumpImage, readImage } from "./image-chain.ts";
import type { KnownTapes } from "./known-tapes.ts";
import { openRepository } from "./repository.ts";
import type { CatReport, CatRequest, FileEntryView, JobContext, PlaceView } from "./requests.ts";
import { findRevision } from "./revision.ts";
import { changesetName, entryView, imageName, stalePaths } from "./views.ts";

export async function runCat(request: CatRequest, context: JobContext): Promise<CatReport> {
  const repository = openRepository(context);
  try {
    const view = repository.view();
    const rev = findRevision(view, request.rev, context);
    const { manifest } = view.changelog.head(rev);
    const path = cleanPath(request.path);
    const found = entryAt(view, manifest, path);
    const entry =
      found && entryView(found.state, found.row, stalePaths(readImage(view, rev)), found.above);
    if (!entry)
      throw new ReelError("catalog.no-such-path", {
        path: showBytes(path),
        rev: view.changelog.node(rev).slice(0, 12),
      });
    const escaped = escapePath(path);
    const own =
      entry.type !== TYPE.directory
        ? escaped
        : escaped === ""
          ? DIRECTORY_NAME
          : `${escaped}/${DIRECTORY_NAME}`;
    const history = view.history(own, HISTORY.file);
    const copy =
      history === null || entry.node === NULL_NODE
        ? null
        : decodeCopy(view.text(history, entry.node));
    return {
      changeset: changesetName(view, rev),
      entry,
      since: changesetName(view, sinceWhen(view, rev, path)),
      copiedFrom: copy ? unescapePath(copy.path).replace(/\/?%dir$/, "") : null,
      links:
        entry.nlink > 1 && entry.type !== TYPE.directory ? linksOf(view, rev, entry) : [entry.path],
      places:
        entry.type === TYPE.file && entry.size > 0
          ? placesOf(view, rev, path, entry, knownTapes(repository))
          : [],
    };
  } finally {
    repository.close();
  }
}

/** The oldest of the changeset and its first parents that holds an equal record without a break. */
function sinceWhen(view: CatalogView, rev: Rev, path: ByteString): Rev {
  const record = recordAt(view, view.changelog.head(rev).manifest, path);
  let since = rev;
  for (let at = view.changelog.p1(rev); at >= 0 && record; at = view.changelog.p1(at)) {
    const before = recordAt(view, view.changelog.head(at).manifest, path);
    if (!before || Buffer.compare(before, record) !== 0) break;
    since = at;
  }
  return since;
}

function linksOf(view: CatalogView, rev: Rev, entry: FileEntryView): ByteString[] {
  const state = readTreeState(view, view.changelog.head(rev).manifest);
  const links: ByteString[] = [];
  for (let row = 1; row < state.count; row++) {
    const same =
      state.dumpInode[row] === entry.dumpInode &&
      state.type[row] === entry.type &&
      state.recordLength[row] !== 0;
    if (same) links.push(unescapePath(pathOfRow(state, row)));
  }
  return links.sort();
}

/** First the nearest dump of the chain, then every other image whose manifest has an equal record here. */
function placesOf(
  view: CatalogView,
  rev: Rev,
  path: ByteString,
  entry: FileEntryView,
  known: KnownTapes,
): PlaceView[] {
  const chain = chainOf(view, rev);
  const nearest = new ChainPlaces(chain).find(entry.dumpInode);
  const places: PlaceView[] = [];
  const seen = new Set<Rev>();
  const add = (image: DumpImage, block: number): void => {
    if (seen.has(image.dump.rev)) return;
    seen.add(image.dump.rev);
    places.push(placeView(view, image, block, known));
  };
  if (nearest) add(chain[nearest.image] as DumpImage, nearest.block);
  const record = recordAt(view, view.changelog.head(rev).manifest, path);
  const identity = chain[0]?.dump.identity;
  const others = [...listDumps(view.changelog)]
    .filter((dump) => dump.identity === identity)
    .reverse();
  for (const dump of others) {
    const image = seen.has(dump.rev) ? null : readImage(view, dump.rev);
    if (!image || !record) continue;
    const block = blockOfInode(image.offsets(), entry.dumpInode);
    const there = block < 0 ? null : recordAt(view, dump.head.manifest, path);
    if (there && Buffer.compare(there, record) === 0) add(image, block);
  }
  return places;
}

function placeView(
  view: CatalogView,
  image: DumpImage,
  block: number,
  known: KnownTapes,
): PlaceView {
  const tapes = image.record.tapes.map((tape) => ({ ...tape, label: showBytes(tape.label) }));
  const tape = tapes.findLast((t) => t.firstBlock <= block) ?? {
    label: "-",
    file: 0,
    firstBlock: 0,
    blocks: 0,
  };
  return {
    image: imageName(view, image),
    block,
    tape,
    available: known.standing(tape.label).available,
  };
}
