// What a reading thread and its owner say to each other, and the memory they share for flow control.
//
//   owner → thread: begin, rows*, end        thread → owner: batch*, done
//
// The thread fills slots that are free; the owner frees them. A batch holds rows of one request, and the
// last of a request says so. When STOP is set the thread leaves out what is left and says done.
import type { ContentRequest } from "./content-request.ts";

export type OwnerMessage =
  | {
      readonly kind: "begin";
      /** File descriptor of the root: descriptors belong to the process, not to a thread. */
      readonly root: number;
      readonly control: SharedArrayBuffer;
      readonly slots: readonly SharedArrayBuffer[];
    }
  | { readonly kind: "rows"; readonly request: ContentRequest }
  | { readonly kind: "end" };

/** `slot` is -1 where the request ended with the batch before. */
export interface BatchMessage {
  readonly kind: "batch";
  readonly slot: number;
  readonly endsRequest: boolean;
}

export type ThreadMessage = BatchMessage | { readonly kind: "done" };

/** Words of `control`: SIGNAL counts the owner's changes and is waited on; then one word for each slot. */
export const SIGNAL = 0;
export const STOP = 1;
export const FIRST_SLOT = 2;
export const SLOT = { free: 0, filled: 1 } as const;

export function controlBytes(slots: number): number {
  return 4 * (FIRST_SLOT + slots);
}

/** Owner's side: changes a word and wakes the thread. */
export function tellThread(control: Int32Array, word: number, value: number): void {
  Atomics.store(control, word, value);
  Atomics.add(control, SIGNAL, 1);
  Atomics.notify(control, SIGNAL);
}
