// The reads from one mounted tape: file after file, run after run, inode after inode. Each header is
// checked to be what the plan says before anything is made in the target.
import { showBytes } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { decodeNames, decodeRecord, FLAG, newRecordHeader, RECORD } from "../dump/format/record.ts";
import { decodeImageWords, decodeInodeWords } from "../dump/format/words.ts";
import type { Drive } from "../tape/drive.ts";
import { BlockStream } from "./block-stream.ts";
import { ContentCursor, type ContentEnd } from "./content.ts";
import { createFile, type Extraction, type PendingFile } from "./extraction.ts";
import type { FileWriter } from "./file-writer.ts";
import { type AccessTime, finishOpen, note } from "./finish.ts";
import type { PlannedMount, PlannedPass } from "./plan.ts";
import type { RestoreProblemKind } from "./report.ts";
import type { WantedEntry, WantedImage } from "./request.ts";

export async function restoreFromTape(
  extraction: Extraction,
  mount: PlannedMount,
  drive: Drive,
): Promise<void> {
  for (const pass of mount.passes) await restorePass(extraction, mount, pass, drive);
}

async function restorePass(
  extraction: Extraction,
  mount: PlannedMount,
  pass: PlannedPass,
  drive: Drive,
): Promise<void> {
  const { plan, kept, pending, tally, options } = extraction;
  const image = plan.images[pass.image] as WantedImage;
  const extent = image.extents[pass.extent] as WantedImage["extents"][number];
  const goesOn = pending.get(pass.image);
  const needed = pass.runs.some((run) => run.reads.some((index) => kept[index] === 0));
  if (!needed && goesOn?.nextExtent !== pass.extent) return;

  const stream = new BlockStream(drive, {
    file: pass.file,
    firstBlock: extent.firstBlock,
    blocks: extent.blocks,
    blockingFactor: image.blockingFactor,
    tally,
    signal: options.signal,
  });
  await checkImage(stream, image, mount.label, pass);

  let cursor = new ContentCursor();
  for (const [number, run] of pass.runs.entries()) {
    stream.expectRun(run.firstRecord, run.records);
    if (number === 0 && goesOn?.nextExtent === pass.extent)
      await continueFile(extraction, pass, stream, goesOn);
    for (const index of run.reads) {
      if (kept[index] === 1) continue;
      await restoreFile(extraction, pass, stream, index, cursor);
      if (pending.get(pass.image)?.cursor === cursor) cursor = new ContentCursor();
      if (options.progress) options.progress.done++;
    }
  }
}

/** The image's own header says whether it is the one; one that cannot be read proves nothing. */
async function checkImage(
  stream: BlockStream,
  image: WantedImage,
  label: string,
  pass: PlannedPass,
): Promise<void> {
  stream.expectRun(0, 1);
  if ((await stream.load(stream.firstBlock)) !== "ready") return;
  const at = stream.at(stream.firstBlock);
  const header = newRecordHeader();
  if (decodeRecord(stream.view, at, header) !== "ok") return;
  if ((header.flags & FLAG.compressed) !== 0) throw new ReelError("restore.compressed");
  const words =
    header.type === RECORD.tape ? decodeImageWords(stream.view, at, header.littleEndian) : null;
  const right =
    header.type === RECORD.tape &&
    sameDate(header.date, image.date) &&
    (words === null || words.imageId === image.imageId) &&
    header.volume === pass.extent + 1;
  if (right) return;
  const names = decodeNames(stream.view, at, header);
  const found =
    header.type === RECORD.tape
      ? `tape ${header.volume} of a level ${header.level} of ${showBytes(names.filesystem)}, ${shownDate(header.date)}`
      : "the middle of an image";
  const wanted = `tape ${pass.extent + 1} of ${image.title}, ${shownDate(image.date)}`;
  throw new ReelError("restore.wrong-image", { label, file: pass.file, found, wanted });
}

/** Headers have 32 bits of it, but for FreeBSD's. */
function sameDate(found: number, wanted: number): boolean {
  return found === wanted || found === wanted >>> 0;
}

function shownDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
}

