// reel verify: the store's checksums, every text of the catalog, and what each dump says of itself.
import { setImmediate as immediate } from "node:timers/promises";
import { dumpHead } from "../catalog/dump-list.ts";
import { imageIdOf } from "../catalog/image.ts";
import { verifySteps } from "../catalog/verify.ts";
import type { CatalogView } from "../catalog/catalog-view.ts";
import { ReelError } from "../core/errors.ts";
import { toRev } from "../core/ids.ts";
import {
  CHANGESET_HEADS,
  CHANGESET_INDEX,
  CHANGESET_LISTS,
  groupDataFile,
  groupIndexFile,
} from "../store/store.ts";
import { readImage } from "./image-chain.ts";
import { openRepository } from "./repository.ts";
import type { JobContext, VerifyProblem, VerifyReport, VerifyRequest } from "./requests.ts";

export async function runVerify(
  request: VerifyRequest,
  context: JobContext,
): Promise<VerifyReport> {
  const repository = openRepository(context);
  try {
    const problems: VerifyProblem[] = repository.store.check(context.progress).map((problem) => ({
      code: "store.damaged",
      where: `store file ${problem.file} at ${problem.offset}`,
      what: problem.what,
    }));
    const view = repository.view();
    const check = await inTurns(verifySteps(view, request.texts, context.progress), context);
    problems.push(...check.problems);
    const images = await inTurns(verifyImages(view, problems), context);
    return {
      changesets: check.changesets,
      manifests: check.manifests,
      histories: check.histories,
      revisions: check.revisions,
      images,
      storeBytes: storeBytes(view),
      problems,
    };
  } finally {
    repository.close();
  }
}

/** How long a signal or the progress line may have to wait. */
const TURN_MS = 50;

/** Takes the steps, and lets the event loop in between. Throws `interrupted`. */
async function inTurns<T>(steps: Generator<void, T>, context: JobContext): Promise<T> {
  let turned = performance.now();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (performance.now() - turned < TURN_MS) continue;
    await immediate();
    turned = performance.now();
    if (context.signal.aborted) throw new ReelError("interrupted");
  }
}

/** Each dump's image id follows from what %image says, and its offset map can be read. */
function* verifyImages(view: CatalogView, problems: VerifyProblem[]): Generator<void, number> {
  let images = 0;
  for (let rev = 0; rev < view.changelog.count; rev++) {
    yield;
    const where = `changeset ${rev}`;
    try {
      const dump = dumpHead(view.changelog, toRev(rev));
      if (!dump) continue;
      const image = readImage(view, dump.rev);
      if (!image) {
        problems.push({
          code: "verify.image",
          where,
          what: "its extras name an image that its manifest does not describe",
        });
        continue;
      }
      images++;
      const { volumeUuid, volumePath, level, date, baseImageId, imageId } = image.record;
      if (imageIdOf(volumeUuid, volumePath, level, date, baseImageId) !== imageId) {
        problems.push({
          code: "verify.image",
          where,
          what: `the image id ${imageId} does not follow from its description`,
        });
      }
      image.offsets();
    } catch (error) {
      problems.push({
        code: "verify.image",
        where,
        what: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return images;
}

function storeBytes(view: CatalogView): number {
  let bytes = 0;
  for (const file of [CHANGESET_INDEX, CHANGESET_HEADS, CHANGESET_LISTS])
    bytes += view.store.size(file);
  for (let group = 0; group < view.groupCount; group++)
    bytes += view.store.size(groupIndexFile(group)) + view.store.size(groupDataFile(group));
  return bytes;
}
