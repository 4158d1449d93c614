// Opening a catalog for the verbs that walk history.
import { openRepository } from "./repository.ts";
import type { Catalog, JobContext } from "./requests.ts";

export async function openCatalog(context: JobContext): Promise<Catalog> {
  const repository = openRepository(context);
  return { directory: repository.directory, changelog: repository.view().changelog, close: () => repository.close() };
}
