#!/usr/bin/env node
// Starts the command line: checks the Node version, then runs dist/reel.cjs from V8's compiled form of it
// (docs/decisions/0001-start-up.md). Written so that any Node parses it.
/** The first line of the bundle names its text; the cache begins with the same bytes. */
var NAME_BYTES = 16;

function refuse(text) {
  console.error("reel: " + text);
  process.exitCode = 1;
}

/** Compiles the bundle; a cache of another text or another V8 is passed over, and V8 compiles anew. */
function load() {
  var fs = require("fs");
  var path = require("path");
  var vm = require("vm");
  var Module = require("module");
  var folder = path.join(__dirname, "..", "dist");
  var file = path.join(folder, "reel.cjs");
  // The build writes ASCII; to decode it as such takes half the time.
  var text = fs.readFileSync(file, "latin1");
  var name = text.slice(0, NAME_BYTES);
  var cache;
  try {
    cache = fs.readFileSync(path.join(folder, "reel.cache"));
  } catch (error) {
    // Not made, or not readable: a slower start, and no more.
  }
  var cached =
    cache && cache.toString("latin1", 0, NAME_BYTES) === name
      ? cache.subarray(NAME_BYTES)
      : undefined;
  var script = new vm.Script(Module.wrap(text), { filename: file, cachedData: cached });
  var bundle = { exports: {} };
  script.runInThisContext()(bundle.exports, Module.createRequire(file), bundle, file, folder);
  return { main: bundle.exports.main, script: script, name: name, folder: folder };
}

function start() {
  var main;
  try {
    main = load().main;
  } catch (error) {
    if (error.code !== "ENOENT" || !/reel\.cjs$/.test(error.path)) throw error;
    refuse(
      "not built yet; run: npm run build --prefix " + require("path").resolve(__dirname, "..")
    );
    return;
  }
  main(process.argv.slice(2)).then(function (code) {
    process.exitCode = code;
  });
}

var refused = require("./node-version.js")();
if (refused) refuse(refused);
else if (require.main === module) start();
else module.exports = load;
