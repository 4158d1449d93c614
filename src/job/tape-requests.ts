// What the tape verbs are asked and answer; units as in requests.ts.
import type { ChangesetName, TapeStanding } from "./requests.ts";

export interface TapeRequest {
  /** Path of a tape file, a plain file, "-", or a label. */
  readonly tape: string;
}

export interface TapeListReport {
  readonly library: string;
  readonly tapes: readonly TapeSummary[];
}

export interface TapeSummary {
  readonly label: string;
  /** Null if the tape is known but not here. */
  readonly path: string | null;
  readonly standing: TapeStanding;
  readonly images: number;
  readonly bytes: number;
  /** 0: as long as the disk has room. */
  readonly capacityBytes: number;
  /** c_date of the last image, 0 if there is none. */
  readonly lastDate: number;
}

export interface TapeShowReport {
  readonly label: string;
  readonly path: string;
  readonly images: readonly TapeImageView[];
  readonly damaged: readonly string[];
}

export interface TapeImageView {
  /** From 1: the K of `tape cat -n K`. Bundles between the images do not count. */
  readonly number: number;
  /** Filemarks before it. */
  readonly file: number;
  readonly level: number;
  readonly date: number;
  readonly baseDate: number;
  /** c_label, c_filesys, c_dev, c_host. */
  readonly label: string;
  readonly filesystem: string;
  readonly device: string;
  readonly host: string;
  readonly blockingFactor: number;
  readonly blocks: number;
  /** Null for an image that Reel did not write. */
  readonly imageId: string | null;
  /** Null if this catalog does not have it. */
  readonly changeset: ChangesetName | null;
  /** A catalog bundle follows it. */
  readonly bundle: boolean;
}

export interface TapeCatRequest extends TapeRequest {
  readonly number: number;
}

export interface TapeVerifyReport {
  readonly label: string;
  /** Files without a sound beginning, and images that are not where the catalog has them. */
  readonly damaged: readonly string[];
  readonly images: readonly (TapeImageView & {
    readonly files: number;
    /** Contents whose digest equals the catalog's; -1 if the image is not in the catalog. */
    readonly digestsRight: number;
    readonly problems: readonly string[];
  })[];
}
