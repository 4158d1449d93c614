// The end of a tape in the middle of an image, and the header that goes on with it on the next one.
import { CHECKSUM, sumOfWords } from "./format/record.ts";
import type { Drive } from "../tape/drive.ts";
import type { TapePlace } from "./header-template.ts";

export interface MountedTape {
  readonly drive: Drive;
  /** For the image's extents: the label, or what names the tape otherwise. */
  readonly label: string;
}

/**
 * Asked for a tape when one is full: it stands where the image is to go on. The full one is ended by a
 * filemark and durable; closing it is the caller's. Null: there is none.
 */
export type NextTape = (full: MountedTape) => Promise<MountedTape | null>;

/**
 * From a tape shorter than its buffer real restore takes old memory for data; 32 blocks are that buffer.
 * A piece that is not the last is never shorter.
 */
export const PIECE_BLOCKS_MIN = 32;

/** Corrects a finished header that comes to stand one block later, on another tape. */
export function moveHeader(view: DataView, at: number, to: TapePlace): void {
  view.setUint32(at + 16, view.getUint32(at + 16, true) + 1, true);
  view.setInt32(at + 12, to.volume, true);
  view.setUint32(at + 892, to.firstBlock, true);
  view.setInt32(at + 28, 0, true);
  view.setUint32(at + 28, CHECKSUM - sumOfWords(view, at, true), true);
}
