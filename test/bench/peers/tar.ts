// tar: the same tree to a file, and for an incremental what changed since, by its own list of the tree.
import fs from "node:fs";
import path from "node:path";
import { isThere, run, settle } from "../measure.ts";
import type { Peer, Reading, Round, Step } from "../peer.ts";

function timedTar(line: string, args: readonly string[], round: Round): Reading {
  const archive = path.join(round.folder, "archive.tar");
  fs.rmSync(archive, { force: true });
  settle(round.options.patience);
  const { seconds, cpuSeconds, disturbed } = run([
    "tar",
    "-cf",
    archive,
    ...args,
    "-C",
    round.volume.root,
    ".",
  ]);
  const bytes = fs.statSync(archive).size;
  fs.rmSync(archive);
  return { line, seconds, cpuSeconds, bytes, disturbed };
}

export const tar: Peer = {
  name: "tar",
  slow: false,
  after: [],
  missing: () => (isThere("tar") ? null : "tar"),

  async step(step: Step, round: Round): Promise<Reading[]> {
    const list = path.join(round.folder, "list");
    if (step === "incremental") {
      return [timedTar("tar", [`--listed-incremental=${list}`], round)];
    }
    const readings = [
      timedTar("tar", [], round),
      timedTar("tar --xattrs --acls", ["--xattrs", "--acls"], round),
    ];
    // To /dev/null tar reads no contents: this only makes the list.
    run(["tar", "-cf", "/dev/null", `--listed-incremental=${list}`, "-C", round.volume.root, "."]);
    return readings;
  },

  counts: async () => [],
};
