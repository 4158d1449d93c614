// What `npm pack` would publish: it must hold all that a user of the package runs or reads, and nothing that was
// only used to build it.
const { spawnSync } = require("node:child_process");
const { root } = require("./setup.cjs");

const WANTED = [
  "bin/node-version.js",
  "bin/package.json",
  "bin/reel.js",
  "dist/index.js",
  "dist/reel.cjs",
  "dist/types/index.d.ts",
  "docs/errors.md",
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "package.json",
];
const FORBIDDEN = /^(src|test|fixtures|\.)|^dist\/(tasks|built\.json|\.)/;

const done = spawnSync("npm", ["pack", "--dry-run", "--json"], { cwd: root, encoding: "utf8" });
if (done.status !== 0) {
  console.error(done.stderr);
  process.exit(1);
}
// The scripts that run before packing print first.
const report = JSON.parse(done.stdout.slice(done.stdout.search(/^[[{]/m)));
const { files, size, unpackedSize } = Array.isArray(report) ? report[0] : Object.values(report)[0];
const names = files.map((file) => file.path);
const missing = WANTED.filter((name) => !names.includes(name));
const surplus = names.filter((name) => FORBIDDEN.test(name));
for (const name of missing) console.error(`not in the package: ${name}`);
for (const name of surplus) console.error(`does not belong in the package: ${name}`);
console.log(`${names.length} files, ${size} bytes packed, ${unpackedSize} unpacked`);
process.exitCode = missing.length + surplus.length === 0 ? 0 : 1;
