// A revision that a request names: a name, a number, a prefix, or a revset of one.
import type { CatalogView } from "../catalog/catalog-view.ts";
import { resolveRevision } from "../catalog/revset.ts";
import { utf8ToByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import type { DateContext } from "../core/dates.ts";
import type { Rev } from "../core/ids.ts";
import { type DumpImage, readImage } from "./image-chain.ts";
import type { JobContext } from "./requests.ts";

/** Throws `revset.unknown`, `revset.ambiguous`, `catalog.empty`. */
export function findRevision(
  view: CatalogView,
  text: string,
  context: Pick<JobContext, "clock">,
): Rev {
  if (view.changelog.count === 0) throw new ReelError("catalog.empty");
  const rev = resolveRevision(view.changelog, utf8ToByteString(text), dates(context));
  if (rev < 0) throw new ReelError("catalog.null-revision", { found: text });
  return rev;
}

function dates({ clock }: Pick<JobContext, "clock">): DateContext {
  return { now: Number(clock.now() / 1_000_000_000n), zoneOf: (time) => clock.zone(time) };
}

/** The same, and it must be a dump. Throws `catalog.not-a-dump`. */
export function findDump(
  view: CatalogView,
  text: string,
  context: Pick<JobContext, "clock">,
): DumpImage {
  const rev = findRevision(view, text, context);
  const image = readImage(view, rev);
  if (!image)
    throw new ReelError("catalog.not-a-dump", { found: view.changelog.node(rev).slice(0, 12) });
  return image;
}
