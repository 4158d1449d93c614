// Whose dump it is: the volume's UUID and name, found again from the catalog by host and real path; and the
// dates and the base that follow from the dumps known.
import { randomBytes } from "node:crypto";
import type { CatalogView } from "../../catalog/catalog-view.ts";
import { type DumpHead, identityOf, listDumps } from "../../catalog/dump-list.ts";
import { escapeBranch } from "../../catalog/names.ts";
import { type ByteString, showBytes } from "../../core/bytes.ts";
import { ReelError } from "../../core/errors.ts";
import type { VolumeIdentity } from "../../volume/source.ts";
import { type DumpImage, readImage } from "../image-chain.ts";

export interface DumpIdentity {
  /** 32 hex digits. */
  readonly uuid: string;
  readonly volumePath: ByteString;
  /** The dump path's name, unescaped, and as a branch. */
  readonly name: ByteString;
  readonly branch: ByteString;
  /** Dumps of this identity, by ascending revision. */
  readonly dumps: readonly DumpHead[];
}

/**
 * Finds the identity of what is to be dumped, or makes a new one. Throws `dump.name-taken` if the name
 * belongs to another volume, `dump.bad-name` if it is not that of a dump path: beginning with a slash it can
 * be no number and none of Mercurial's reserved names.
 */
export function findIdentity(
  view: CatalogView,
  source: VolumeIdentity,
  wantedName: string | null,
): DumpIdentity {
  const latest = new Map<ByteString, DumpHead>();
  const byBranch = new Map<ByteString, ByteString>();
  for (const dump of listDumps(view.changelog)) {
    latest.set(dump.identity, dump);
    byBranch.set(dump.branch, dump.identity);
  }
  const mine = [...latest.values()].find((dump) => isOf(readImage(view, dump.rev), source));
  if (wantedName !== null && !wantedName.startsWith("/"))
    throw new ReelError("dump.bad-name", { found: wantedName });
  const name: ByteString =
    wantedName !== null ? Buffer.from(wantedName, "utf8").toString("latin1") : source.path;
  if (mine) {
    const image = readImage(view, mine.rev) as DumpImage;
    const kept = wantedName === null ? image.record.name : name;
    const holder = byBranch.get(escapeBranch(kept));
    if (holder !== undefined && holder !== mine.identity) throw taken(kept);
    const dumps = [...listDumps(view.changelog)].filter((dump) => dump.identity === mine.identity);
    const { volumeUuid, volumePath } = image.record;
    return { uuid: volumeUuid, volumePath, name: kept, branch: escapeBranch(kept), dumps };
  }
  const branch = escapeBranch(name);
  if (byBranch.has(branch)) throw taken(name);
  return { uuid: randomBytes(16).toString("hex"), volumePath: "", name, branch, dumps: [] };
}

function isOf(image: DumpImage | null, source: VolumeIdentity): boolean {
  const host = Buffer.from(source.host, "utf8").toString("latin1");
  return image !== null && image.record.host === host && image.record.source === source.path;
}

function taken(name: ByteString): ReelError {
  return new ReelError("dump.name-taken", { name: showBytes(name) });
}

/** Restore compares dates to the second: a dump is at least so much later than its base. */
const BASE_DISTANCE_SECONDS = 2;
/** So far ahead of the clock at most are dates that Reel chose: a second for each dump stopped since. */
const BEGUN_AHEAD_SECONDS_MAX = 3600;

/**
 * The c_date. The clock's, or later where it stands behind: after every dump known of this identity, so
 * that the order of dates is the order of dumps, and after the last one begun, `begun`. A date given must come after the base's.
 */
export function chooseDate(
  dumps: readonly DumpHead[],
  base: DumpHead | null,
  begun: number,
  clockSeconds: number,
  given: number | null,
): number {
  const earliest = base === null ? 1 : base.date + BASE_DISTANCE_SECONDS;
  if (given !== null) {
    if (given < earliest)
      throw new ReelError("dump.date-too-early", dateFacts(given, base, earliest));
    return given;
  }
  // A date far ahead was given, or is damage: the dumps that are known say how far.
  const stopped = begun > clockSeconds + BEGUN_AHEAD_SECONDS_MAX ? 0 : begun;
  const after = dumps.reduce(
    (latest, dump) => Math.max(latest, dump.date + 1),
    Math.max(earliest, stopped + 1),
  );
  return Math.max(clockSeconds, after);
}

function dateFacts(
  given: number,
  base: DumpHead | null,
  earliest: number,
): { found: string; base: string; earliest: string } {
  return {
    found: showDate(given),
    base: base ? showDate(base.date) : "none, and the epoch stands for no date",
    earliest: showDate(earliest),
  };
}

/** As -d takes it. */
export function showDate(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} +0000`;
}

export function identityText(identity: DumpIdentity): ByteString {
  return identityOf(identity.uuid, identity.volumePath);
}
