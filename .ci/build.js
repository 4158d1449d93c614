// Builds dist/:
//   reel.cjs        the command line and all its engines in one file; an engine is evaluated when it is first wanted
//   reel.cache      V8's compiled form of it (docs/decisions/0001-start-up.md)
//   *-worker.js     entry points of worker threads, one for each src/**/*-worker.ts
//   index.js        the library, with types/
//   built.json      what it was built from
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const root = path.resolve(import.meta.dirname, "..");
const dist = path.join(root, "dist");

/** Packages that stay packages: koffi loads native code that lies beside it. */
const EXTERNAL = ["koffi"];
const COMMON = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20.15",
  external: EXTERNAL,
  outdir: dist,
  write: false,
  logLevel: "warning",
  legalComments: "none",
  tsconfigRaw: {},
};

function sources() {
  const files = fs.readdirSync(path.join(root, "src"), { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && file.name.endsWith(".ts"))
    .map((file) => path.relative(root, path.join(file.parentPath ?? file.path, file.name)))
    .sort();
}

/** Changes when a source, a package or the build changes. */
function fingerprint(files) {
  const hash = createHash("sha256").update(process.version);
  for (const file of [...files, "package.json", "package-lock.json", ".ci/build.js"]) {
    hash.update(`\0${file}\0`).update(fs.readFileSync(path.join(root, file)));
  }
  return hash.digest("hex");
}

function builtFrom() {
  try {
    return JSON.parse(fs.readFileSync(path.join(dist, "built.json"), "utf8")).fingerprint;
  } catch {
    return "";
  }
}

/** A reader sees the old file or the new one. */
function replaceFile(name, bytes) {
  const target = path.join(dist, name);
  const temporary = `${target}.${process.pid}.tmp`;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(temporary, bytes);
  fs.renameSync(temporary, target);
}

async function bundleCommandLine() {
  const result = await build({
    ...COMMON,
    entryPoints: [{ in: "src/cli/main.ts", out: "reel" }],
    format: "cjs",
    charset: "ascii",
    outExtension: { ".js": ".cjs" },
    // Names stay: they are in the stack traces of bug reports.
    minifySyntax: true,
    minifyWhitespace: true,
    define: {
      "import.meta.url": "bundleUrl",
      "import.meta.dirname": "__dirname",
      "import.meta.filename": "__filename",
    },
    banner: { js: 'const bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
    supported: { "dynamic-import": false },
  });
  const text = result.outputFiles[0].text;
  // The cache must be of this very text, and V8 compares only the lengths: both begin with the text's name.
  return `//${createHash("sha256").update(text).digest("hex").slice(0, 14)}\n${text}`;
}

async function bundleModules(files) {
  const workers = files.filter((file) => file.endsWith("-worker.ts"));
  const entries = [
    { in: "src/index.ts", out: "index" },
    ...workers.map((file) => ({ in: file, out: path.basename(file, ".ts") })),
  ];
  const result = await build({
    ...COMMON,
    entryPoints: entries.filter((entry) => files.includes(entry.in)),
    format: "esm",
    splitting: true,
    chunkNames: "chunk-[hash]",
    banner: {
      js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);',
    },
  });
  return result.outputFiles.map((file) => [path.relative(dist, file.path), file.contents]);
}

/** The declarations that src/index.ts reaches. */
function emitTypes() {
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", path.join(import.meta.dirname, "tsconfig.types.json")];
  fs.rmSync(path.join(dist, "types"), { force: true, recursive: true });
  const done = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (done.status !== 0) throw new Error("tsc found errors");
}

/** A start that fails is found here, and not by the first user. */
function writeCodeCache() {
  const done = spawnSync(
    process.execPath,
    [path.join(import.meta.dirname, "code-cache.cjs"), "help"],
    { encoding: "utf8" },
  );
  if (done.status !== 0) throw new Error(`the fresh bundle does not run: ${done.stderr}`);
}

/** One builder at a time: a second one waits, then finds that all is done. */
async function withLock(work) {
  fs.mkdirSync(dist, { recursive: true });
  const lock = path.join(dist, ".lock");
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const owner = Number(fs.existsSync(lock) ? fs.readFileSync(lock, "utf8") : "0");
      if (!isAlive(owner)) fs.rmSync(lock, { force: true });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  try {
    return await work();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** `types` takes tsc with it: the published package needs it, tests do not. */
export async function buildIfStale({ force = false, types = false, quiet = true } = {}) {
  if (!force && builtFrom() === fingerprint(sources())) return false;
  return await withLock(async () => {
    const files = sources();
    const from = fingerprint(files);
    if (!force && builtFrom() === from) return false;
    const began = performance.now();
    fs.rmSync(path.join(dist, "built.json"), { force: true });
    const [commandLine, modules] = await Promise.all([bundleCommandLine(), bundleModules(files)]);
    fs.rmSync(path.join(dist, "reel.cache"), { force: true });
    for (const [name, bytes] of modules) replaceFile(name, bytes);
    replaceFile("reel.cjs", commandLine);
    const kept = new Set(["reel.cjs", ".lock", "types", ...modules.map(([name]) => name)]);
    for (const name of fs.readdirSync(dist)) {
      if (!kept.has(name)) fs.rmSync(path.join(dist, name), { force: true, recursive: true });
    }
    if (types) emitTypes();
    writeCodeCache();
    replaceFile("built.json", `${JSON.stringify({ fingerprint: from })}\n`);
    if (!quiet) console.error(`built dist/ in ${Math.round(performance.now() - began)} ms`);
    return true;
  });
}
