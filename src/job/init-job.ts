// reel init: an empty catalog.
import { resolve } from "node:path";
import { createRepository, emptyPath } from "./repository.ts";
import type { InitReport, InitRequest, JobContext } from "./requests.ts";

export async function runInit(request: InitRequest, context: JobContext): Promise<InitReport> {
  if (request.directory === "") throw emptyPath("catalog");
  const repository = createRepository(resolve(context.cwd, request.directory), context.notice);
  try {
    return { directory: repository.directory, catalogId: repository.store.catalogId };
  } finally {
    repository.close();
  }
}
