// The owner's side of one reading thread: sends it requests, takes its batches in order, and stops it.
import { Worker } from "node:worker_threads";
import { ReelError } from "../core/errors.ts";
import { BATCH_MEMORY_BYTES, BatchMemory, BATCHES_IN_FLIGHT } from "./content-batch.ts";
import type { ContentRequest } from "./content-request.ts";
import {
  controlBytes,
  FIRST_SLOT,
  SLOT,
  STOP,
  tellThread,
  type BatchMessage,
  type OwnerMessage,
  type ThreadMessage,
} from "./thread-protocol.ts";

/** How long `close` waits for a read to stop: a system call on a dead network disk may never return. */
const STOP_MS_MAX = 2000;

/** A filled batch; `release` gives its memory back to the thread. */
export interface FilledBatch {
  readonly memory: BatchMemory;
  readonly release: () => void;
}

/** What the thread and its owner share for one read. */
interface SharedRead {
  readonly control: Int32Array;
  readonly slots: readonly SharedArrayBuffer[];
  readonly memories: readonly BatchMemory[];
  readonly inHand: Set<number>;
}

export class ReadingThread {
  private readonly worker: Worker;
  private batches: BatchMessage[] = [];
  private shared: SharedRead | undefined;
  private isDone = true;
  /** `end` was sent; it is sent once a read, and answered with done. */
  private isEnded = true;
  private isClosing = false;
  private failure: Error | undefined;
  private waiting: (() => void)[] = [];
  /** Memory that a consumer has given back; the next read takes it over. */
  private spare: SharedArrayBuffer[] = [];

  constructor(url: URL) {
    this.worker = new Worker(url, { execArgv: [], name: "reel-reader" });
    // It is no reason to keep the process, except while something is read.
    this.worker.unref();
    this.worker.on("message", (message: ThreadMessage) => this.receive(message));
    this.worker.on("error", (error) => this.fail(error));
    this.worker.on("exit", (code) => this.fail(new Error(`exit code ${code}`)));
  }

  get hasFailed(): boolean {
    return this.failure !== undefined;
  }

  /** Starts a read below the open directory `root`; the one before must be finished. */
  begin(root: number): void {
    const slots: SharedArrayBuffer[] = [];
    while (slots.length < BATCHES_IN_FLIGHT) {
      slots.push(this.spare.pop() ?? new SharedArrayBuffer(BATCH_MEMORY_BYTES));
    }
    const control = new SharedArrayBuffer(controlBytes(BATCHES_IN_FLIGHT));
    this.shared = {
      control: new Int32Array(control),
      slots,
      memories: slots.map((slot) => new BatchMemory(slot)),
      inHand: new Set(),
    };
    this.isDone = false;
    this.isEnded = false;
    this.batches = [];
    this.worker.ref();
    this.say({ kind: "begin", root, control, slots });
  }

  send(request: ContentRequest): void {
    this.worker.postMessage({ kind: "rows", request } satisfies OwnerMessage, [
      request.names.buffer as ArrayBuffer,
    ]);
  }

  /** The next batch of the requests sent, which must not all be used up. Throws `volume.reader-died`. */
  async next(): Promise<{
    readonly batch: FilledBatch | undefined;
    readonly endsRequest: boolean;
  }> {
    for (;;) {
      if (this.isClosing)
        throw new ReelError("volume.reader-died", { found: "the volume was closed" });
      const message = this.batches.shift();
      if (message !== undefined) {
        return { batch: this.take(message.slot), endsRequest: message.endsRequest };
      }
      const { failure } = this;
      if (failure !== undefined) {
        throw new ReelError("volume.reader-died", { found: failure.message }, { cause: failure });
      }
      await this.change();
    }
  }

  private take(slot: number): FilledBatch | undefined {
    const { shared } = this;
    const memory = shared?.memories[slot];
    if (shared === undefined || memory === undefined) return undefined;
    shared.inHand.add(slot);
    return {
      memory,
      release: () => {
        shared.inHand.delete(slot);
        tellThread(shared.control, FIRST_SLOT + slot, SLOT.free);
      },
    };
  }

  /** Ends the read where it stands: the thread closes its files. */
  async finish(): Promise<void> {
    const { shared } = this;
    if (shared === undefined) return;
    // A batch still in the consumer's hands keeps its memory to itself.
    this.spare = shared.slots.filter((_, slot) => !shared.inHand.has(slot));
    tellThread(shared.control, STOP, 1);
    if (!this.isEnded) {
      this.isEnded = true;
      this.say({ kind: "end" });
    }
    while (!this.isDone && this.failure === undefined) await this.change();
    this.shared = undefined;
    this.worker.unref();
  }

  /** A read that is still going on fails. */
  async close(): Promise<void> {
    this.isClosing = true;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS_MAX);
    });
    await Promise.race([this.finish(), timeout]);
    clearTimeout(timer);
    await this.worker.terminate();
  }

  private say(message: OwnerMessage): void {
    this.worker.postMessage(message, []);
  }

  private receive(message: ThreadMessage): void {
    if (message.kind === "batch") this.batches.push(message);
    else this.isDone = true;
    this.wake();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.wake();
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const go of waiting) go();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }
}
