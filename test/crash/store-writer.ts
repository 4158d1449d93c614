// The child of store-kill.test.ts: commits for ever, and says on its standard output when one is durable.
// Run from a bundle: node writer.mjs DIRECTORY FIRST-SEED
import fs from "node:fs";
import { openDiskStore } from "../../src/store/disk-store.ts";
import { killedCommit } from "./killed-commit.ts";

const [, , directory = "", firstSeed = "0"] = process.argv;
const store = openDiskStore(directory);
for (let seed = Number(firstSeed); ; seed++) {
  const tx = store.begin();
  const { appends, groups, root } = killedCommit(seed);
  for (const { file, bytes } of appends) tx.append(file, bytes);
  fs.writeSync(1, `begun ${tx.base.generation + 1} ${seed}\n`);
  const view = await tx.commit(groups, root);
  fs.writeSync(1, `durable ${view.generation} ${seed}\n`);
}
