// What walking history needs of a changelog; the revset language, the graph and the templates know no more.
import type { ByteString } from "../core/bytes.ts";
import type { NodeId, Rev } from "../core/ids.ts";

/** A changeset without its file list (hg formats, section 6); strings are bytes. */
export interface ChangesetHead {
  readonly manifest: NodeId;
  readonly user: ByteString;
  /** Seconds since 1970, and seconds west of UTC (+0100 is -3600). */
  readonly time: number;
  readonly zone: number;
  /** Raw keys and values, `branch` included unless it is "default". */
  readonly extras: ReadonlyMap<ByteString, ByteString>;
  readonly description: ByteString;
}

export interface ChangelogReader {
  /** Revisions 0..count-1; parents come before their children. */
  readonly count: number;
  node(rev: Rev): NodeId;
  /** -1 where there is none. */
  p1(rev: Rev): Rev;
  p2(rev: Rev): Rev;
  /** Reads and decodes; the same object again while it is cached. */
  head(rev: Rev): ChangesetHead;
  /** The changed paths, as bytes, in stored order. The one call that reads file lists. */
  files(rev: Rev): readonly ByteString[];
  /** Tags that point at the revision, without "tip". */
  tagsOf(rev: Rev): readonly ByteString[];
  tags(): ReadonlyMap<ByteString, Rev>;
  /** Revision of a full node, or -1. */
  revOf(node: NodeId): Rev;
  /** The one revision whose node begins with these hex digits. */
  byPrefix(hex: string): Rev | "ambiguous" | "unknown";
}
