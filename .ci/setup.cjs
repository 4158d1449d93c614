// Brings a fresh clone to where it can build and test: node packages, and the programs that the tests hold
// Reel against. Quick when all is there: two files are compared, nothing is asked of a registry.
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const root = path.resolve(__dirname, "..");

/** Program that the tests run → Debian package that has it. */
const PEERS = {
  hg: "mercurial",
  dump: "dump",
  restore: "dump",
  mke2fs: "e2fsprogs",
  debugfs: "e2fsprogs",
  setfattr: "attr",
  getfattr: "attr",
  setfacl: "acl",
  getfacl: "acl",
  makefs: "makefs",
  python3: "python3",
};

function run(command, args, options = {}) {
  const done = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    ...options,
  });
  if (done.error !== undefined) throw new Error(`cannot run ${command}: ${done.error.message}`);
  return done.status ?? 1;
}

/**
 * npm keeps the tree that it installed in node_modules/.package-lock.json: it must be that of the lock file, but
 * for packages of one processor or system, which may be in either alone.
 */
function modulesAreInstalled() {
  let wanted;
  let found;
  try {
    wanted = JSON.parse(fs.readFileSync(path.join(root, "package-lock.json"), "utf8")).packages;
    const tree = path.join(root, "node_modules/.package-lock.json");
    found = JSON.parse(fs.readFileSync(tree, "utf8")).packages;
  } catch {
    return false;
  }
  delete wanted[""];
  const isOptional = (entry) => entry.optional === true;
  return (
    Object.entries(wanted).every(([name, entry]) =>
      name in found ? found[name].version === entry.version : isOptional(entry),
    ) && Object.entries(found).every(([name, entry]) => name in wanted || isOptional(entry))
  );
}

/**
 * `npm install` by the lock file, which it leaves as it is; not `npm ci`, which refuses a lock file that was made
 * where a registry lacks the packages of other systems. No package needs its install script: native parts come
 * as packages.
 */
function installModules() {
  if (modulesAreInstalled()) return;
  console.error("installing node packages (npm install)");
  const args = ["install", "--no-save", "--ignore-scripts", "--include=dev", "--include=optional"];
  args.push("--no-audit", "--no-fund", "--loglevel=error");
  const npm = process.env.npm_execpath;
  const status = npm?.endsWith(".js")
    ? run(process.execPath, [npm, ...args])
    : run("npm", args, { shell: process.platform === "win32" });
  if (status !== 0) throw new Error("npm install failed; its messages are above");
}

function isThere(program) {
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => fs.existsSync(path.join(folder, program)));
}

function missingPeers() {
  return Object.keys(PEERS).filter((program) => !isThere(program));
}

/** Installs what is missing where it may; gives the names of the programs that are still missing. */
function installPeers() {
  const missing = missingPeers();
  if (missing.length === 0) return [];
  const packages = [...new Set(missing.map((program) => PEERS[program]))].sort();
  const install = `apt-get install ${packages.join(" ")}`;
  if (!isThere("apt-get") || process.getuid?.() !== 0) {
    console.error(`missing: ${missing.join(", ")}; on Debian, as root: ${install}`);
    return missing;
  }
  console.error(`installing ${packages.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = ["-y", "-qq", "--no-install-recommends", "install", ...packages];
  // A new machine has no package lists, or old ones: refresh them before the only try that counts.
  run("apt-get", ["-qq", "update"], { env });
  run("apt-get", apt, { env, stdio: ["ignore", "ignore", "inherit"] });
  const still = missingPeers();
  if (still.length > 0)
    console.error(`still missing: ${still.join(", ")}; try: apt-get update && ${install}`);
  return still;
}

module.exports = { root, run, installModules, installPeers, missingPeers };
