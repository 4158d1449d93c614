// Taking a bundle into a catalog: which parts carry something, which may be passed over, which must stop it.
// All or nothing: the writer commits at the end, or is given up.
import type { CatalogWriter } from "../catalog/catalog-writer.ts";
import { ReelError } from "../core/errors.ts";
import { showBytes } from "../core/bytes.ts";
import type { NodeId } from "../core/ids.ts";
import type { Progress } from "../core/progress.ts";
import { ChangegroupApplier } from "./apply.ts";
import { readBundle } from "./bundle-file.ts";
import type { PartHeader } from "./bundle2.ts";
import { ChangegroupDecoder, isChangegroupVersion } from "./changegroup.ts";

export interface Received {
  /** New changesets, parents first. */
  readonly nodes: readonly NodeId[];
  /** New revisions of manifests and files. */
  readonly revisions: number;
  /** What was sent and was here already: changesets and revisions. */
  readonly known: number;
}

/** Parts that say nothing to a catalog, or what is so anyway: everything is public. With the parameters that may be mandatory in them. */
const PASSED_OVER: Readonly<Record<string, readonly string[]>> = {
  "phase-heads": [],
  listkeys: ["namespace"],
  bookmarks: [],
  hgtagsfnodes: [],
  "cache:rev-branch-cache": [],
  output: ["in-reply-to"],
};

/** "targetphase" is what hg makes of what it receives: public or not is nothing to a catalog. */
const CHANGEGROUP_PARAMETERS = ["version", "treemanifest", "nbchanges", "targetphase"];

/**
 * Reads the bundle into the writer and commits; after a failure the writer is aborted and nothing is
 * visible. Throws `exchange.*`, `interrupted`.
 */
export async function receiveBundle(
  chunks: AsyncIterable<Uint8Array>,
  writer: CatalogWriter,
  progress: Progress,
  signal: AbortSignal,
): Promise<Received> {
  try {
    const received = await readInto(chunks, writer, progress, signal);
    if (received.nodes.length > 0 || received.revisions > 0) await writer.commit();
    else writer.abort();
    return received;
  } catch (error) {
    writer.abort();
    throw error;
  }
}

interface OpenPart {
  readonly decoder: ChangegroupDecoder | null;
  readonly applier: ChangegroupApplier | null;
}

async function readInto(
  chunks: AsyncIterable<Uint8Array>,
  writer: CatalogWriter,
  progress: Progress,
  signal: AbortSignal,
): Promise<Received> {
  const open: OpenPart[] = [];
  let total: Received = { nodes: [], revisions: 0, known: 0 };
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      if (signal.aborted) throw new ReelError("interrupted");
      progress.bytes += chunk.byteLength;
      yield chunk;
    }
  };
  for await (const item of readBundle(counted())) {
    const part = open.at(-1);
    if (item.kind === "part") open.push(openPart(item.header, writer, progress));
    else if (item.kind === "payload") {
      for (const each of part?.decoder?.push(item.bytes) ?? []) part?.applier?.take(each);
    } else if (item.kind === "part-end") {
      open.pop();
      part?.decoder?.finish();
      if (part?.applier) total = add(total, part.applier);
    }
  }
  return total;
}

function add(total: Received, applier: ChangegroupApplier): Received {
  const { nodes, revisions, known } = applier.finish();
  return {
    nodes: [...total.nodes, ...nodes],
    revisions: total.revisions + revisions,
    known: total.known + known,
  };
}

function openPart(header: PartHeader, writer: CatalogWriter, progress: Progress): OpenPart {
  const { type, mandatory, mandatoryParameters, advisoryParameters } = header;
  if (type === "error:abort" || type === "error:pushraced") {
    const message = mandatoryParameters.get("message") ?? type;
    const hint = mandatoryParameters.get("hint") ?? advisoryParameters.get("hint");
    throw new ReelError("exchange.stopped", {
      found: showBytes(hint === undefined ? message : `${message} (${hint})`),
    });
  }
  const known = type === "changegroup" ? CHANGEGROUP_PARAMETERS : PASSED_OVER[type];
  if (!known) {
    if (mandatory) throw new ReelError("exchange.unknown-part", { found: type });
    return { decoder: null, applier: null };
  }
  for (const name of mandatoryParameters.keys()) {
    if (!known.includes(name))
      throw new ReelError("exchange.unknown-parameter", {
        found: showBytes(name),
        where: `the bundle's part '${type}'`,
      });
  }
  if (type !== "changegroup") return { decoder: null, applier: null };
  const version = mandatoryParameters.get("version") ?? "01";
  if (!isChangegroupVersion(version))
    throw new ReelError("exchange.unknown-parameter", {
      found: `version=${showBytes(version)}`,
      where: "the bundle's part 'changegroup'",
    });
  return {
    decoder: new ChangegroupDecoder(version),
    applier: new ChangegroupApplier(writer, progress),
  };
}
