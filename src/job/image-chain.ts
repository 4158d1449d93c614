// The images that a changeset stands on: its own and those of its first parents, newest first, and which of
// them holds an inode. The nearest that does is the place of a record (docs/architecture.md).
import { type CatalogView, ROOT_HISTORY } from "../catalog/catalog-view.ts";
import { type DumpHead, dumpHead } from "../catalog/dump-list.ts";
import { fileContent } from "../catalog/filelog-text.ts";
import { HISTORY } from "../catalog/group-index.ts";
import { decodeImage, type ImageRecord } from "../catalog/image.ts";
import { findInManifest } from "../catalog/manifest-text.ts";
import { IMAGE_NAME, OFFSETS_NAME } from "../catalog/names.ts";
import { NULL_NODE, type Rev } from "../core/ids.ts";
import { decodeOffsetMap, type OffsetMap } from "../dump/format/offset-map.ts";

export interface DumpImage {
  readonly dump: DumpHead;
  readonly record: ImageRecord;
  /** Decoded when first asked for. */
  offsets(): OffsetMap;
}

function readReserved(view: CatalogView, rev: Rev, name: string): Uint8Array | null {
  const { manifest } = view.changelog.head(rev);
  const history = view.history(name, HISTORY.file);
  if (manifest === NULL_NODE || history === null) return null;
  const entry = findInManifest(view.text(ROOT_HISTORY, manifest), name);
  return entry ? fileContent(view.text(history, entry.node)) : null;
}

/** The image of a changeset; null unless its extras and its %image name the same one. */
export function readImage(view: CatalogView, rev: Rev): DumpImage | null {
  const dump = dumpHead(view.changelog, rev);
  const bytes = dump && readReserved(view, rev, IMAGE_NAME);
  if (!dump || !bytes) return null;
  const record = decodeImage(bytes);
  if (record.imageId !== dump.imageId) return null;
  let offsets: OffsetMap | null = null;
  return {
    dump,
    record,
    offsets: () => {
      offsets ??= decodeOffsetMap(readReserved(view, rev, OFFSETS_NAME) ?? new Uint8Array([1, 0]));
      return offsets;
    },
  };
}

/** The changeset's image and those of its first parents, newest first. Changesets that are no dumps are passed over. */
export function chainOf(view: CatalogView, rev: Rev): DumpImage[] {
  const chain: DumpImage[] = [];
  for (let at = rev; at >= 0; at = view.changelog.p1(at)) {
    const image = readImage(view, at);
    if (image) chain.push(image);
  }
  return chain;
}

export interface ImagePlace {
  /** Index into the chain. */
  readonly image: number;
  readonly block: number;
  /** Tape blocks to the next inode's header. */
  readonly blocks: number;
}

/** Finds inodes in a chain; keeps one table for all images, the nearest image winning. */
export class ChainPlaces {
  private readonly chain: readonly DumpImage[];
  private readonly lengths: (Float64Array | undefined)[] = [];

  constructor(chain: readonly DumpImage[]) {
    this.chain = chain;
  }

  find(inode: number): ImagePlace | null {
    for (let image = 0; image < this.chain.length; image++) {
      const map = (this.chain[image] as DumpImage).offsets();
      const at = indexOf(map.inodes, inode);
      if (at < 0) continue;
      return { image, block: map.blocks[at] as number, blocks: this.spans(image)[at] as number };
    }
    return null;
  }

  /** Blocks from each inode's header to the next one on tape. */
  private spans(image: number): Float64Array {
    const known = this.lengths[image];
    if (known) return known;
    const held = this.chain[image] as DumpImage;
    const { blocks } = held.offsets();
    const order = Float64Array.from(blocks).sort();
    const spans = new Float64Array(blocks.length);
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i] as number;
      const next = order[lowerBound(order, block) + 1] ?? held.record.blocks;
      spans[i] = next - block;
    }
    this.lengths[image] = spans;
    return spans;
  }
}

function lowerBound(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function indexOf(sorted: ArrayLike<number>, value: number): number {
  const at = lowerBound(sorted, value);
  return sorted[at] === value ? at : -1;
}
