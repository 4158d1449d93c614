// hg: the same records as files of a tree-manifest repository; its commit is what is timed. Writing the
// files and `hg addremove` are not.
import fs from "node:fs";
import path from "node:path";
import { HISTORY } from "../../../src/catalog/group-index.ts";
import { fileContent } from "../../../src/catalog/filelog-text.ts";
import { walkDirectories } from "../../../src/catalog/tree-walk.ts";
import { toRev } from "../../../src/core/ids.ts";
import { openRepository } from "../../../src/job/repository.ts";
import { isThere, run, settle, type TreeSize, treeSize } from "../measure.ts";
import type { Count, Peer, Reading, Round, Step } from "../peer.ts";

function hg(round: Round, args: readonly string[]): ReturnType<typeof run> {
  const config = ["--config", "experimental.treemanifest=1", "--config", "ui.username=bench"];
  return run(["hg", ...args, ...config], round.folder);
}

/** Makes the working directory hold what the newest changeset of the catalog does: a file for each record. */
function writeRecords(catalog: string, folder: string): void {
  const repository = openRepository({ directory: catalog, cwd: catalog, notice: () => {} });
  const gone = new Set(
    fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)))
      .filter((file) => !file.startsWith(".hg")),
  );
  try {
    const view = repository.view();
    const { manifest } = view.changelog.head(toRev(view.changelog.count - 1));
    for (const directory of walkDirectories(view, manifest)) {
      fs.mkdirSync(path.join(folder, directory.path), { recursive: true });
      for (const { flag, name, node } of directory.entries) {
        if (flag === "t") continue;
        const history = view.child(directory.history, name, HISTORY.file);
        if (history === null) throw new Error(`${name} has no history`);
        const file = path.join(directory.path, name);
        const content = fileContent(view.text(history, node));
        const at = path.join(folder, file);
        const isThere = gone.delete(file);
        if (!isThere || !fs.readFileSync(at).equals(content)) fs.writeFileSync(at, content);
      }
    }
  } finally {
    repository.close();
  }
  for (const file of gone) fs.rmSync(path.join(folder, file));
}

/** Of the store without the journal of the last commit, which is of no use after it. */
function storeSize(round: Round): TreeSize {
  return treeSize(path.join(round.folder, ".hg/store"), "undo");
}

export const hgPeer: Peer = {
  name: "hg",
  slow: true,
  after: ["reel"],
  missing: () => (isThere("hg") ? null : "mercurial"),

  async step(step: Step, round: Round): Promise<Reading[]> {
    if (step === "level 0") hg(round, ["init"]);
    writeRecords(round.folderOf("reel"), round.folder);
    hg(round, ["addremove", "-q", "--similarity", "0"]);
    const before = step === "level 0" ? 0 : storeSize(round).bytes;
    settle(round.options.patience);
    const { seconds, cpuSeconds, disturbed } = hg(round, ["commit", "-q", "-m", step]);
    const bytes = storeSize(round).bytes - before;
    return [{ line: "hg commit of the records", seconds, cpuSeconds, bytes, disturbed }];
  },

  async counts(round: Round): Promise<Count[]> {
    const size = storeSize(round);
    return [
      { line: "files of .hg/store", value: size.files, max: null },
      { line: "bytes of .hg/store", value: size.bytes, max: null },
      { line: "bytes of .hg/store on disk", value: size.diskBytes, max: null },
    ];
  },
};
