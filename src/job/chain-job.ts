// reel chain: the level chain of a changeset and its tapes, in the order that `restore -r` would read them.
import { openRepository, type Repository } from "./repository.ts";
import type { CatalogView } from "../catalog/catalog-view.ts";
import { showBytes } from "../core/bytes.ts";
import { TapeLibrary } from "../tape/library.ts";
import { chainOf, type DumpImage } from "./image-chain.ts";
import { KnownTapes } from "./known-tapes.ts";
import type { ChainReport, ChainRequest, ChainStep, JobContext } from "./requests.ts";
import { findDump } from "./revision.ts";
import { imageName } from "./views.ts";

export async function runChain(request: ChainRequest, context: JobContext): Promise<ChainReport> {
  const repository = openRepository(context);
  try {
    const view = repository.view();
    const top = findDump(view, request.rev, context);
    const known = knownTapes(repository);
    const steps = chainOf(view, top.dump.rev)
      .reverse()
      .map((image) => stepOf(view, image, known));
    return { steps };
  } finally {
    repository.close();
  }
}

export function knownTapes(repository: Repository): KnownTapes {
  return new KnownTapes(repository.directory, new TapeLibrary(repository.libraryDirectory));
}

function stepOf(view: CatalogView, image: DumpImage, known: KnownTapes): ChainStep {
  const { record } = image;
  return {
    image: imageName(view, image),
    host: showBytes(record.host),
    files: record.files,
    blocks: record.blocks,
    tapes: record.tapes.map((tape) => ({
      ...tape,
      label: showBytes(tape.label),
      standing: known.standing(showBytes(tape.label)),
    })),
  };
}
