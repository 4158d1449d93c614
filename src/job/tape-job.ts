// reel tape: the library's tapes, what is on one, an image as a plain stream, and a tape read through.
import { writeSync } from "node:fs";
import { resolve } from "node:path";
import { setImmediate as immediate } from "node:timers/promises";
import type { CatalogView } from "../catalog/catalog-view.ts";
import { listDumps } from "../catalog/dump-list.ts";
import { readTreeState, recordOf } from "../catalog/tree-state.ts";
import { showBytes } from "../core/bytes.ts";
import { utf8ToByteString } from "../core/bytes.ts";
import { errnoOf, ReelError } from "../core/errors.ts";
import { TYPE } from "../core/inode.ts";
import { startPhase } from "../core/progress.ts";
import { BLOCK_BYTES } from "../dump/format/record.ts";
import { catImage, listImages, type TapeImage, tapeFiles } from "../dump/tape-images.ts";
import { scanImage } from "../restore/scan.ts";
import type { Drive } from "../tape/drive.ts";
import { readLabel } from "../tape/label.ts";
import { TapeLibrary } from "../tape/library.ts";
import { type OpenTape, openTape } from "../tape/open-tape.ts";
import { knownTapes } from "./chain-job.ts";
import { type DumpImage, readImage } from "./image-chain.ts";
import type { KnownTapes } from "./known-tapes.ts";
import { openRepository, type Repository } from "./repository.ts";
import type { JobContext } from "./requests.ts";
import type {
  TapeCatRequest,
  TapeImageView,
  TapeListReport,
  TapeRequest,
  TapeShowReport,
  TapeSummary,
  TapeVerifyReport,
} from "./tape-requests.ts";
import { changesetName } from "./views.ts";

/** How much a read of a plain stream gives at once; any multiple of a block serves. */
const PLAIN_RECORD_BYTES = 64 * BLOCK_BYTES;

/** Dumps by image id. */
type ImageIndex = ReadonlyMap<string, DumpImage>;

function imageIndex(view: CatalogView): ImageIndex {
  const index = new Map<string, DumpImage>();
  for (const dump of listDumps(view.changelog)) {
    const image = readImage(view, dump.rev);
    if (image) index.set(image.record.imageId, image);
  }
  return index;
}

/** A catalog is a help, not a need, for looking at a tape. */
async function withCatalog<T>(
  context: JobContext,
  use: (repository: Repository | null) => Promise<T>,
): Promise<T> {
  let repository: Repository | null = null;
  try {
    repository = openRepository(context);
  } catch (error) {
    if (
      !(error instanceof ReelError) ||
      context.directory !== null ||
      error.code !== "catalog.not-found-above"
    )
      throw error;
  }
  try {
    return await use(repository);
  } finally {
    repository?.close();
  }
}

function openForReading(spec: string, repository: Repository | null): Promise<OpenTape> {
  const known: KnownTapes | null = repository && knownTapes(repository);
  const path = spec === "-" || spec.includes("/") ? spec : (known?.pathOf(spec) ?? spec);
  const library = repository ? { library: new TapeLibrary(repository.libraryDirectory) } : {};
  return openTape(path, { write: false, recordBytes: PLAIN_RECORD_BYTES, ...library });
}

export async function runTapeList(context: JobContext): Promise<TapeListReport> {
  const repository = openRepository(context);
  try {
    const known = knownTapes(repository);
    const library = new TapeLibrary(repository.libraryDirectory);
    const labels = new Set([...library.list().map((tape) => tape.label), ...known.labels()]);
    const tapes: TapeSummary[] = [];
    for (const label of labels) tapes.push(await summary(label, known, repository));
    return { library: repository.libraryDirectory, tapes };
  } finally {
    repository.close();
  }
}

async function summary(
  label: string,
  known: KnownTapes,
  repository: Repository,
): Promise<TapeSummary> {
  const path = known.pathOf(label);
  const standing = known.standing(label);
  if (path === null)
    return { label, path, standing, images: 0, bytes: 0, capacityBytes: 0, lastDate: 0 };
  const tape = await openForReading(path, repository);
  try {
    const images = await listImages(tape.drive);
    const bytes = images.reduce((sum, image) => sum + image.blocks * BLOCK_BYTES, 0);
    const capacityBytes =
      tape.kind === "virtual" ? ((await readLabel(tape.drive))?.capacityBytes ?? 0) : 0;
    return {
      label,
      path,
      standing,
      images: images.length,
      bytes,
      capacityBytes,
      lastDate: images.at(-1)?.header.date ?? 0,
    };
  } finally {
    await tape.close();
  }
}

