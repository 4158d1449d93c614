// One running Mercurial for a whole test file: `hg serve --cmdserver pipe` answers a command in
// milliseconds where a new process takes a quarter of a second.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

export interface HgAnswer {
  readonly code: number;
  readonly output: Buffer;
  readonly errors: string;
}

export class HgServer {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private pending = Buffer.alloc(0);
  private wake: () => void = () => {};
  private ended = false;

  /** `plain` sets HGPLAIN, under which hg draws all edges of a graph alike. */
  constructor(options: { readonly plain?: boolean } = {}) {
    const env: NodeJS.ProcessEnv = { ...process.env, HGRCPATH: "", LC_ALL: "C.UTF-8", TZ: "UTC" };
    delete env["HGPLAIN"];
    if (options.plain === true) env["HGPLAIN"] = "1";
    this.child = spawn("hg", ["serve", "--cmdserver", "pipe", "--config", "ui.username=test"], {
      env,
      cwd: "/",
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.child.stdout.on("data", (chunk: Buffer) => {
      this.pending = Buffer.concat([this.pending, chunk]);
      this.wake();
    });
    this.child.stdout.on("close", () => {
      this.ended = true;
      this.wake();
    });
  }

  private async bytes(count: number): Promise<Buffer> {
    while (this.pending.length < count) {
      if (this.ended) throw new Error("hg serve ended");
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const taken = this.pending.subarray(0, count);
    this.pending = this.pending.subarray(count);
    return taken;
  }

  private greeted = false;

  /** Runs one command; calls must not overlap. */
  async run(...argv: (string | Buffer)[]): Promise<HgAnswer> {
    if (!this.greeted) {
      await this.chunk();
      this.greeted = true;
    }
    const args = Buffer.concat(
      argv.flatMap((a, i) => [
        ...(i > 0 ? [Buffer.from([0])] : []),
        typeof a === "string" ? Buffer.from(a) : a,
      ]),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32BE(args.length);
    this.child.stdin.write(Buffer.concat([Buffer.from("runcommand\n"), length, args]));
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    for (;;) {
      const { channel, data } = await this.chunk();
      if (channel === "o") output.push(data);
      else if (channel === "e") errors.push(data);
      else if (channel === "r") {
        return {
          code: data.readInt32BE(0),
          output: Buffer.concat(output),
          errors: Buffer.concat(errors).toString(),
        };
      }
    }
  }

  /** Runs one command that must succeed and gives its output as UTF-8. */
  async text(...argv: (string | Buffer)[]): Promise<string> {
    const answer = await this.run(...argv);
    if (answer.code !== 0) throw new Error(`hg ${argv.join(" ")}: ${answer.errors}`);
    return answer.output.toString();
  }

  private async chunk(): Promise<{ channel: string; data: Buffer }> {
    const head = Buffer.from(await this.bytes(5));
    const data = Buffer.from(await this.bytes(head.readUInt32BE(1)));
    return { channel: String.fromCharCode(head[0] as number), data };
  }

  close(): void {
    this.child.stdin.end();
  }
}
