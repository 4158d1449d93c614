// The reading thread: reads and hashes into shared batches while its owner writes them to tape. An entry
// point of its own: it is bundled to content-worker.js, beside the module that starts it.
import { parentPort } from "node:worker_threads";
import { assert } from "../core/errors.ts";
import { BatchMemory } from "./content-batch.ts";
import { ContentReader } from "./content-reader.ts";
import { loadSystemCalls } from "./system-calls.ts";
import {
  FIRST_SLOT,
  SIGNAL,
  SLOT,
  STOP,
  type OwnerMessage,
  type ThreadMessage,
} from "./thread-protocol.ts";

const port = parentPort;
assert(port !== null, "content-worker runs as a worker thread");
const calls = await loadSystemCalls();
let read: ThreadRead | undefined;

class ThreadRead {
  private readonly control: Int32Array;
  private readonly slots: readonly BatchMemory[];
  private readonly reader: ContentReader;
  /** The slot being filled, -1 for none. */
  private filling = -1;

  constructor(message: OwnerMessage & { readonly kind: "begin" }) {
    this.control = new Int32Array(message.control);
    this.slots = message.slots.map((slot) => new BatchMemory(slot));
    this.reader = new ContentReader(calls, message.root);
  }

  rows(message: OwnerMessage & { readonly kind: "rows" }): void {
    this.reader.start(message.request);
    for (;;) {
      const memory = this.acquire();
      if (memory === undefined) return;
      const endsRequest = this.reader.fill(memory);
      if (endsRequest || memory.count > 0) this.send(memory.count, endsRequest);
      if (endsRequest) return;
    }
  }

  end(): void {
    this.reader.close();
  }

  /** The batch being filled or the next free one; waits for it. Nothing once the owner says stop. */
  private acquire(): BatchMemory | undefined {
    const { control, slots } = this;
    for (;;) {
      const signal = Atomics.load(control, SIGNAL);
      if (Atomics.load(control, STOP) !== 0) return undefined;
      if (this.filling >= 0) return slots[this.filling];
      for (let slot = 0; slot < slots.length; slot++) {
        if (Atomics.load(control, FIRST_SLOT + slot) !== SLOT.free) continue;
        this.filling = slot;
        slots[slot]?.clear();
        return slots[slot];
      }
      Atomics.wait(control, SIGNAL, signal);
    }
  }

  private send(pieces: number, endsRequest: boolean): void {
    if (pieces === 0) {
      say({ kind: "batch", slot: -1, endsRequest });
      return;
    }
    Atomics.store(this.control, FIRST_SLOT + this.filling, SLOT.filled);
    say({ kind: "batch", slot: this.filling, endsRequest });
    this.filling = -1;
  }
}

function say(message: ThreadMessage): void {
  port?.postMessage(message);
}

port.on("message", (message: OwnerMessage) => {
  switch (message.kind) {
    case "begin":
      read = new ThreadRead(message);
      break;
    case "rows":
      read?.rows(message);
      break;
    case "end":
      read?.end();
      read = undefined;
      say({ kind: "done" });
      break;
  }
});
