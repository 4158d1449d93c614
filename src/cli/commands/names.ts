// The small verbs on names and places in history: heads, tip, branches, tags, id, parents.
import type { Command } from "commander";
import type { Rev } from "../../core/ids.ts";
import type { History } from "../../job/walk-job.ts";
import type { Invocation } from "../invocation.ts";
import type { IdParts } from "../render/names.ts";
import { act, type Host, textArgument, verb, type Run } from "../verb.ts";

/** A listing of changesets: which ones, given the history. */
interface ListRequest {
  readonly template: string | null;
  readonly choose: (history: History) => readonly Rev[];
}

interface ListOptions {
  readonly template?: string;
  readonly closed?: boolean;
  readonly rev?: string;
}

async function runList(request: ListRequest, invocation: Invocation): Promise<undefined> {
  const { ChangesetPrinter } = await import("../changeset-printer.ts");
  const { openCatalog } = await import("../../job/catalog-job.ts");
  const printer = new ChangesetPrinter(
    await openCatalog(invocation.context()),
    invocation,
    request.template,
  );
  try {
    const revs = request.choose(printer.history);
    await printer.print(
      revs.map((rev) => ({ rev, edges: [] })),
      false,
    );
  } finally {
    printer.close();
  }
  return undefined;
}

export function headsCommand(host: Host, run: Run<ListRequest> = runList): Command {
  const command = verb("heads", {
    summary: "show the newest dump of each chain",
    about:
      "Shows changesets that nothing builds on. Closed ones, and chains that a newer level 0 of the same dump path has superseded, come with --closed.",
    examples: [["reel heads -T dumps", "one line each"]],
  })
    .option("-c, --closed", "closed and superseded ones too")
    .option("-T, --template <template>", "a style or a template");
  return act<ListOptions, ListRequest>(
    host,
    command,
    (_, options) => ({
      template: options.template ?? null,
      choose: (history) => history.heads(options.closed === true),
    }),
    run,
  );
}

export function tipCommand(host: Host, run: Run<ListRequest> = runList): Command {
  const command = verb("tip", {
    summary: "show the changeset that came last",
    examples: [["reel tip -T '{node}\\n'", "its full id"]],
  }).option("-T, --template <template>", "a style or a template");
  return act<ListOptions, ListRequest>(
    host,
    command,
    (_, options) => ({
      template: options.template ?? null,
      choose: (history) => (history.names.tip < 0 ? [] : [history.names.tip]),
    }),
    run,
  );
}

export function parentsCommand(host: Host, run: Run<ListRequest> = runList): Command {
  const command = verb("parents", {
    summary: "show what a dump builds on",
    about:
      "Shows the parents of a changeset: of a dump its base, of a merge the two heads that it joined. Without -r, of '.', the newest open head.",
    examples: [["reel parents -r 4", "the base of changeset 4"]],
  })
    .option("-r, --rev <rev>", "of this revision")
    .option("-T, --template <template>", "a style or a template");
  return act<ListOptions, ListRequest>(
    host,
    command,
    (_, options) => ({
      template: options.template ?? null,
      choose: (history) => {
        const rev = history.revision(options.rev ?? ".");
        const { changelog } = history.catalog;
        return [changelog.p1(rev), changelog.p2(rev)].filter((parent) => parent >= 0);
      },
    }),
    run,
  );
}

/** What of the names is printed. */
type NamesRequest =
  | { readonly kind: "branches"; readonly closed: boolean }
  | { readonly kind: "tags" }
  | { readonly kind: "id"; readonly rev: string; readonly parts: IdParts };

async function runNames(request: NamesRequest, invocation: Invocation): Promise<undefined> {
  const { openCatalog } = await import("../../job/catalog-job.ts");
  const { dateContext, History } = await import("../../job/walk-job.ts");
  const { branchRows, idObject, nameObjects, renderId, renderNames, tagRows } = await import(
    "../render/names.ts"
  );
  const catalog = await openCatalog(invocation.context());
  try {
    const history = new History(catalog, dateContext(invocation.io.clock));
    const { settings } = invocation;
    const nodeOf = (rev: Rev) => catalog.changelog.node(rev);
    if (request.kind === "id") {
      const rev = history.revision(request.rev);
      const tags = [
        ...catalog.changelog.tagsOf(rev),
        ...(rev === history.names.tip ? ["tip"] : []),
      ].toSorted();
      const id = { rev, node: nodeOf(rev), branch: history.names.branchOf(rev), tags };
      invocation.print(
        settings.json ? idObject(id) : renderId(id, request.parts, settings.verbosity),
      );
    } else {
      const rows =
        request.kind === "tags"
          ? tagRows(history.tags())
          : branchRows(history.branches(request.closed));
      invocation.print(
        settings.json ? nameObjects(rows, nodeOf) : renderNames(rows, nodeOf, settings.verbosity),
      );
    }
  } finally {
    catalog.close();
  }
  return undefined;
}

export function branchesCommand(host: Host, run: Run<NamesRequest> = runNames): Command {
  const command = verb("branches", {
    summary: "list the dump paths",
    about:
      "Lists the named branches, each with its newest changeset. The name of a dump path is a branch.",
    examples: [["reel branches", "all that are open"]],
  }).option("-c, --closed", "closed ones too");
  return act<ListOptions, NamesRequest>(
    host,
    command,
    (_, options) => ({ kind: "branches", closed: options.closed === true }),
    run,
  );
}

export function tagsCommand(host: Host, run: Run<NamesRequest> = runNames): Command {
  const command = verb("tags", {
    summary: "list the tags",
    examples: [["reel tags", "newest first, with the changesets they name"]],
  });
  return act<object, NamesRequest>(host, command, () => ({ kind: "tags" }), run);
}

interface IdOptions {
  readonly rev?: string;
  readonly num?: boolean;
  readonly id?: boolean;
  readonly branch?: boolean;
  readonly tags?: boolean;
}

export function idCommand(host: Host, run: Run<NamesRequest> = runNames): Command {
  const command = verb("id", {
    summary: "show the id of a revision",
    about:
      "Prints node, branch and tags of a revision on one line; with -n, -i, -b, -t only those. Without one, of '.', the newest open head.",
    examples: [["reel id -r 'first(level(0))' -i", "the node of the oldest full dump"]],
  })
    .argument("[rev]", "the revision")
    .option("-r, --rev <rev>", "the revision")
    .option("-n, --num", "its number")
    .option("-i, --id", "its node")
    .option("-b, --branch", "its branch")
    .option("-t, --tags", "its tags");
  return act<IdOptions, NamesRequest>(
    host,
    command,
    (args, { rev, num, id, branch, tags }) => ({
      kind: "id",
      rev: rev ?? textArgument(args[0]) ?? ".",
      parts: {
        number: num === true,
        node: id === true,
        branch: branch === true,
        tags: tags === true,
      },
    }),
    run,
  );
}
