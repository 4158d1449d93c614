// Which tape is mounted when, and what is read from it: images may span tapes, tapes may hold many images.
// A tape is mounted once, unless two images cross between two tapes in opposite directions.
import { BLOCK_BYTES } from "../dump/format/record.ts";
import type { PlannedMount, PlannedPass, PlannedRun } from "./plan.ts";
import type { WantedEntry, WantedImage } from "./request.ts";

/** A writer on a file system of 1 KiB blocks puts a header before each 256 of them; others put fewer. */
const HEADER_SPACING_BLOCKS = 256;

/** The reads of one piece of an image, before they are joined into runs. */
interface Piece {
  readonly image: number;
  readonly extent: number;
  readonly reads: number[];
  continues: number;
}

/** `taped` are entries with a place on one of the image's extents; gives mounts in order. */
export function orderTapes(
  images: readonly WantedImage[],
  entries: readonly WantedEntry[],
  taped: readonly number[],
  joinGapBytes: number,
): PlannedMount[] {
  const pieces = new Map<string, Piece>();
  /** label → label whose tape must follow at once, because a file goes on there. */
  const follows = new Map<string, string>();

  function pieceOf(image: number, extent: number): Piece {
    const key = `${image} ${extent}`;
    let piece = pieces.get(key);
    if (piece === undefined) {
      piece = { image, extent, reads: [], continues: -1 };
      pieces.set(key, piece);
    }
    return piece;
  }

  for (const index of taped) {
    const entry = entries[index] as WantedEntry;
    const place = entry.place as NonNullable<WantedEntry["place"]>;
    const { extents } = images[place.image] as WantedImage;
    let at = extents.findIndex(
      ({ firstBlock, blocks }) => place.block >= firstBlock && place.block < firstBlock + blocks,
    );
    pieceOf(place.image, at).reads.push(index);
    const end = place.block + readBlocks(entry);
    for (;;) {
      const extent = extents[at];
      const next = extents[at + 1];
      if (extent === undefined || next === undefined || end <= extent.firstBlock + extent.blocks)
        break;
      if (next.label !== extent.label) follows.set(extent.label, next.label);
      at++;
      pieceOf(place.image, at).continues = index;
    }
  }

  const byLabel = new Map<string, Piece[]>();
  const sorted = [...pieces.values()].sort((a, b) => a.image - b.image || a.extent - b.extent);
  for (const piece of sorted) {
    const { label } = extentOf(images, piece);
    const held = byLabel.get(label);
    if (held === undefined) byLabel.set(label, [piece]);
    else held.push(piece);
  }
  return orderLabels([...byLabel.keys()], follows).map((label) => ({
    label,
    passes: (byLabel.get(label) as Piece[])
      .sort((a, b) => extentOf(images, a).file - extentOf(images, b).file)
      .map((piece) => planPass(images, entries, piece, joinGapBytes)),
  }));
}

/** Tape blocks that restoring the entry reads at most, as far as is known without the tape. */
export function readBlocks(entry: WantedEntry): number {
  const data = Math.ceil(entry.size / BLOCK_BYTES);
  const most = data + Math.ceil(data / HEADER_SPACING_BLOCKS);
  const known = entry.place?.blocks;
  return known === undefined ? most : Math.max(1, Math.min(known, most));
}

function extentOf(images: readonly WantedImage[], piece: Piece): WantedImage["extents"][number] {
  return (images[piece.image] as WantedImage).extents[
    piece.extent
  ] as WantedImage["extents"][number];
}

/** In order of first need, but a tape on which a file goes on comes right after the tape it comes from. */
function orderLabels(labels: readonly string[], follows: ReadonlyMap<string, string>): string[] {
  const comesFrom = new Map<string, string>();
  for (const [from, to] of follows) if (!comesFrom.has(to)) comesFrom.set(to, from);
  const done = new Set<string>();
  const order: string[] = [];
  for (const label of labels) {
    let head = label;
    const seen = new Set([head]);
    for (
      let from = comesFrom.get(head);
      from !== undefined && !done.has(from) && !seen.has(from);
    ) {
      head = from;
      seen.add(head);
      from = comesFrom.get(head);
    }
    for (
      let at: string | undefined = head;
      at !== undefined && !done.has(at);
      at = follows.get(at)
    ) {
      done.add(at);
      order.push(at);
    }
  }
  return order;
}

function planPass(
  images: readonly WantedImage[],
  entries: readonly WantedEntry[],
  piece: Piece,
  joinGapBytes: number,
): PlannedPass {
  const { blockingFactor } = images[piece.image] as WantedImage;
  const extent = extentOf(images, piece);
  const lastOfExtent = extent.firstBlock + extent.blocks - 1;
  const gapRecords = Math.floor(joinGapBytes / (blockingFactor * BLOCK_BYTES));
  const runs: { firstRecord: number; records: number; reads: number[] }[] = [];
  let contentBytes = 0;
  let firstBlock = lastOfExtent;
  let lastBlock = extent.firstBlock;

  function add(from: number, to: number): PlannedRun & { reads: number[] } {
    const last = Math.min(to, lastOfExtent);
    firstBlock = Math.min(firstBlock, from);
    lastBlock = Math.max(lastBlock, last);
    const firstRecord = Math.floor((from - extent.firstBlock) / blockingFactor);
    const endRecord = Math.floor((last - extent.firstBlock) / blockingFactor) + 1;
    const open = runs.at(-1);
    if (open !== undefined && firstRecord - (open.firstRecord + open.records) <= gapRecords) {
      open.records = Math.max(open.records, endRecord - open.firstRecord);
      return open;
    }
    const run = { firstRecord, records: endRecord - firstRecord, reads: [] };
    runs.push(run);
    return run;
  }

  if (piece.continues >= 0) {
    const entry = entries[piece.continues] as WantedEntry;
    add(extent.firstBlock, (entry.place?.block ?? 0) + readBlocks(entry));
  }
  const blockOf = (index: number): number => (entries[index] as WantedEntry).place?.block ?? 0;
  piece.reads.sort((a, b) => blockOf(a) - blockOf(b) || a - b);
  for (const index of piece.reads) {
    const entry = entries[index] as WantedEntry;
    add(blockOf(index), blockOf(index) + readBlocks(entry) - 1).reads.push(index);
    contentBytes += entry.size;
  }
  return {
    image: piece.image,
    extent: piece.extent,
    file: extent.file,
    continues: piece.continues,
    runs,
    inodes: piece.reads.length,
    contentBytes,
    firstBlock,
    lastBlock,
  };
}
