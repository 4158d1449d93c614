// Writes dist/reel.cache: V8's compiled form of the bundle after one run, so that it holds the functions that
// every start needs. Its own process, since the run is of the command line itself.
const fs = require("node:fs");
const path = require("node:path");
const load = require("../bin/reel.js");

const { main, script, name, folder } = load();
main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  const target = path.join(folder, "reel.cache");
  const bytes = Buffer.concat([Buffer.from(name, "latin1"), script.createCachedData()]);
  // Synced before it has its name: V8 checks the length of a cache and not its contents, so a file that a power
  // cut left full of zeros would end the process.
  fs.writeFileSync(`${target}.tmp`, bytes, { flush: true });
  fs.renameSync(`${target}.tmp`, target);
});
