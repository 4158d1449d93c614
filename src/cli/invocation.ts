// One run of one verb: its settings, where it prints, and what surrounds the jobs it starts.
import type { ByteString } from "../core/bytes.ts";
import { newProgress } from "../core/progress.ts";
import type { JobContext } from "../job/requests.ts";
import type { Io } from "./io.ts";
import { ProgressReporter } from "./progress-reporter.ts";
import type { Settings } from "./settings.ts";

export class Invocation {
  readonly io: Io;
  readonly settings: Settings;

  constructor(io: Io, settings: Settings) {
    this.io = io;
    this.settings = settings;
  }

  print(text: ByteString): void {
    this.io.out.write(text);
  }

  /** A line for the person at the terminal. */
  say(line: string): void {
    if (this.settings.verbosity !== "quiet") this.io.err(`${line}\n`);
  }

  /** Long output: through a pager where there is a terminal. */
  page(): void {
    if (this.settings.pager !== null && this.settings.pager !== "")
      this.io.page(this.settings.pager);
  }

  /** `user` is -u. A context for reading does not catch interrupts: they end the program as usual. */
  context(
    options: { readonly user?: string | null; readonly interruptible?: boolean } = {},
  ): JobContext {
    const { io, settings } = this;
    return {
      directory: settings.directory,
      cwd: io.cwd,
      clock: io.clock,
      host: io.host,
      user: options.user ?? io.env["REEL_USER"] ?? `${io.login}@${io.host}`,
      progress: newProgress(),
      signal: options.interruptible === true ? io.interruption() : new AbortController().signal,
      notice: (line) => this.say(line),
      input: io.inputDescriptor,
      output: io.outputDescriptor,
    };
  }

  /** Runs a long job with a progress line, on a terminal and from the second second on. */
  async withProgress<T>(
    options: { readonly user?: string | null },
    work: (context: JobContext) => Promise<T>,
  ): Promise<T> {
    const context = this.context({ ...options, interruptible: true });
    const shown =
      this.io.errorIsTerminal && !this.settings.json && this.settings.verbosity !== "quiet";
    const reporter = shown ? new ProgressReporter(context.progress, this.io) : null;
    try {
      return await work(context);
    } finally {
      reporter?.stop();
    }
  }
}
