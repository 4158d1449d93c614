// A volume that changes at random: every kind of change that a dump must carry.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
  appendFileSync,
} from "node:fs";
import type { Random } from "./random.ts";

type Path = Buffer;

const ODD_NAMES = [
  "caf\xe9",
  "caf\xc3\xa9",
  "\xff\xfe",
  "a b",
  " lead",
  "new\nline",
  "tab\t",
  "-dash",
  "%dir",
  "%25",
  ".hg",
  ".hgtags",
  ".HGsub",
  "*?[x]",
  "back\\slash",
  "'\"",
  "\x01\x7f",
  "...",
  "CR\rname",
  "restore",
];
const LONG = 254;

export class RandomVolume {
  private readonly root: string;
  private readonly random: Random;
  private readonly attributes: boolean;
  private counter = 0;

  constructor(root: string, random: Random, attributes: boolean) {
    this.root = root;
    this.random = random;
    this.attributes = attributes;
    for (let i = 0; i < 5; i++) this.makeDirectory();
    for (let i = 0; i < 30; i++) this.makeFile();
    for (let i = 0; i < 3; i++) this.makeLink();
  }

  change(times: number): void {
    for (let i = 0; i < times; i++) {
      const act = this.random.pick(ACTS);
      this[act]();
    }
  }

  private all(): { path: Path; directory: boolean }[] {
    const found: { path: Path; directory: boolean }[] = [];
    const walk = (path: Path): void => {
      for (const entry of readdirSync(path, {
        withFileTypes: true,
        encoding: "buffer",
      }) as unknown as { name: Buffer; isDirectory(): boolean }[]) {
        const below = Buffer.concat([path, Buffer.from("/"), entry.name]);
        found.push({ path: below, directory: entry.isDirectory() });
        if (entry.isDirectory()) walk(below);
      }
    };
    walk(Buffer.from(this.root));
    return found.sort((a, b) => Buffer.compare(a.path, b.path));
  }

  private directories(): Path[] {
    return [
      Buffer.from(this.root),
      ...this.all()
        .filter((e) => e.directory)
        .map((e) => e.path),
    ];
  }

  private files(): Path[] {
    return this.all()
      .filter((e) => !e.directory && lstatSync(e.path).isFile())
      .map((e) => e.path);
  }

  private newPath(): Path {
    const number = this.counter++;
    let name = `f${number}`;
    if (this.random.chance(0.2))
      name = this.random.pick(ODD_NAMES) + (this.random.chance(0.5) ? "" : String(number));
    else if (this.random.chance(0.05)) name = `${number}`.padEnd(LONG, "x");
    const path = Buffer.concat([
      this.random.pick(this.directories()),
      Buffer.from("/"),
      Buffer.from(name, "latin1"),
    ]);
    return path.length > 3000 || existsSync(path) ? this.newPath() : path;
  }

  makeFile(): void {
    const path = this.newPath();
    const { random } = this;
    if (random.chance(0.12)) {
      const fd = openSync(path, "w");
      const size = random.below(3_000_000);
      if (random.chance(0.7)) writeSync(fd, random.bytes(100), 0, 100, random.below(size + 1));
      ftruncateSync(fd, size);
      closeSync(fd);
    } else
      writeFileSync(
        path,
        random.bytes(
          random.pick([0, 1, 100, 1023, 1024, 1025, 4096, 5000, 20_000, 70_000, 600_000]),
        ),
      );
    if (random.chance(0.3))
      chmodSync(path, random.pick([0o600, 0o4755, 0o000, 0o2711, 0o444, 0o1777]));
    if (random.chance(0.3))
      chownSync(
        path,
        random.pick([0, 1, 65_534, 65_536, 70_000, 4_294_967_294]),
        random.pick([0, 5, 70_001]),
      );
    if (random.chance(0.2))
      utimesSync(path, random.below(2_000_000_000) + 0.123, random.below(2_000_000_000) + 0.654321);
    if (this.attributes && random.chance(0.3)) this.setAttributeOf(path);
  }

  makeDirectory(): void {
    const path = this.newPath();
    mkdirSync(path);
    if (this.random.chance(0.3)) chmodSync(path, this.random.pick([0o700, 0o2775, 0o1777, 0o555]));
    if (this.attributes && this.random.chance(0.3)) this.setAttributeOf(path);
  }

