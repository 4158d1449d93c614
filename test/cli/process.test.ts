// The program as a process: streams, a reader that goes away, colour, and what a start loads.
import { spawnSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const REEL = resolve(import.meta.dirname, "../../bin/reel.js");
let folder = "";

function shell(script: string, env: Readonly<Record<string, string>> = {}) {
  const done = spawnSync("/bin/bash", ["-c", script], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      TZ: "UTC",
      REEL: `${process.execPath} ${REEL}`,
      REEL_USER: "ann",
      ...env,
    },
    encoding: "latin1",
    maxBuffer: 1 << 26,
  });
  return { status: done.status, out: done.stdout, err: done.stderr };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reel-process-"));
  const source = join(folder, "volume");
  mkdirSync(source);
  for (let i = 0; i < 3000; i++) writeFileSync(join(source, `file-${i}`), "");
  writeFileSync(Buffer.from(join(source, "caf\xe9"), "latin1"), "not UTF-8");
  const made = shell('$REEL init cat && $REEL -R cat dump -l 0 -d "2026-03-02 20:00 +0000" volume');
  if (made.status !== 0) throw new Error(made.err);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("a reader that has enough ends the program quietly", () => {
  expect(shell('$REEL -R cat files -l | head -n 1; echo "${PIPESTATUS[0]}"')).toMatchObject({
    out: expect.stringMatching(/^drwx.* \.\n0\n$/),
    err: "",
  });
});

test("names come out as the bytes they are", () => {
  const odd = Buffer.from("caf\xe9", "latin1");
  writeFileSync(join(folder, "script"), Buffer.concat([Buffer.from("$REEL -R cat files "), odd]));
  expect(shell(". ./script")).toEqual({ status: 0, out: "caf\xe9\n", err: "" });
  expect(shell("$REEL -R cat files | grep -a caf").out).toBe("caf\xe9\n");
  expect(shell("$REEL -R cat files -0 | tr '\\0' '\\n' | grep -ac ^file-").out).toBe("3000\n");
  const listed = JSON.parse(
    Buffer.from(shell("$REEL -R cat files --json").out, "latin1").toString(),
  ) as { path: string }[];
  expect(listed.map((entry) => entry.path)).toContain("caf\udce9");
  expect(listed).toHaveLength(3002);
});

test("an image on standard output is nothing but the image; the report is on standard error", () => {
  const { status, out, err } = shell(
    "$REEL -R cat dump -l 1 -f - volume > image; echo $?; restore -tf image | tail -n 1",
  );
  expect(status).toBe(0);
  expect(out).toMatch(/^0\n.*\.\/file-/s);
  expect(err).toContain("on standard output");
});

test("colour: --color, NO_COLOR, and none into a pipe", () => {
  expect(shell("$REEL -R cat tip").out).not.toContain("\x1b");
  expect(shell("$REEL -R cat tip --color always", { NO_COLOR: "1" }).out).toContain(
    "\x1b[33mchangeset:",
  );
  const terminal = (env: Record<string, string>) =>
    shell("script -qec '$REEL -R cat tip --no-pager' /dev/null", { TERM: "xterm", ...env }).out;
  expect(terminal({})).toContain("\x1b[33mchangeset:");
  expect(terminal({ NO_COLOR: "1" })).not.toContain("\x1b[33m");
});

test("a pager takes long output on a terminal, and only there", () => {
  const env = { REEL_PAGER: "sed s/^/paged:/", TERM: "dumb" };
  expect(shell("script -qec '$REEL -R cat log' /dev/null", env).out).toMatch(/^paged:changeset: /);
  expect(shell("script -qec '$REEL -R cat log --no-pager' /dev/null", env).out).toMatch(
    /^changeset: /,
  );
  expect(shell("script -qec '$REEL -R cat tip' /dev/null", env).out).toMatch(/^changeset: /);
  expect(shell("$REEL -R cat log", env).out).toMatch(/^changeset: /);
});

test("an interrupted dump exits with 130, and nothing is committed", () => {
  // The reader of the pipe comes late, so that the interrupt finds the dump in the middle of the file.
  const script = `mkdir big && head -c 50000000 /dev/zero > big/zeros && mkfifo hold
    (sleep 1.5; kill -INT $(cat pid)) &
    (sleep 3; cat hold > /dev/null) &
    sh -c 'echo $$ > pid; exec $REEL -R cat dump -l 0 -f hold big'; echo $?; wait
    $REEL -R cat log -q -b $PWD/big`;
  const { out, err } = shell(script);
  expect(out).toBe("130\n");
  expect(err).toContain("reel: interrupted");
});

test("help and version load no engine", () => {
  const loaded = (words: string) =>
    shell(`$REEL ${words} > /dev/null && echo fine`, {
      NODE_OPTIONS: "--disallow-code-generation-from-strings",
    }).out;
  expect(loaded("--version")).toBe("fine\n");
  expect(loaded("help dump")).toBe("fine\n");
  expect(shell("$REEL --version").out).toMatch(/^reel \d+\.\d+\.\d+\n$/);
});
