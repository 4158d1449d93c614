// What the package's scripts do, each from a fresh clone on.
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { installModules, installPeers, root, run } = require("./setup.cjs");

async function build(force) {
  const { buildIfStale } = await import(pathToFileURL(path.join(__dirname, "build.js")).href);
  await buildIfStale({ force, quiet: false });
}

const TASKS = {
  /** Everything that is needed, and no more. */
  async setup() {
    installModules();
    return installPeers().length === 0 ? 0 : 1;
  },

  async build() {
    installModules();
    await build(true);
    return 0;
  },

  /** Builds and runs `reel demo [ARG…]`. */
  async demo(args) {
    installModules();
    await build(false);
    return run(process.execPath, [path.join(root, "bin/reel.js"), "demo", ...args], { cwd: process.cwd(), stdio: "inherit" });
  },

  /** Every test, or those that the arguments choose: a file, a folder, `-t NAME`, `--project unit`. */
  async test(args) {
    installModules();
    installPeers();
    const env = { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
    // It costs each child process that a test starts 40 ms, to read certificates that nothing here uses.
    delete env.NODE_EXTRA_CA_CERTS;
    const vitest = path.join(root, "node_modules/vitest/vitest.mjs");
    return run(process.execPath, [vitest, "run", "--config", "test/vitest.config.ts", ...args], { env });
  },
};

module.exports = async function task(name, args) {
  try {
    process.exitCode = await TASKS[name](args);
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
};
