// reel bundle and reel unbundle: changesets in a file.
import type { Command } from "commander";
import { ReelError } from "../../core/errors.ts";
import type { BundleRequest, UnbundleRequest } from "../../job/bundle-requests.ts";
import type { Invocation } from "../invocation.ts";
import { act, collect, type Host, listArgument, textArgument, verb, type Run } from "../verb.ts";

interface BundleOptions {
  readonly all?: boolean;
  readonly rev?: readonly string[];
  readonly base?: readonly string[];
  readonly type?: string;
}

export function bundleCommand(host: Host, run: Run<BundleRequest> = runBundle): Command {
  const command = verb("bundle", {
    summary: "write changesets to a file",
    about: `Writes changesets, and what their dumps recorded, to FILE ('-' for standard output), for 'reel unbundle' elsewhere.
No tape is read: a bundle holds the catalog, not the data. With --base, which says what the other side has, only
what is new is written.

TYPE is gzip-v2 (the default) or none-v2, which a plain 'hg init' and 'hg unbundle' take as well; none-v1 and gzip-v1
are the form of old versions of hg, for catalogs without directories.`,
    examples: [
      ["reel bundle --all catalog.hg", "everything"],
      ["reel bundle --base 41 -r /home week.hg", "what came to /home since changeset 41"],
      ["reel bundle -a - | ssh vault reel -R catalog unbundle -", "to another machine"],
    ],
  })
    .argument("<file>", "where to write it")
    .option("-a, --all", "everything")
    .option(
      "-r, --rev <rev>",
      "only this changeset and all that it comes from; repeatable",
      collect,
    )
    .option("--base <rev>", "the other side has this changeset; repeatable", collect)
    .option("-t, --type <type>", "gzip-v2, none-v2, gzip-v1 or none-v1", "gzip-v2");
  return act<BundleOptions, BundleRequest>(
    host,
    command,
    (args, options) => {
      const { all = false, rev = [], base = [], type = "gzip-v2" } = options;
      if (all && base.length > 0)
        throw new ReelError("usage", { found: "--all and --base exclude each other" });
      if (!all && base.length === 0 && rev.length === 0)
        throw new ReelError(
          "usage",
          { found: "nothing says what to write" },
          { remedy: "give --all, or -r REV, or --base REV with what the other side has" },
        );
      return { file: textArgument(args[0]) ?? "-", revs: rev, base, type };
    },
    run,
  );
}

async function runBundle(request: BundleRequest, invocation: Invocation): Promise<undefined> {
  const job = await import("../../job/bundle-job.ts");
  const report = await invocation.withProgress({}, (context) => job.runBundle(request, context));
  if (request.file === "-") return undefined;
  const { bundleLine, bundleObject } = await import("../render/bundle-report.ts");
  const { json, verbosity } = invocation.settings;
  if (json) invocation.print(bundleObject(report));
  else if (verbosity !== "quiet") invocation.print(bundleLine(report));
  return undefined;
}

export function unbundleCommand(host: Host, run: Run<UnbundleRequest> = runUnbundle): Command {
  const command = verb("unbundle", {
    summary: "take in changesets from files",
    about: `Takes in bundles that 'reel bundle' or 'hg bundle' wrote, one after the other, each whole or not at all: everything
in it is checked before anything of it is seen. What is here already is passed over. hg's bundles must be of a
repository with tree manifests, or without directories.`,
    examples: [
      ["reel unbundle week.hg", "what another site sent"],
      ["ssh vault reel -R catalog bundle -a - | reel unbundle -", "from another machine"],
    ],
  }).argument("<files...>", "bundles; '-' is standard input");
  return act<object, UnbundleRequest>(
    host,
    command,
    (args) => ({ files: listArgument(args[0]) }),
    run,
  );
}

async function runUnbundle(request: UnbundleRequest, invocation: Invocation): Promise<undefined> {
  const job = await import("../../job/bundle-job.ts");
  const { takenLine, takenObject } = await import("../render/bundle-report.ts");
  const { json, verbosity } = invocation.settings;
  await invocation.withProgress({}, async (context) => {
    for await (const taken of job.runUnbundle(request, context)) {
      if (json) invocation.print(takenObject(taken));
      else if (verbosity !== "quiet") invocation.print(takenLine(taken));
    }
  });
  return undefined;
}
