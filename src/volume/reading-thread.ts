// The owner's side of the reading thread: sends it requests, hands its batches on, and stops it.
import { Worker } from "node:worker_threads";
import { ReelError } from "../core/errors.ts";
import { newProgress, type Progress } from "../core/progress.ts";
import { BATCH_MEMORY_BYTES, BatchMemory, BATCHES_IN_FLIGHT, showBatch } from "./content-batch.ts";
import { RequestPacker } from "./content-request.ts";
import { countPieces } from "./count-pieces.ts";
import type { ContentBatch, Walk } from "./source.ts";
import {
  controlBytes,
  FIRST_SLOT,
  SLOT,
  STOP,
  tellThread,
  type OwnerMessage,
  type ThreadMessage,
} from "./thread-protocol.ts";

/** One request is read while the next one waits. */
const REQUESTS_AHEAD = 2;
/** How long `close` waits for a read to stop: a system call on a dead network disk may never return. */
const STOP_MS_MAX = 2000;

export class ReadingThread {
  private readonly worker: Worker;
  private readonly batches: number[] = [];
  private isDone = true;
  private failure: Error | undefined;
  private control = new Int32Array(new SharedArrayBuffer(controlBytes(BATCHES_IN_FLIGHT)));
  private sendNext = (): void => {};
  private waiting: (() => void)[] = [];
  /** No more requests come: the thread answers `end`, which is sent once a read, with done. */
  private isEnded = true;
  private isClosing = false;
  /** Memory that a consumer has given back; another read takes it over. */
  private spare: SharedArrayBuffer[] = [];

  constructor(url: URL) {
    this.worker = new Worker(url, { execArgv: [], name: "reel-reader" });
    // It is no reason to keep the process, except while something is read.
    this.worker.unref();
    this.worker.on("message", (message: ThreadMessage) => this.receive(message));
    this.worker.on("error", (error) => this.fail(error));
    this.worker.on("exit", (code) => this.fail(new Error(`exit code ${code}`)));
  }

  /** One read at a time, and none after a failure: whoever finds it busy reads by other means. */
  get isBusy(): boolean {
    return !this.isDone || this.failure !== undefined;
  }

  private receive(message: ThreadMessage): void {
    if (message.kind === "batch") this.batches.push(message.slot);
    else if (message.kind === "more") this.sendNext();
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

  private say(message: OwnerMessage): void {
    const { request } = message.kind === "rows" ? message : { request: undefined };
    this.worker.postMessage(
      message,
      request === undefined ? [] : [request.names.buffer as ArrayBuffer],
    );
  }

  async *read(
    root: number,
    walk: Walk,
    rows: Int32Array,
    progress: Progress = newProgress(),
  ): AsyncGenerator<ContentBatch, void> {
    const packer = new RequestPacker(walk, rows);
    const slots: SharedArrayBuffer[] = [];
    while (slots.length < BATCHES_IN_FLIGHT)
      slots.push(this.spare.pop() ?? new SharedArrayBuffer(BATCH_MEMORY_BYTES));
    const memories = slots.map((slot) => new BatchMemory(slot));
    const controlMemory = new SharedArrayBuffer(controlBytes(BATCHES_IN_FLIGHT));
    const control = new Int32Array(controlMemory);
    this.control = control;
    const inHand = new Set<number>();
    this.isEnded = false;
    this.isDone = false;
    this.batches.length = 0;
    this.sendNext = () => {
      if (this.isEnded) return;
      const request = packer.pack();
      if (request === undefined) this.end();
      else this.say({ kind: "rows", request });
    };
    this.worker.ref();
    try {
      this.say({ kind: "begin", root, control: controlMemory, slots });
      for (let i = 0; i < REQUESTS_AHEAD; i++) this.sendNext();
      for (;;) {
        const slot = await this.nextBatch();
        if (slot === undefined) break;
        const memory = memories[slot] as BatchMemory;
        countPieces(memory, progress);
        inHand.add(slot);
        yield showBatch(memory, () => {
          inHand.delete(slot);
          tellThread(control, FIRST_SLOT + slot, SLOT.free);
        });
      }
    } finally {
      // A batch still in the consumer's hands after the end keeps its memory to itself.
      this.spare = slots.filter((_, slot) => !inHand.has(slot));
      await this.stop();
      this.worker.unref();
    }
  }

  /** The slot of the next batch; nothing after the last. */
  private async nextBatch(): Promise<number | undefined> {
    for (;;) {
      if (this.isClosing)
        throw new ReelError("volume.reader-died", { found: "the volume was closed" });
      const slot = this.batches.shift();
      if (slot !== undefined) return slot;
      if (this.isDone) return undefined;
      if (this.failure !== undefined) {
        throw new ReelError(
          "volume.reader-died",
          { found: this.failure.message },
          { cause: this.failure },
        );
      }
      await this.change();
    }
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }

  private end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.say({ kind: "end" });
  }

  /** Ends the read, if there is one, where it stands; the thread closes its files. */
  private async stop(): Promise<void> {
    if (!this.isDone) tellThread(this.control, STOP, 1);
    this.end();
    while (!this.isDone && this.failure === undefined) await this.change();
  }

  /** A read that is still going on fails. */
  async close(): Promise<void> {
    this.isClosing = true;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS_MAX);
    });
    await Promise.race([this.stop(), timeout]);
    clearTimeout(timer);
    await this.worker.terminate();
  }
}
