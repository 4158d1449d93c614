// Standard output: bytes, gathered and written in pieces to a descriptor, or handed to a pager. Writing is
// synchronous, so that a listing of millions of lines holds one piece in memory and the order of standard
// output and error is that of the program.
import { type ChildProcess, spawn } from "node:child_process";
import { writeSync } from "node:fs";
import type { ByteString } from "../core/bytes.ts";
import { errnoOf } from "../core/errors.ts";

export interface Output {
  write(text: ByteString): void;
  /** Puts out what was gathered and waits for a slow reader; cheap, for every entry of a listing. */
  settle(): Promise<void>;
  flush(): void;
}

/** The reader went away (a pager was quit, `head` had enough): the program ends without a word. */
export class BrokenPipe extends Error {}

/** One write of this size costs what a hundred small ones do. */
const PIECE_BYTES = 64 * 1024;
/** How long to wait for a pipe that is full for the moment. */
const FULL_PIPE_WAIT_MS = 2;

export class DescriptorOutput implements Output {
  private readonly descriptor: number;
  private readonly unbuffered: boolean;
  private readonly parts: string[] = [];
  private gathered = 0;

  /** `unbuffered`: a terminal sees each line at once. */
  constructor(descriptor: number, unbuffered: boolean) {
    this.descriptor = descriptor;
    this.unbuffered = unbuffered;
  }

  write(text: ByteString): void {
    this.parts.push(text);
    this.gathered += text.length;
    if (this.unbuffered || this.gathered >= PIECE_BYTES) this.flush();
  }

  async settle(): Promise<void> {}

  flush(): void {
    if (this.gathered === 0) return;
    const bytes = Buffer.from(this.parts.join(""), "latin1");
    this.parts.length = 0;
    this.gathered = 0;
    for (let at = 0; at < bytes.length; ) at += this.writeSome(bytes, at);
  }

  private writeSome(bytes: Buffer, at: number): number {
    try {
      return writeSync(this.descriptor, bytes, at);
    } catch (error) {
      if (errnoOf(error) === "EPIPE") throw new BrokenPipe();
      if (errnoOf(error) !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
      return 0;
    }
  }
}

/** A program that shows the output a screen at a time; `close` waits until it is quit. */
export class PagerOutput implements Output {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private parts: string[] = [];
  private gathered = 0;
  private gone = false;

  constructor(command: string, env: NodeJS.ProcessEnv) {
    this.child = spawn("/bin/sh", ["-c", command], { stdio: ["pipe", "inherit", "inherit"], env });
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.gone = true;
        resolve();
      };
      this.child.on("close", end);
      this.child.on("error", end);
      this.child.stdin?.on("error", end);
    });
  }

  write(text: ByteString): void {
    if (this.gone) throw new BrokenPipe();
    this.parts.push(text);
    this.gathered += text.length;
  }

  async settle(): Promise<void> {
    if (this.gathered < PIECE_BYTES) return;
    const { stdin } = this.child;
    this.flush();
    if (stdin?.writableNeedDrain === true) {
      await Promise.race([new Promise((resolve) => stdin.once("drain", resolve)), this.ended]);
    } else {
      // Lets the event loop see that the pager was quit.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    if (this.gone) throw new BrokenPipe();
  }

  flush(): void {
    if (this.gathered === 0 || this.gone) return;
    this.child.stdin?.write(Buffer.from(this.parts.join(""), "latin1"));
    this.parts = [];
    this.gathered = 0;
  }

  async close(): Promise<void> {
    this.flush();
    this.child.stdin?.end();
    await this.ended;
  }
}
