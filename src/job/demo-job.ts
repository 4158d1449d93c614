// reel demo: a small volume through the levels 0, 2, 3, 1, 4, the two increment chains drawn, and two
// restores compared with what the volume was.
import { existsSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { showBytes, type ByteString } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { differingPaths, listTree } from "./demo/listing.ts";
import { CHANGES, makeVolume } from "./demo/volume.ts";
import type { DemoRequest, DemoStep, JobContext } from "./requests.ts";

/** A dump takes along what changed within two seconds before its base; then a change shows as a change. */
const MARGIN_MS = 2_100;

/** Changesets that end the two chains, 0→2→3 and 0→1→4. */
const CHAIN_ENDS = [2, 4] as const;

export async function* runDemo(
  request: DemoRequest,
  context: JobContext,
): AsyncGenerator<DemoStep> {
  const directory =
    request.directory === null
      ? mkdtempSync(join(tmpdir(), "reel-demo-"))
      : resolve(context.cwd, request.directory);
  if (existsSync(directory) && readdirSync(directory).length > 0)
    throw new ReelError("demo.not-empty", { path: directory });
  const volume = join(directory, "vol1");
  const catalog = join(directory, "catalog");
  mkdirSync(volume, { recursive: true });
  const reel = (...argv: string[]): DemoStep => ({
    kind: "command",
    argv: ["-R", catalog, ...argv],
  });
  const note = (text: string): DemoStep => ({ kind: "note", text });

  yield note(`A small volume is made in ${volume}, and a catalog beside it.`);
  makeVolume(volume);
  await sleep(MARGIN_MS);
  yield { kind: "command", argv: ["init", catalog] };
  yield note("A level 0 dumps everything.");
  yield reel("dump", "-l", "0", volume);
  const states = new Map<number, Map<ByteString, string>>();
  let rev = 0;
  for (const change of CHANGES) {
    await sleep(MARGIN_MS);
    change.make(volume);
    yield note(
      `Two seconds later ${change.words}; level ${change.level} dumps what changed since its base.`,
    );
    yield reel("dump", "-l", String(change.level), volume);
    states.set(++rev, await listTree(volume));
  }
  yield note(
    "Each dump is a changeset whose parent is its base: two increment chains, 0-2-3 and 0-1-4.",
  );
  yield reel("glog");
  for (const end of CHAIN_ENDS) {
    const target = join(directory, `restored-${end}`);
    yield note(`What it takes to bring back changeset ${end}, and doing it.`);
    yield reel("plan", "-r", String(end));
    yield reel("restore", "-r", String(end), "--to", target);
    yield note(compare(states.get(end) as Map<ByteString, string>, await listTree(target), end));
  }
  yield note(
    `Try next:\n  reel -R ${catalog} log -v\n  reel -R ${catalog} files -r 4\n  reel -R ${catalog} cat -r 4 etc/motd\n` +
      `  reel -R ${catalog} diff -r 0 -r 4\n  reel -R ${catalog} chain -r 2\n  reel -R ${catalog} tape show REEL01\n` +
      `  reel -R ${catalog} tape cat REEL01 -n 1 | restore -tf -\n  reel -R ${catalog} verify`,
  );
}

function compare(
  then: ReadonlyMap<ByteString, string>,
  restored: ReadonlyMap<ByteString, string>,
  end: number,
): string {
  const different = differingPaths(then, restored);
  if (different.length > 0)
    throw new ReelError("demo.different", { rev: end, paths: different.map(showBytes) });
  return `Compared: all ${then.size} paths of changeset ${end} are as they were: types, modes, owners, times to the nanosecond, links, contents, attributes.`;
}
