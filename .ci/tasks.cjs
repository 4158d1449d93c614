// What the package's scripts do, each from a fresh clone on.
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { installModules, installPeers, root, run } = require("./setup.cjs");

async function build(options) {
  const { buildIfStale } = await import(pathToFileURL(path.join(__dirname, "build.js")).href);
  await buildIfStale({ quiet: false, ...options });
}

/** Loads a TypeScript module of the project, which Node 20 cannot: bundled, below node_modules' folder. */
async function importTypeScript(file) {
  const { build: bundle } = await import("esbuild");
  const outfile = path.join(root, "dist/tasks", `${path.basename(file, ".ts")}.mjs`);
  const options = { bundle: true, platform: "node", format: "esm", external: ["koffi"] };
  // Packages in CommonJS require Node's modules.
  const js =
    'import{createRequire as requirer}from"node:module";const require=requirer(import.meta.url);';
  await bundle({ ...options, banner: { js }, absWorkingDir: root, entryPoints: [file], outfile });
  return await import(pathToFileURL(outfile).href);
}

const TASKS = {
  /** Everything that is needed, and no more. */
  async setup() {
    installModules();
    return installPeers().length === 0 ? 0 : 1;
  },

  /** `--types` adds the declarations that the published package has. */
  async build(args) {
    installModules();
    await build({ force: true, types: args.includes("--types") });
    return 0;
  },

  /** Builds and runs `reel demo [ARG…]`. */
  async demo(args) {
    installModules();
    await build({});
    return run(process.execPath, [path.join(root, "bin/reel.js"), "demo", ...args], {
      cwd: process.cwd(),
      stdio: "inherit",
    });
  },

  /** Every test, or those that the arguments choose: a file, a folder, `-t NAME`, `--project unit`. */
  async test(args) {
    installModules();
    installPeers();
    const env = { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
    // It costs each child process that a test starts 40 ms, to read certificates that nothing here uses.
    delete env.NODE_EXTRA_CA_CERTS;
    const vitest = path.join(root, "node_modules/vitest/vitest.mjs");
    return run(process.execPath, [vitest, "run", "--config", "test/vitest.config.ts", ...args], {
      env,
    });
  },

  /** Writes the pages of docs/ that are made from tables in the sources. */
  async docs() {
    installModules();
    const { errorsPage } = await importTypeScript(".ci/errors-page.ts");
    fs.writeFileSync(path.join(root, "docs/errors.md"), errorsPage());
    return 0;
  },

  /** Times Reel beside its peers; the arguments go to test/bench/main.ts. */
  async bench(args) {
    installModules();
    installPeers();
    await build({});
    const { bench } = await importTypeScript("test/bench/main.ts");
    return await bench(args);
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