  makeLink(): void {
    const path = this.newPath();
    symlinkSync(
      this.random.pick([
        "a",
        "../x",
        "/etc/passwd",
        "dangling\xff",
        "y".repeat(100),
        "z".repeat(1500),
      ]),
      path,
    );
    if (this.random.chance(0.3)) lchownSync(path, 70_000, 3);
  }

  makeNode(): void {
    const path = this.newPath();
    const name = path.toString("latin1");
    if (/[^\x20-\x7e]/.test(name)) return;
    if (this.random.chance(0.5)) execFileSync("mkfifo", [name]);
    else
      execFileSync(
        "mknod",
        this.random.chance(0.5) ? [name, "c", "1", "3"] : [name, "b", "8", "17"],
      );
  }

  editFile(): void {
    const files = this.files();
    if (files.length === 0) return;
    const path = this.random.pick(files);
    if (this.random.chance(0.5)) appendFileSync(path, this.random.bytes(this.random.below(3000)));
    else writeFileSync(path, this.random.bytes(this.random.below(9000)));
  }

  removeFile(): void {
    const others = this.all().filter((e) => !e.directory);
    if (others.length > 5) unlinkSync(this.random.pick(others).path);
  }

  removeDirectory(): void {
    const directories = this.directories().slice(1);
    if (directories.length > 3) rmSync(this.random.pick(directories), { recursive: true });
  }

  rename(): void {
    const entries = this.all();
    if (entries.length === 0) return;
    const from = this.random.pick(entries).path;
    const to = this.newPath();
    if (to.toString("latin1").startsWith(`${from.toString("latin1")}/`)) return;
    renameSync(from, to);
  }

  swap(): void {
    const files = this.files();
    if (files.length < 2) return;
    const a = this.random.pick(files);
    const b = this.random.pick(files);
    const middle = Buffer.from(`${this.root}/swap-${this.counter++}`);
    if (a.equals(b)) return;
    renameSync(a, middle);
    renameSync(b, a);
    renameSync(middle, b);
  }

  addLink(): void {
    const files = this.files();
    if (files.length > 0) linkSync(this.random.pick(files), this.newPath());
  }

  changeKind(): void {
    const others = this.all().filter((e) => !e.directory);
    if (others.length === 0) return;
    const { path } = this.random.pick(others);
    unlinkSync(path);
    if (this.random.chance(0.5)) {
      mkdirSync(path);
      writeFileSync(Buffer.concat([path, Buffer.from("/inside")]), "x");
    } else symlinkSync("elsewhere", path);
  }

  directoryToFile(): void {
    const directories = this.directories().slice(1);
    if (directories.length < 4) return;
    const path = this.random.pick(directories);
    rmSync(path, { recursive: true });
    writeFileSync(path, "was a directory");
  }

  chmod(): void {
    const entries = this.all().filter((e) => !lstatSync(e.path).isSymbolicLink());
    if (entries.length > 0)
      chmodSync(this.random.pick(entries).path, this.random.pick([0o600, 0o755, 0o4711, 0o1755]));
  }

  moveIn(): void {
    // A directory from outside, with files far older than any dump.
    const outside = Buffer.from(`${this.root}.outside-${this.counter++}`);
    mkdirSync(outside);
    const file = Buffer.concat([outside, Buffer.from("/old")]);
    writeFileSync(file, this.random.bytes(2000));
    utimesSync(file, 1_000_000_000, 1_000_000_000);
    renameSync(outside, this.newPath());
  }

  setAttribute(): void {
    const files = this.files();
    if (this.attributes && files.length > 0) this.setAttributeOf(this.random.pick(files));
  }

  private setAttributeOf(path: Path): void {
    const name = path.toString("latin1");
    if (/[^\x20-\x7e]/.test(name)) return;
    if (this.random.chance(0.3))
      execFileSync("setfacl", ["-m", `u:${this.random.pick([1001, 70_000])}:rw,g:100:r`, name]);
    else
      execFileSync("setfattr", [
        "-n",
        `user.${this.random.pick(["a", "bb", "long-name"])}`,
        "-v",
        "v".repeat(this.random.below(300)),
        name,
      ]);
  }
}

const ACTS = [
  "makeFile",
  "makeFile",
  "makeDirectory",
  "makeLink",
  "makeNode",
  "editFile",
  "editFile",
  "editFile",
  "removeFile",
  "removeDirectory",
  "rename",
  "rename",
  "swap",
  "addLink",
  "addLink",
  "changeKind",
  "directoryToFile",
  "chmod",
  "moveIn",
  "setAttribute",
] as const;
