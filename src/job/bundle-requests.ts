// What is asked of bundles and what comes back; see requests.ts.
import type { NodeId } from "../core/ids.ts";

export interface BundleRequest {
  /** A path, or "-" for the context's output. */
  readonly file: string;
  /** Revsets: the changesets to send, with all that they come from; none stands for all. */
  readonly revs: readonly string[];
  /** Revsets: what the receiver has, with all that it comes from. */
  readonly base: readonly string[];
  /** "none-v1", "gzip-v1", "none-v2", "gzip-v2". */
  readonly type: string;
}

export interface BundleReport {
  readonly file: string;
  readonly changesets: number;
  /** Revisions of manifests and files. */
  readonly revisions: number;
  /** Length of the bundle. */
  readonly bytes: number;
}

export interface UnbundleRequest {
  /** Paths, or "-" for the context's input; taken one after the other, each whole or not at all. */
  readonly files: readonly string[];
}

export interface TakenBundle {
  readonly file: string;
  /** New changesets, parents first. */
  readonly changesets: readonly NodeId[];
  /** New revisions of manifests and files. */
  readonly revisions: number;
  /** Changesets and revisions that were there already. */
  readonly known: number;
}
