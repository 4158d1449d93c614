// reel dump: a volume onto tape, and the image into the catalog. The steps in order; docs/architecture.md
// walks them. Nothing is committed before the image is durable; until then a failure changes nothing.
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { setImmediate as immediate } from "node:timers/promises";
import type { CatalogView } from "../catalog/catalog-view.ts";
import { checkUser, normalDescription } from "../catalog/changeset-text.ts";
import { type DumpHead, dumpHead, EXTRA } from "../catalog/dump-list.ts";
import { encodeImage, imageIdOf, type ImageRecord, NO_IMAGE } from "../catalog/image.ts";
import { commitTree } from "../catalog/tree-commit.ts";
import { readTreeState, type TreeState } from "../catalog/tree-state.ts";
import { type ByteString, showBytes, utf8ToByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { NULL_NODE, type Rev, toRev } from "../core/ids.ts";
import { startPhase } from "../core/progress.ts";
import { dump } from "../dump/engine.ts";
import { encodeOffsetMap } from "../dump/format/offset-map.ts";
import { chooseBase } from "../dump/levels.ts";
import type { DumpOutcome } from "../dump/request.ts";
import { BLOCKING_FACTOR_DEFAULT, checkBlockingFactor, Spool } from "../dump/spool.ts";
import { TapeLibrary } from "../tape/library.ts";
import { openLiveDirectory } from "../volume/live-directory.ts";
import type { VolumeSource, Walk } from "../volume/source.ts";
import { readBegunDate, writeBegunDate } from "./dump/begun-date.ts";
import { describeDump } from "./dump/description.ts";
import {
  chooseDate,
  type DumpIdentity,
  findIdentity,
  identityText,
  showDate,
} from "./dump/identity.ts";
import { type InodeNumbers, numberInodes } from "./dump/inode-numbers.ts";
import { mergeTrees, settleNodes } from "./dump/merge-trees.ts";
import { notesOf, skippedOf } from "./dump/notes.ts";
import { ownPatterns } from "./dump/own-files.ts";
import { PhaseTimes } from "./dump/phase-times.ts";
import { RecordBuilder } from "./dump/record-builder.ts";
import { type Selection, selectInodes } from "./dump/selection.ts";
import { loadState, saveState } from "./dump/state-cache.ts";
import { keptInodes, keptNames } from "./dump/unread.ts";
import { TapeWriter } from "./dump/tape-writer.ts";
import { chainOf, type DumpImage, readImage } from "./image-chain.ts";
import { KnownTapes } from "./known-tapes.ts";
import { CATALOG_FOLDER, emptyPath, openRepository, type Repository } from "./repository.ts";
import type { DumpReport, DumpRequest, JobContext } from "./requests.ts";
import { changesetName } from "./views.ts";

/** What is known before the tape turns. */
interface Prepared {
  readonly request: DumpRequest;
  readonly context: JobContext;
  readonly times: PhaseTimes;
  readonly repository: Repository;
  readonly view: CatalogView;
  readonly source: VolumeSource;
  readonly identity: DumpIdentity;
  readonly base: DumpHead | null;
  readonly baseImage: DumpImage | null;
  readonly baseState: TreeState | null;
  readonly date: number;
  readonly imageId: string;
  readonly blockingFactor: number;
  readonly scanStart: { readonly seconds: number; readonly ns: number };
  readonly walk: Walk;
  /** The patterns asked for, and what of Reel's own lies in the volume. */
  readonly exclude: readonly string[];
  readonly numbers: InodeNumbers;
  readonly selection: Selection;
}

/** How long signals and the progress line may have to wait. */
const TURN_MS = 40;

/** The clock may be coarse, and a file may change in the tick of the walk. */
const SCAN_MARGIN_NS = 2_000_000_000n;

/** Gives the volume at a path. */
export type OpenVolume = (path: ByteString) => Promise<VolumeSource>;

export async function runDump(
  request: DumpRequest,
  context: JobContext,
  openVolume: OpenVolume = openLiveDirectory,
): Promise<DumpReport> {
  const times = new PhaseTimes();
  if (request.source === "") throw emptyPath("source");
  const repository = openRepository(context);
  let source: VolumeSource | null = null;
  try {
    source = await openVolume(utf8ToByteString(resolve(context.cwd, request.source)));
    const lock = repository.lockPath(source.identity().path);
    try {
      const prepared = await prepare(request, context, times, repository, source);
      const library = new TapeLibrary(repository.libraryDirectory, context.notice);
      const known = new KnownTapes(repository.directory, library);
      const tapes = new TapeWriter(
        library,
        known,
        request.tape,
        basesOf(prepared),
        prepared.blockingFactor,
        context.notice,
      );
      try {
        const records = new RecordBuilder(prepared.walk, prepared.numbers.inode);
        const outcome = await writeImage(prepared, tapes, records);
        return await commit(prepared, records, outcome);
      } finally {
        await tapes.close();
      }
    } finally {
      lock.release();
    }
  } finally {
    await source?.close();
    repository.close();
  }
}

/** Steps 1 to 3: identity and base, the walk, what to write. */
async function prepare(
  request: DumpRequest,
  context: JobContext,
  times: PhaseTimes,
  repository: Repository,
  source: VolumeSource,
): Promise<Prepared> {
  const { progress, clock } = context;
  userOf(context);
  const blockingFactor = checkBlockingFactor(request.blockingFactor ?? BLOCKING_FACTOR_DEFAULT);
  const view = repository.view();
  const volume = source.identity();
  const identity = findIdentity(view, volume, request.name);
  const base = chooseBase(
    identity.dumps,
    identityText(identity),
    request.level,
    showBytes(identity.name),
  );
  const baseImage = base ? readImage(view, base.rev) : null;
  if (base && !baseImage)
    throw new ReelError("catalog.not-a-dump", { found: base.node.slice(0, 12) });
  if (baseImage && baseImage.record.root !== utf8ToByteString(volume.root) && !request.force) {
    throw new ReelError("dump.other-root", {
      path: showBytes(volume.path),
      found: volume.root,
      wanted: showBytes(baseImage.record.root),
    });
  }
  const now = clock.now();
  const begunFile = repository.pathFile(volume.path);
  const date = chooseDate(
    identity.dumps,
    base,
    readBegunDate(begunFile),
    Number(now / 1_000_000_000n),
    request.date?.time ?? null,
  );
  writeBegunDate(begunFile, date);
  const imageId = imageIdOf(
    identity.uuid,
    identity.volumePath,
    request.level,
    date,
    baseImage?.record.imageId ?? NO_IMAGE,
  );
  if (identity.dumps.some((d) => d.imageId === imageId))
    throw new ReelError("dump.date-taken", { found: showDate(date) });
  const scanStart = now - SCAN_MARGIN_NS;
  times.end("prepare");
  startPhase(progress, "I: mapping files", "files");
  const own = ownPatterns(volume.path, [
    join(repository.directory, CATALOG_FOLDER),
    ...ownTape(request, repository, context),
  ]);
  for (const pattern of own)
    context.notice(`left out, as this dump itself writes there: ${pattern}`);
  const exclude = [...request.exclude, ...own];
  const walk = await source.walk({ exclude, crossMounts: request.crossMounts, progress });
  times.end("walk");
  const rootProblem = walk.problems.find(
    (problem) => problem.kind === "unreadable-directory" && problem.row === 0,
  );
  if (rootProblem)
    throw new ReelError("volume.unreadable", {
      path: showBytes(volume.path),
      found: rootProblem.errno,
    });
  const latest = base ?? latestOf(identity.dumps);
  const before = latest ? treeOf(repository, view, latest) : null;
  const numbers = numberInodes(walk, before, base === null);
  const selectionBase =
    base && before && baseImage
      ? {
          state: before,
          scanStart: baseImage.record.scanStart,
          scanStartNs: baseImage.record.scanStartNs,
          noted: baseImage.record.notes.map((note) => note.path),
        }
      : null;
  return {
    request,
    context,
    times,
    repository,
    view,
    source,
    identity,
    base,
    baseImage,
    baseState: base ? before : null,
    date,
    imageId,
    blockingFactor,
    scanStart: {
      seconds: Number(scanStart / 1_000_000_000n),
      ns: Number(scanStart % 1_000_000_000n),
    },
    walk,
    exclude,
    numbers,
    selection: selectInodes(walk, numbers.inode, selectionBase),
  };
}

/** The tape's path, if it is a file outside the library; a device that it is written to may be dumped. */
function ownTape({ tape }: DumpRequest, repository: Repository, context: JobContext): string[] {
  if (tape === null || tape === "-" || new TapeLibrary(repository.libraryDirectory).find(tape))
    return [];
  const path = resolve(context.cwd, tape);
  return (statSync(path, { throwIfNoEntry: false })?.isFile() ?? true) ? [path] : [];
}

function latestOf(dumps: readonly DumpHead[]): DumpHead | null {
  return dumps.reduce<DumpHead | null>(
    (latest, d) => (latest === null || d.date >= latest.date ? d : latest),
    null,
  );
}

/** The dumps that this one builds on, by image id. */
function basesOf({ view, base }: Prepared): Map<string, string> {
  const chain = base ? chainOf(view, base.rev) : [];
  return new Map(
    chain.map(({ record, dump: { rev, node } }) => [
      record.imageId,
      `level ${record.level}, changeset ${rev}:${node.slice(0, 12)}`,
    ]),
  );
}

function treeOf(repository: Repository, view: CatalogView, d: DumpHead): TreeState {
  return loadState(repository.cacheDirectory, d.node) ?? readTreeState(view, d.head.manifest);
}

/** Step 4: the engine writes, the records are built as the contents go by; the tape is durable at the end. */
async function writeImage(
  prepared: Prepared,
  tapes: TapeWriter,
  records: RecordBuilder,
): Promise<DumpOutcome> {
  const { request, identity, baseImage, context, walk, numbers, selection, date } = prepared;
  prepared.times.end("select");
  const volume = prepared.source.identity();
  const mounted = await tapes.first();
  const kept = keptInodes(selection.unread, selection.baseRow, prepared.baseState);
  const spool = new Spool(mounted, {
    blockingFactor: prepared.blockingFactor,
    ...(tapes.next ? { nextTape: tapes.next } : {}),
  });
  const run = dump(
    prepared.source,
    {
      label: {
        date,
        baseDate: baseImage?.record.date ?? 0,
        level: request.level,
        label: mounted.label,
        filesystem: showBytes(identity.name),
        device: volume.device,
        host: volume.host,
        blockingFactor: prepared.blockingFactor,
        words: {
          imageId: prepared.imageId,
          baseImageId: baseImage?.record.imageId ?? NO_IMAGE,
          volumeUuid: identity.uuid,
          date,
          baseDate: baseImage?.record.date ?? 0,
        },
      },
      walk,
      inode: numbers.inode,
      inodeMax: kept.reduce((max, number) => Math.max(max, number), numbers.inodeMax),
      selected: selection.selected,
      kept,
      keptNames: keptNames(selection.unread, prepared.baseState),
      progress: context.progress,
    },
    spool,
  );
  let step = await run.next();
  let turned = performance.now();
  for (; !step.done; step = await run.next()) {
    // A source that never waits would let no signal in.
    if (performance.now() - turned > TURN_MS) {
      await immediate();
      turned = performance.now();
    }
    if (context.signal.aborted) throw new ReelError("interrupted");
    records.add(step.value);
  }
  prepared.times.end("image");
  await tapes.finish(spool.drive);
  prepared.times.end("sync");
  return step.value;
}

/** Step 5: the image becomes a changeset. */
async function commit(
  prepared: Prepared,
  records: RecordBuilder,
  outcome: DumpOutcome,
): Promise<DumpReport> {
  const { request, context, repository, identity, base, baseState, walk, selection, numbers } =
    prepared;
  startPhase(context.progress, "V: committing", "files", walk.count);
  const offsets = encodeOffsetMap(
    Uint32Array.from(records.inodes),
    Float64Array.from(records.blocks),
  );
  const merge = { walk, inode: numbers.inode, selection, records, base: baseState, offsets };
  const merged = mergeTrees({
    ...merge,
    describe: (stale) => encodeImage(imageRecord(prepared, records, outcome, stale)),
  });
  const writer = await repository.beginInTurn(context.signal);
  try {
    refuseTakenName(writer.view, prepared);
    writer.placement.reserve(
      base ? 0 : merged.change.names.length + merged.change.directories.length,
    );
    const tree = commitTree(writer, merged.change, base ? base.head.manifest : NULL_NODE);
    const zone = request.date?.zone ?? context.clock.zone(prepared.date);
    const extras = new Map<string, string>([
      ["branch", identity.branch],
      [EXTRA.image, prepared.imageId],
      [EXTRA.level, String(request.level)],
      [EXTRA.date, String(prepared.date)],
      [EXTRA.volume, identityText(identity)],
      [EXTRA.site, utf8ToByteString(context.host)],
    ]);
    if (base) extras.set(EXTRA.base, String(base.date));
    const previous = latestOf(identity.dumps);
    if (previous) extras.set(EXTRA.previous, previous.node);
    const { rev, node } = writer.addChangeset(
      {
        manifest: tree.manifest,
        user: userOf(context),
        time: prepared.date,
        zone,
        extras,
        description: normalDescription(utf8ToByteString(describeDump(request, identity, outcome))),
      },
      tree.list,
      tree.files,
      tree.listIsManifest,
      base ? base.node : NULL_NODE,
      NULL_NODE,
    );
    prepared.times.end("catalog");
    await writer.commit();
    prepared.times.end("commit");
    settleNodes(merged, tree.nodes);
    saveState(repository.cacheDirectory, node, merged.state);
    prepared.times.end("cache");
    return report(prepared, records, outcome, merged.stale, rev);
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function userOf(context: JobContext): ByteString {
  return checkUser(utf8ToByteString(context.user.trim()));
}

/** Another volume's first dump may have taken the name since this one began. */
function refuseTakenName(now: CatalogView, { view, identity }: Prepared): void {
  for (let rev = view.changelog.count; rev < now.changelog.count; rev++) {
    const other = dumpHead(now.changelog, toRev(rev));
    if (other?.branch === identity.branch && other.identity !== identityText(identity)) {
      throw new ReelError("dump.name-taken", { name: showBytes(identity.name) });
    }
  }
}

function imageRecord(
  prepared: Prepared,
  records: RecordBuilder,
  outcome: DumpOutcome,
  stale: readonly string[],
): ImageRecord {
  const { request, exclude, identity, baseImage, source, walk, date, imageId, scanStart } =
    prepared;
  const volume = source.identity();
  return {
    imageId,
    volumeUuid: identity.uuid,
    volumePath: identity.volumePath,
    name: identity.name,
    level: request.level,
    date,
    baseImageId: baseImage?.record.imageId ?? NO_IMAGE,
    baseDate: baseImage?.record.date ?? 0,
    scanStart: scanStart.seconds,
    scanStartNs: scanStart.ns,
    host: utf8ToByteString(volume.host),
    source: volume.path,
    root: utf8ToByteString(volume.root),
    blockingFactor: prepared.blockingFactor,
    snapshot: "",
    exclude: exclude.map(utf8ToByteString),
    tapes: outcome.extents.map((e) => ({
      label: utf8ToByteString(e.label),
      file: e.file,
      firstBlock: e.firstBlock,
      blocks: e.blocks,
    })),
    blocks: outcome.blocks,
    directories: outcome.directories,
    files: outcome.files,
    contentBytes: outcome.contentBytes,
    notes: notesOf(walk, records, stale, outcome),
  };
}

function report(
  prepared: Prepared,
  records: RecordBuilder,
  outcome: DumpOutcome,
  stale: readonly string[],
  rev: Rev,
): DumpReport {
  const { repository, base, request, walk, times } = prepared;
  const view = repository.view();
  const baseName = base
    ? { ...changesetName(view, base.rev), imageId: base.imageId, level: base.level }
    : null;
  return {
    image: { ...changesetName(view, rev), imageId: prepared.imageId, level: request.level },
    base: baseName,
    directories: outcome.directories,
    files: outcome.files,
    contentBytes: outcome.contentBytes,
    blocks: outcome.blocks,
    tapes: outcome.extents.map((e) => ({
      label: e.label,
      file: e.file,
      firstBlock: e.firstBlock,
      blocks: e.blocks,
    })),
    skipped: skippedOf(walk, records, stale),
    excluded: walk.excluded,
    snapshot: "live directory",
    seconds: times.seconds,
    phases: times.phases,
  };
}