export async function runTapeShow(
  request: TapeRequest,
  context: JobContext,
): Promise<TapeShowReport> {
  return withCatalog(context, async (repository) => {
    const view = repository?.view() ?? null;
    const index: ImageIndex = view ? imageIndex(view) : new Map();
    const tape = await openForReading(request.tape, repository);
    try {
      const { images, damaged } = await inspect(tape, request.tape, repository, index);
      const views = images.map((image) => imageView(image, view, dumpOf(image, tape.label, index)));
      return { label: tape.label, path: tape.drive.name, images: views, damaged };
    } finally {
      await tape.close();
    }
  });
}

interface Inspection {
  readonly images: readonly TapeImage[];
  /** Files that do not begin as they should, and images that the catalog has here and the tape has not. */
  readonly damaged: readonly string[];
}

async function inspect(
  tape: OpenTape,
  spec: string,
  repository: Repository | null,
  index: ImageIndex,
): Promise<Inspection> {
  const images: TapeImage[] = [];
  const damaged: string[] = [];
  for await (const { image, file, firstRecord } of tapeFiles(tape.drive)) {
    if (image !== null) images.push(image);
    else if (firstRecord.byteLength === 0)
      damaged.push(`file ${file}: its first record cannot be read`);
  }
  // A plain file has what was written last; what the catalog knows of it was overwritten on purpose.
  if (tape.kind !== "virtual" || repository === null) return { images, damaged };
  const labels = labelsOf(tape, spec, repository);
  for (const { record, dump } of index.values()) {
    for (const { label, file } of record.tapes) {
      if (
        !labels.has(showBytes(label)) ||
        images.some((image) => image.file === file && image.words?.imageId === record.imageId)
      )
        continue;
      const title = `level ${record.level} of ${showBytes(record.name)}, changeset ${dump.rev}:${dump.node.slice(0, 12)}`;
      damaged.push(`file ${file}: ${title}, should be here and is not`);
    }
  }
  return { images, damaged };
}

/** The labels that the catalog may know a tape by; its own may be what is damaged. */
function labelsOf(tape: OpenTape, spec: string, repository: Repository): Set<string> {
  const known = knownTapes(repository);
  const path = resolve(tape.drive.name);
  return new Set([
    tape.label,
    spec,
    ...known.labels().filter((label) => known.pathOf(label) === path),
  ]);
}

/**
 * The dump whose image it is. A dump that was stopped between its image and its commit, and made again with the
 * same date, left an image of the same id: the catalog's is where the catalog says.
 */
function dumpOf(image: TapeImage, label: string, index: ImageIndex): DumpImage | undefined {
  const known = image.words === null ? undefined : index.get(image.words.imageId);
  const here = known?.record.tapes.filter((tape) => tape.label === utf8ToByteString(label)) ?? [];
  return here.length === 0 || here.some((tape) => tape.file === image.file) ? known : undefined;
}

function imageView(
  image: TapeImage,
  view: CatalogView | null,
  known: DumpImage | undefined,
): TapeImageView {
  return {
    number: image.number,
    file: image.file,
    level: image.header.level,
    date: image.words?.date ?? image.header.date,
    baseDate: image.words?.baseDate ?? image.header.baseDate,
    label: image.names.label,
    filesystem: image.names.filesystem,
    device: image.names.device,
    host: image.names.host,
    blockingFactor: image.recordBytes / BLOCK_BYTES,
    blocks: image.blocks,
    imageId: image.words?.imageId ?? null,
    changeset: view && known ? changesetName(view, known.dump.rev) : null,
    bundle: false,
  };
}

/** Writes the image to the output as the plain dump stream. */
export async function runTapeCat(request: TapeCatRequest, context: JobContext): Promise<void> {
  await withCatalog(context, async (repository) => {
    const tape = await openForReading(request.tape, repository);
    try {
      startPhase(context.progress, "reading", "blocks");
      await catImage(tape.drive, request.number, async (bytes) => {
        // Nothing here waits, and a signal is heard only while something does.
        await immediate();
        if (context.signal.aborted) throw new ReelError("interrupted");
        for (let at = 0; at < bytes.byteLength; ) at += writeSome(context.output, bytes, at);
        context.progress.done += bytes.byteLength / BLOCK_BYTES;
        context.progress.bytes += bytes.byteLength;
      });
    } catch (error) {
      // The reader has what it wanted: `restore -t` stops behind the directories.
      if (errnoOf(error) !== "EPIPE") throw error;
    } finally {
      await tape.close();
    }
  });
}

/** A pipe that is full for the moment says EAGAIN. */
const PIPE_WAIT_MS = 2;

function writeSome(fd: number, bytes: Uint8Array, at: number): number {
  try {
    return writeSync(fd, bytes, at);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_WAIT_MS);
      return 0;
    }
    throw error;
  }
}

