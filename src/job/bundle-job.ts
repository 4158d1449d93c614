// reel bundle and unbundle: changesets in a file.
import {
  createReadStream,
  createWriteStream,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { CatalogView } from "../catalog/catalog-view.ts";
import { evaluateRevset } from "../catalog/revset.ts";
import { headsOf, revsOf } from "../catalog/revset-dag.ts";
import { utf8ToByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import type { Rev } from "../core/ids.ts";
import {
  changegroupPart,
  type WrittenCompression,
  writeBundle1,
  writeBundle2,
} from "../exchange/bundle-file.ts";
import { Outgoing } from "../exchange/outgoing.ts";
import { produceChangegroup } from "../exchange/produce.ts";
import { receiveBundle } from "../exchange/receive.ts";
import type {
  BundleReport,
  BundleRequest,
  TakenBundle,
  UnbundleRequest,
} from "./bundle-requests.ts";
import { openRepository } from "./repository.ts";
import type { JobContext } from "./requests.ts";

/** A read takes some tens of microseconds, whatever its length. */
const READ_BYTES = 256 << 10;
const STANDARD = "-";

interface BundleType {
  readonly compression: WrittenCompression;
  readonly version: "01" | "03";
}

const TYPES: Readonly<Record<string, BundleType>> = {
  "none-v1": { compression: "UN", version: "01" },
  "gzip-v1": { compression: "GZ", version: "01" },
  "none-v2": { compression: "UN", version: "03" },
  "gzip-v2": { compression: "GZ", version: "03" },
};

/** Writes a bundle; the file is complete, or is as it was. Throws `exchange.nothing-to-send`, `exchange.io`. */
export async function runBundle(
  request: BundleRequest,
  context: JobContext,
): Promise<BundleReport> {
  const type = TYPES[request.type];
  if (!type)
    throw new ReelError("exchange.unwritten-type", {
      found: request.type,
      types: Object.keys(TYPES),
    });
  const repository = openRepository(context);
  try {
    const view = repository.view();
    const heads = request.revs.length > 0 ? revisions(view, request.revs, context) : allHeads(view);
    const outgoing = new Outgoing(
      view,
      heads,
      revisions(view, request.base, context),
      context.progress,
    );
    if (outgoing.missing.length === 0) throw new ReelError("exchange.nothing-to-send");
    const payload = produceChangegroup(view, outgoing, type.version, context.progress);
    const header = changegroupPart("03", outgoing.missing.length, true);
    const chunks =
      type.version === "01"
        ? writeBundle1(payload, type.compression)
        : writeBundle2([{ header, payload }], type.compression);
    const bytes = await writeChunks(chunks, request.file, context);
    return {
      file: request.file,
      changesets: outgoing.missing.length,
      revisions: outgoing.revisions,
      bytes,
    };
  } finally {
    repository.close();
  }
}

function revisions(view: CatalogView, revsets: readonly string[], { clock }: JobContext): Rev[] {
  const dates = {
    now: Number(clock.now() / 1_000_000_000n),
    zoneOf: (time: number) => clock.zone(time),
  };
  return revsets.flatMap((revset) => [
    ...evaluateRevset(view.changelog, utf8ToByteString(revset), dates),
  ]);
}

function allHeads({ changelog }: CatalogView): Rev[] {
  return revsOf(headsOf(changelog, new Uint8Array(changelog.count).fill(1)));
}

async function writeChunks(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
  context: JobContext,
): Promise<number> {
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      if (context.signal.aborted) throw new ReelError("interrupted");
      bytes += chunk.byteLength;
      context.progress.bytes = bytes;
      yield chunk;
    }
  };
  if (file === STANDARD) {
    await pipeline(counted(), createWriteStream("", { fd: context.output, autoClose: false }));
    return bytes;
  }
  const named = resolve(context.cwd, file);
  try {
    const existing = statSync(named, { throwIfNoEntry: false });
    // A device or a pipe is written to, not replaced; of a link, what it leads to is replaced.
    if (existing && !existing.isFile())
      await pipeline(counted(), createWriteStream("", { fd: openSync(named, "w") }));
    else await replace(existing ? realpathSync(named) : named, counted());
  } catch (error) {
    throw fileFailure(named, error);
  }
  return bytes;
}

/** The file is complete at once, or is as it was. */
async function replace(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const part = `${path}.part`;
  try {
    // Opened at once: a stream that opens its file later may make it after it was given up.
    const fd = openSync(part, "w");
    await pipeline(chunks, createWriteStream("", { fd, flush: true }));
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

function fileFailure(path: string, error: unknown): unknown {
  if (error instanceof Error && "syscall" in error)
    return new ReelError("exchange.io", { path, found: error.message }, { cause: error });
  return error;
}

/** Takes bundles, each whole or not at all. Throws `exchange.*`, `store.locked`. */
export async function* runUnbundle(
  request: UnbundleRequest,
  context: JobContext,
): AsyncGenerator<TakenBundle> {
  const repository = openRepository(context);
  try {
    for (const file of request.files) {
      const path = resolve(context.cwd, file);
      const options = { highWaterMark: READ_BYTES };
      const chunks =
        file === STANDARD
          ? createReadStream("", { ...options, fd: context.input, autoClose: false })
          : createReadStream(path, options);
      try {
        const { nodes, revisions, known } = await receiveBundle(
          chunks,
          await repository.beginInTurn(context.signal),
          context.progress,
          context.signal,
        );
        yield { file, changesets: nodes, revisions, known };
      } catch (error) {
        throw fileFailure(path, error);
      } finally {
        chunks.destroy();
      }
    }
  } finally {
    repository.close();
  }
}
