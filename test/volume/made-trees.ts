// Trees for the tests of volume, made by real tools, with what real tools say of them.
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

export const IS_ROOT: boolean = process.getuid?.() === 0;

export function makeRoot(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), "reel-volume-"));
}

/** rm goes by directory descriptors, so that paths longer than PATH_MAX are no obstacle. */
export function removeTree(root: string): void {
  execFileSync("rm", ["-rf", root]);
}

export function sh(cwd: string, script: string): string {
  return execFileSync("bash", ["-euc", script], {
    cwd,
    encoding: "latin1",
    env: { ...process.env, LC_ALL: "C" },
  });
}

/** Runs JavaScript in a process of its own, whose working directory may go where no path reaches. */
export function node(cwd: string, script: string): void {
  execFileSync(process.execPath, ["-e", `const fs=require("node:fs");${script}`], { cwd });
}

/** Whether extended attributes and ACLs can be set in `root`. */
export function hasAttributes(root: string): boolean {
  const probe = path.join(root, ".probe");
  fs.writeFileSync(probe, "");
  const set = spawnSync("setfattr", ["-n", "user.probe", "-v", "1", probe]);
  const acl = spawnSync("setfacl", ["-m", "u:12345:r", probe]);
  fs.rmSync(probe);
  return set.status === 0 && acl.status === 0;
}

export function canMount(root: string): boolean {
  const point = path.join(root, ".mount-probe");
  fs.mkdirSync(point);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "none", point]).status === 0;
  if (mounted) execFileSync("umount", [point]);
  fs.rmdirSync(point);
  return mounted;
}

/** All types and shapes of inodes; devices and strange owners only where root makes it. */
export function makeVariedTree(root: string): void {
  node(
    root,
    `
    const data=(n)=>Buffer.from(Array.from({length:n},(_, i)=>(i*i*31+i*7+n)&255));
    for (const n of [0,1,1023,1024,1025,3000,262144,262145,5242897]) fs.writeFileSync("size-"+n, data(n));
    fs.mkdirSync("links");
    fs.linkSync("size-3000","links/hard");
    fs.symlinkSync("../size-3000","links/soft");
    fs.symlinkSync("nowhere","links/dangling");
    fs.symlinkSync("x".repeat(4095),"links/long");
    fs.symlinkSync(Buffer.from([0xe9,0xff,0x2f,0x0a]),"links/bytes");
    fs.mkdirSync("names/empty",{recursive:true});
    fs.writeFileSync(Buffer.concat([Buffer.from("names/"),Buffer.from([0xff,0xfe,0x80,0x61])]),"not UTF-8");
    fs.writeFileSync("names/two\\nlines","");
    fs.writeFileSync("names/é","utf8");
    fs.writeFileSync("names/"+"n".repeat(255),"long");
    for (const name of ["a","a-","a.b","a/","B","%dir",".hidden","..x"]) {
      if (name.endsWith("/")) fs.mkdirSync("names/ab"+name); else fs.writeFileSync("names/"+name,name);
    }
    fs.mkdirSync("holes");
    const hole=(name,size,parts)=>{const fd=fs.openSync("holes/"+name,"w");fs.ftruncateSync(fd,size);
      for(const [at,n] of parts)fs.writeSync(fd,data(n),0,n,at);fs.closeSync(fd);};
    hole("all",1000003,[]);
    hole("start",900001,[[900000,1]]);
    hole("middle",3000000,[[0,5000],[1500001,70000],[2999990,10]]);
    hole("end",2000000,[[0,100]]);
    hole("small",20000,[[9000,1]]);
    hole("long",9000000,[[0,3000000],[4000001,4000001]]);
    require("node:net").createServer().listen("socket",()=>process.exit());
    `,
  );
  sh(
    root,
    `mkfifo fifo
     mkdir modes; touch modes/setuid modes/none modes/old modes/new; mkdir modes/setgid modes/sticky
     touch -d @-86400.25 modes/old; touch -d @5000000000.123456789 modes/new
     touch -h -d @1234567890.987654321 links/soft
     chmod 4755 modes/setuid; chmod 2775 modes/setgid; chmod 1777 modes/sticky; chmod 000 modes/none`,
  );
  if (!IS_ROOT) return;
  sh(
    root,
    `mknod char c 1 3; mknod block b 7 300; touch owned; chown 100000:200000 owned; chown -h 70000 links/soft`,
  );
}