async function restoreFile(
  extraction: Extraction,
  pass: PlannedPass,
  stream: BlockStream,
  index: number,
  cursor: ContentCursor,
): Promise<void> {
  const { plan, tally } = extraction;
  const entry = plan.entries[index] as WantedEntry;
  const image = plan.images[pass.image] as WantedImage;
  const block = entry.place?.block ?? 0;
  const state = stream.look(block) ?? (await stream.load(block));
  const wrong = state === "ready" ? begin(stream, block, entry, image, cursor) : null;
  if (state === "end")
    return note(tally, "damaged", entry.path, `the tape ends before block ${block}`);
  if (state === "damaged")
    return note(tally, "damaged", entry.path, `block ${block} cannot be read`);
  if (wrong !== null) return note(tally, wrong.kind, entry.path, wrong.what);
  const times = { atime: cursor.header.atime, atimeNs: cursor.header.atimeNs };
  if (cursor.header.size !== entry.size) {
    note(
      tally,
      "damaged",
      entry.path,
      `its size on tape is ${cursor.header.size}, the catalog has ${entry.size}`,
    );
  }
  const writer = createFile(extraction, index, entry);
  if (writer === null) return;
  let end: ContentEnd;
  try {
    end = await cursor.read(stream, writer, false);
  } catch (error) {
    writer.close();
    throw error;
  }
  if (end === "end" && pass.extent + 1 < image.extents.length) {
    extraction.pending.set(pass.image, {
      index,
      entry,
      writer,
      cursor,
      times,
      nextExtent: pass.extent + 1,
    });
    return;
  }
  finishFile(extraction, index, entry, writer, cursor, end, times);
}

async function continueFile(
  extraction: Extraction,
  pass: PlannedPass,
  stream: BlockStream,
  file: PendingFile,
): Promise<void> {
  const { cursor, entry, writer } = file;
  const image = extraction.plan.images[pass.image] as WantedImage;
  // Nothing stands between the header of the tape and the rest of the data.
  cursor.nextBlock = stream.firstBlock + 1;
  const end = await cursor.read(stream, writer, false);
  if (end === "end" && pass.extent + 1 < image.extents.length) {
    file.nextExtent = pass.extent + 1;
    return;
  }
  extraction.pending.delete(pass.image);
  finishFile(extraction, file.index, entry, writer, cursor, end, file.times);
}

interface WrongRecord {
  readonly kind: RestoreProblemKind;
  readonly what: string;
}

/** Null, and the cursor begun, if the block is the header of the wanted inode in the wanted image. */
function begin(
  stream: BlockStream,
  block: number,
  entry: WantedEntry,
  image: WantedImage,
  cursor: ContentCursor,
): WrongRecord | null {
  const { header } = cursor;
  const at = stream.at(block);
  const check = decodeRecord(stream.view, at, header);
  if (check !== "ok") {
    const found = check === "bad-checksum" ? "a header whose checksum is wrong" : "no header";
    return { kind: "damaged", what: `block ${block} of the image holds ${found}` };
  }
  const isInode = header.type === RECORD.inode && (header.flags & FLAG.attributes) === 0;
  if (!isInode || header.inode !== entry.inode || !sameDate(header.date, image.date)) {
    const found = isInode
      ? `inode ${header.inode} of ${shownDate(header.date)}`
      : `a record of type ${header.type}`;
    const data = { block, found, wanted: entry.inode };
    return { kind: "wrong-inode", what: new ReelError("restore.wrong-inode", data).message };
  }
  decodeInodeWords(stream.view, at, header);
  if ((header.mode & 0o170000) !== 0o100000) {
    return { kind: "wrong-inode", what: `inode ${header.inode} is no regular file on the tape` };
  }
  if (!cursor.begin(stream, block, entry.size)) {
    return { kind: "damaged", what: `the header at block ${block} counts ${header.count} blocks` };
  }
  return null;
}

function finishFile(
  { plan, target, tally, options }: Extraction,
  index: number,
  entry: WantedEntry,
  writer: FileWriter,
  cursor: ContentCursor,
  end: ContentEnd,
  times: AccessTime,
): void {
  const { path } = entry;
  let whole = true;
  const fault = (kind: RestoreProblemKind, what: string): void => {
    whole = false;
    note(tally, kind, path, what);
  };
  try {
    const right = writer.end();
    if (writer.failed !== "") fault("create", `write: ${writer.failed}`);
    if (cursor.lostBytes > 0)
      fault("damaged", `${cursor.lostBytes} bytes of its content cannot be read`);
    if (end === "lost")
      fault("damaged", `its content cannot be followed after ${cursor.fileOffset} bytes`);
    if (end === "end")
      fault("damaged", `the tape ends after ${cursor.fileOffset} of its ${entry.size} bytes`);
    if (right === false && whole)
      fault("digest", "its content is not what was dumped: the SHA-256 differs");
    // A file that is not whole does not get its time: a restore that resumes would keep it.
    const wanted = whole ? entry : { ...entry, mtimeNs: -1 };
    finishOpen(
      target.calls,
      writer.fd,
      wanted,
      times,
      target.mayInherit(plan.directoryOf[index] as number),
      tally,
    );
    tally.files++;
    tally.contentBytes += entry.size;
    if (options.progress) options.progress.bytes += entry.size;
  } finally {
    writer.close();
  }
}
