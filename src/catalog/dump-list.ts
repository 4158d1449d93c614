// The dumps of a catalog, read from the heads of their changesets: no manifest is opened. A changeset is a
// dump only if its extras name an image and its %image has the same id; `isDump` looks at the manifest.
import type { ByteString } from "../core/bytes.ts";
import { type NodeId, type Rev, toRev } from "../core/ids.ts";
import { branchOf } from "./changeset-text.ts";
import type { ChangelogReader, ChangesetHead } from "./changelog-reader.ts";

/** Keys of a dump's extras. */
export const EXTRA = {
  image: "reel.image",
  level: "reel.level",
  date: "reel.date",
  base: "reel.base-date",
  volume: "reel.volume",
  previous: "reel.prev",
  site: "reel.site",
} as const;

/** A dump as its changeset's head tells it. */
export interface DumpHead {
  readonly rev: Rev;
  readonly node: NodeId;
  readonly imageId: string;
  readonly level: number;
  /** c_date in seconds. */
  readonly date: number;
  /** Volume UUID, a colon, and the dump path in the volume: the identity. */
  readonly identity: ByteString;
  readonly branch: ByteString;
  readonly head: ChangesetHead;
}

export function identityOf(volumeUuid: string, volumePath: ByteString): ByteString {
  return `${volumeUuid}:${volumePath}`;
}

/** The dump that a changeset records, as its extras say; null for any other changeset. */
export function dumpHead(changelog: ChangelogReader, rev: Rev): DumpHead | null {
  const head = changelog.head(rev);
  const imageId = head.extras.get(EXTRA.image);
  const level = Number(head.extras.get(EXTRA.level));
  const date = Number(head.extras.get(EXTRA.date));
  const identity = head.extras.get(EXTRA.volume);
  if (imageId === undefined || identity === undefined || !/^[0-9a-f]{40}$/.test(imageId))
    return null;
  if (!Number.isInteger(level) || level < 0 || level > 31 || !Number.isSafeInteger(date))
    return null;
  return {
    rev,
    node: changelog.node(rev),
    imageId,
    level,
    date,
    identity,
    branch: branchOf(head),
    head,
  };
}

/** All dumps, by ascending revision. */
export function* listDumps(changelog: ChangelogReader): Generator<DumpHead> {
  for (let rev = 0; rev < changelog.count; rev++) {
    const dump = dumpHead(changelog, toRev(rev));
    if (dump) yield dump;
  }
}
