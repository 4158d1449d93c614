// reel plan: which tapes a restore would mount, in which order, and what it would read from each.
import type { CatalogView } from "../catalog/catalog-view.ts";
import type { PlannedMount, PlannedPass, RestorePlan } from "../restore/plan.ts";
import { knownTapes } from "./chain-job.ts";
import type { DumpImage } from "./image-chain.ts";
import type { KnownTapes } from "./known-tapes.ts";
import { openRepository } from "./repository.ts";
import type { ByteString } from "../core/bytes.ts";
import type {
  JobContext,
  PlanImageView,
  PlanRequest,
  PlanTapeView,
  RestorePlanView,
} from "./requests.ts";
import { type PlannedRestore, planOf } from "./restore-input.ts";
import { findDump } from "./revision.ts";
import { changesetName, imageName } from "./views.ts";

export async function runPlan(request: PlanRequest, context: JobContext): Promise<RestorePlanView> {
  const repository = openRepository(context);
  try {
    const view = repository.view();
    const top = findDump(view, request.rev, context);
    const planned = planOf(repository, view, top, request.paths);
    return planView(view, top, planned, request.paths, knownTapes(repository));
  } finally {
    repository.close();
  }
}

export function planView(
  view: CatalogView,
  top: DumpImage,
  planned: PlannedRestore,
  paths: readonly ByteString[],
  known: KnownTapes,
): RestorePlanView {
  const { plan, chain } = planned;
  return {
    changeset: changesetName(view, top.dump.rev),
    paths,
    files: plan.totals.files,
    directories: plan.totals.directories,
    others: plan.totals.others,
    contentBytes: plan.totals.contentBytes,
    tapes: plan.mounts.map((mount) => tapeView(view, mount, plan, chain, known)),
    missing: plan.problems.map((problem) => problem.path),
  };
}

function tapeView(
  view: CatalogView,
  mount: PlannedMount,
  plan: RestorePlan,
  chain: readonly DumpImage[],
  known: KnownTapes,
): PlanTapeView {
  return {
    label: mount.label,
    standing: known.standing(mount.label),
    images: mount.passes.map((pass) => imageView(view, pass, plan, chain)),
  };
}

function imageView(
  view: CatalogView,
  pass: PlannedPass,
  plan: RestorePlan,
  chain: readonly DumpImage[],
): PlanImageView {
  const blocks = plan.images[pass.image]?.extents[pass.extent]?.blocks ?? 0;
  return {
    image: imageName(view, chain[pass.image] as DumpImage),
    file: pass.file,
    blocks,
    inodes: pass.inodes,
    reads: pass.runs.length,
    contentBytes: pass.contentBytes,
    firstBlock: pass.firstBlock,
    lastBlock: pass.lastBlock,
  };
}