export function addAttributes(root: string): void {
  sh(
    root,
    `setfattr -n user.short -v one size-1
     setfattr -n user.b -v 2 size-3000; setfattr -n user.a -v 1 size-3000
     setfattr -n user.big -v "$(head -c 2500 /dev/zero | tr '\\0' x)" size-1025
     setfattr -n user.long -v on-a-long-file size-5242897
     setfattr -n user.hole -v on-a-sparse-file holes/middle
     setfattr -n user.dir -v "on a directory" names
     setfattr -n user.root -v "on the root" .
     setfacl -m u:12345:rw,g:54321:r size-1024
     setfacl -d -m u:12345:rwx modes/setgid`,
  );
  if (IS_ROOT)
    sh(
      root,
      `for f in fifo char links/soft socket; do setfattr -h -n trusted.t -v "$f" "$f"; done`,
    );
}

export interface FoundEntry {
  readonly path: string;
  /** find's letter: f d l p s c b. */
  readonly type: string;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly blocks512: number;
  readonly inode: bigint;
  /** Seconds with nine places, as text. */
  readonly mtime: string;
  readonly ctime: string;
  readonly target: string;
}

/** What find(1) says of every entry below `root`, the root included; paths as bytes in latin1. */
export function findAll(root: string): Map<string, FoundEntry> {
  const format =
    ["%P", "%y", "%m", "%n", "%U", "%G", "%s", "%b", "%i", "%T@", "%C@", "%l"].join("\\0") + "\\0";
  const fields = sh(root, `find . -printf '${format}'`).split("\0");
  const found = new Map<string, FoundEntry>();
  for (let i = 0; i + 12 <= fields.length; i += 12) {
    const [name, type, mode, nlink, uid, gid, size, blocks, inode, mtime, ctime, target] =
      fields.slice(i, i + 12);
    found.set(name ?? "", {
      path: name ?? "",
      type: type ?? "",
      mode: parseInt(mode ?? "", 8),
      nlink: Number(nlink),
      uid: Number(uid),
      gid: Number(gid),
      size: Number(size),
      blocks512: Number(blocks),
      inode: BigInt(inode ?? ""),
      mtime: nanosecondPlaces(mtime ?? ""),
      ctime: nanosecondPlaces(ctime ?? ""),
      target: target ?? "",
    });
  }
  return found;
}

/** find prints ten places, of which the last is always 0. */
function nanosecondPlaces(time: string): string {
  const [seconds = "", places = ""] = time.split(".");
  return `${seconds}.${places.slice(0, 9)}`;
}

/** sha256sum of every file, by path. */
export function digestAll(root: string): Map<string, string> {
  const lines = sh(root, "find . -type f -printf '%P\\0' | xargs -0 -r sha256sum -bz").split("\0");
  return new Map(
    lines.filter((line) => line !== "").map((line) => [line.slice(66), line.slice(0, 64)]),
  );
}

/** getfattr's names and values in hex of one path, links not followed. */
export function attributesOf(root: string, name: string): Record<string, string> {
  const dump = execFileSync(
    "getfattr",
    ["-h", "-d", "-m", "-", "-e", "hex", "--absolute-names", "--", name],
    {
      cwd: root,
      encoding: "latin1",
    },
  );
  const pairs = dump.split("\n").filter((line) => /^[a-z]+\.[^=]*=/.test(line));
  return Object.fromEntries(pairs.map((line) => line.split("=0x") as [string, string]));
}
