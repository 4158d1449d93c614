// reel recover: says what an interrupted command left behind, and puts it right.
import { join } from "node:path";
import { recoverStore } from "../store/recover.ts";
import { describeRecovery } from "../store/recovery-plan.ts";
import {
  CATALOG_FOLDER,
  findCatalog,
  openRepository,
  REQUIREMENTS,
  STORE_FOLDER,
} from "./repository.ts";
import type { JobContext, RecoverReport, RecoverRequest } from "./requests.ts";

export async function runRecover(
  _request: RecoverRequest,
  context: JobContext,
): Promise<RecoverReport> {
  const directory = join(findCatalog(context), CATALOG_FOLDER, STORE_FOLDER);
  const found = recoverStore(directory, { understood: REQUIREMENTS });
  const done = describeRecovery(found.acts);
  for (const name of found.headersRestored) done.push(`superblock of ${name} restored`);
  const repository = openRepository(context);
  try {
    return { done, changesets: repository.view().changelog.count };
  } finally {
    repository.close();
  }
}
