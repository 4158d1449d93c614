// What stands in front of the bundle: the check of the Node version, and the code cache that may be absent, old
// or cut off without anybody noticing more than a slower start.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reel-bin-"));

afterAll(() => {
  fs.rmSync(folder, { recursive: true });
});

function run(args: readonly string[]): { code: number | null; out: string; err: string } {
  const done = spawnSync(process.execPath, args, { encoding: "utf8", cwd: folder });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

describe("Node version", () => {
  function pretend(version: string): string {
    const file = path.join(folder, `node-${version}.cjs`);
    const versions = `{ ...process.versions, node: "${version}" }`;
    fs.writeFileSync(file, `Object.defineProperty(process, "versions", { value: ${versions} });\n`);
    return file;
  }

  test.each([
    ["bin/reel.js", "--version"],
    [".ci/go.cjs", "demo"],
    [".ci/go.cjs", "test"],
  ])("%s %s refuses an old one at once", (script, verb) => {
    for (const version of ["18.20.4", "20.11.1", "4.9.1"]) {
      const { code, out, err } = run(["-r", pretend(version), path.join(ROOT, script), verb]);
      expect(err).toContain(`wrong Node version: found ${version}, expected 20.15 or newer`);
      expect({ code, out, lines: err.trimEnd().split("\n").length }).toEqual({
        code: 1,
        out: "",
        lines: 1,
      });
    }
  });

  test.each(["20.15.0", "21.0.0", "100.0.0"])("%s will do", (version) => {
    expect(
      run(["-r", pretend(version), path.join(ROOT, "bin/reel.js"), "--version"]),
    ).toMatchObject({ code: 0, err: "" });
  });

  test("what checks it is parsed by any Node", () => {
    for (const script of ["bin/reel.js", "bin/node-version.js", ".ci/go.cjs"]) {
      const code = fs
        .readFileSync(path.join(ROOT, script), "utf8")
        .replaceAll(/(^|\s)\/\/.*|"[^"]*"|^#!.*/gm, "");
      expect(code).not.toMatch(
        /=>|`|\?\.|\?\?|\b(const|let|class|async|await|import|export|node:)\b|\.\.\.|catch \{/,
      );
    }
  });

  test("package.json wants the same", () => {
    const { engines } = JSON.parse(fs.readFileSync(path.join(ROOT, "package.json"), "utf8")) as {
      engines: { node: string };
    };
    expect(run(["-r", pretend("1.0.0"), path.join(ROOT, "bin/reel.js")]).err).toContain(
      `expected ${engines.node.replace(">=", "")} or`,
    );
  });
});

describe("bundle and code cache", () => {
  /** The program and its bundle, in a folder of their own; packages are found through a link. */
  function copyProgram(name: string): { program: string; dist: string } {
    const home = path.join(folder, name);
    fs.cpSync(path.join(ROOT, "bin"), path.join(home, "bin"), { recursive: true });
    for (const file of ["dist/reel.cjs", "dist/reel.cache", "package.json"]) {
      fs.mkdirSync(path.join(home, path.dirname(file)), { recursive: true });
      fs.copyFileSync(path.join(ROOT, file), path.join(home, file));
    }
    fs.symlinkSync(path.join(ROOT, "node_modules"), path.join(home, "node_modules"));
    return { program: path.join(home, "bin/reel.js"), dist: path.join(home, "dist") };
  }

  /** Whether V8 took the cache. */
  function rejects(program: string): string {
    return run([
      "-p",
      `require(${JSON.stringify(program)})().script.cachedDataRejected`,
    ]).out.trim();
  }

  test("the build's cache is taken", () => {
    expect(rejects(copyProgram("whole").program)).toBe("false");
  });

  test("without a build, says what to run", () => {
    const { program, dist } = copyProgram("not-built");
    fs.rmSync(dist, { recursive: true });
    const { code, err } = run([program, "--version"]);
    expect(err).toBe(`reel: not built yet; run: npm run build --prefix ${path.dirname(dist)}\n`);
    expect(code).toBe(1);
  });

  test("runs without a cache, with a part of one, and with that of another text of the same length", () => {
    const { program, dist } = copyProgram("cache");
    const cache = path.join(dist, "reel.cache");
    const expected = run([program, "--version"]);
    expect(expected.code).toBe(0);

    const bytes = fs.readFileSync(cache);
    for (const kept of [0, 8, 16, 20, 100, bytes.length - 1]) {
      fs.writeFileSync(cache, bytes.subarray(0, kept));
      expect(run([program, "--version"])).toEqual(expected);
    }
    expect(rejects(program)).toBe("true");

    fs.writeFileSync(cache, Buffer.concat([Buffer.from("//00000000000000"), bytes.subarray(16)]));
    expect(run([program, "--version"])).toEqual(expected);
    expect(rejects(program)).toBe("undefined");

    fs.rmSync(cache);
    expect(run([program, "--version"])).toEqual(expected);
  });
});