/** Reads every image whole; contents are hashed and compared with the catalog's digests where it has them. */
export async function runTapeVerify(
  request: TapeRequest,
  context: JobContext,
): Promise<TapeVerifyReport> {
  return withCatalog(context, async (repository) => {
    const view = repository?.view() ?? null;
    const index: ImageIndex = view ? imageIndex(view) : new Map();
    const tape = await openForReading(request.tape, repository);
    try {
      startPhase(context.progress, "verifying", "files");
      const images: TapeVerifyReport["images"][number][] = [];
      const found = await inspect(tape, request.tape, repository, index);
      for (const image of found.images) {
        const known = dumpOf(image, tape.label, index);
        images.push({
          ...imageView(image, view, known),
          ...(await verifyImage(tape, image, view, known, repository, context)),
        });
      }
      return { label: tape.label, images, damaged: found.damaged };
    } catch (error) {
      // The scan is the restore's, and so are its words.
      throw error instanceof ReelError && error.code === "restore.interrupted"
        ? new ReelError("interrupted", {}, { cause: error })
        : error;
    } finally {
      await tape.close();
    }
  });
}

/** The further tapes of an image, as the catalog knows them. */
class ImagePieces {
  private readonly image: DumpImage | undefined;
  private readonly repository: Repository | null;
  private open: OpenTape | null = null;
  /** The label of a piece that is not here, in words. */
  missing: string | null = null;

  constructor(image: DumpImage | undefined, repository: Repository | null) {
    this.image = image;
    this.repository = repository;
  }

  async mount(volume: number): Promise<Drive | null> {
    await this.close();
    const piece = this.image?.record.tapes[volume - 1];
    if (!piece || !this.repository) return null;
    const label = showBytes(piece.label);
    if (knownTapes(this.repository).pathOf(label) === null) {
      this.missing = `${volume === 1 ? "begins" : "goes on"} on tape ${label}, which is not here`;
      return null;
    }
    this.open = await openForReading(label, this.repository);
    await this.open.drive.space({ file: piece.file, record: 0 });
    return this.open.drive;
  }

  async close(): Promise<void> {
    await this.open?.close();
    this.open = null;
  }
}

async function verifyImage(
  tape: OpenTape,
  image: TapeImage,
  view: CatalogView | null,
  known: DumpImage | undefined,
  repository: Repository | null,
  context: JobContext,
): Promise<{ files: number; digestsRight: number; problems: string[] }> {
  const problems: string[] = [];
  const wanted = view && known ? digestsOf(view, known) : null;
  let files = 0;
  let digestsRight = 0;
  const pieces = new ImagePieces(known, repository);
  // What goes on from another tape can only be read from its beginning.
  const drive = image.header.volume > 1 ? await pieces.mount(1) : tape.drive;
  if (!drive) {
    return {
      files,
      digestsRight: -1,
      problems: [pieces.missing ?? "goes on from another tape: verify that one"],
    };
  }
  if (drive === tape.drive) await drive.space({ file: image.file, record: 0 });
  const scan = await scanImage(
    drive,
    {
      inode: (inode) => {
        if (inode.type !== TYPE.file) return;
        files++;
        context.progress.done++;
        if (!inode.whole) problems.push(`inode ${inode.inode}: a part of its content is lost`);
        const digest = wanted?.get(inode.inode);
        if (digest === undefined || inode.digest === null) return;
        if (Buffer.compare(digest, inode.digest) === 0) digestsRight++;
        else problems.push(`inode ${inode.inode}: its content is not what was dumped`);
      },
      damage: (damage) => problems.push(`block ${damage.block}: ${damage.what}`),
    },
    { digests: true, signal: context.signal, nextTape: (volume) => pieces.mount(volume) },
  );
  if (scan.ended === "cut") problems.push(pieces.missing ?? "the image ends before its end record");
  await pieces.close();
  return { files, digestsRight: wanted ? digestsRight : -1, problems };
}

/** SHA-256 by dump inode of the files that this image holds. */
function digestsOf(view: CatalogView, image: DumpImage): Map<number, Uint8Array> {
  const state = readTreeState(view, image.dump.head.manifest);
  const inImage = new Set(image.offsets().inodes);
  const digests = new Map<number, Uint8Array>();
  for (let row = 0; row < state.count; row++) {
    if (
      state.recordLength[row] === 0 ||
      state.type[row] !== TYPE.file ||
      !inImage.has(state.dumpInode[row] as number)
    )
      continue;
    const { digest } = recordOf(state, row);
    if (digest) digests.set(state.dumpInode[row] as number, digest);
  }
  return digests;
}
