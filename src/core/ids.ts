// The only constructors of ids. A Rev is local to one revlog and never leaves the process; a NodeId is
// the name that peers use.
import { ReelError } from "./errors.ts";

declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** Place of a revision in one revlog, from 0; -1 is the null revision. */
export type Rev = Brand<number, "Rev">;
/** 40 lower-case hex digits: SHA-1 over sorted parents and text (Mercurial's nodeid). */
export type NodeId = Brand<string, "NodeId">;
/** Number of a history (a filelog or a directory manifest): group × slots of a group + slot. */
export type HistoryId = Brand<number, "HistoryId">;

export const NULL_REV: Rev = -1 as Rev;
export const NODE_BYTES = 20;
export const NULL_NODE: NodeId = "0".repeat(40) as NodeId;

export function toRev(n: number): Rev {
  return n as Rev;
}

export function toHistoryId(n: number): HistoryId {
  return n as HistoryId;
}

/** Checks the form only: 40 lower-case hex digits. */
export function toNodeId(hex: string): NodeId {
  if (!/^[0-9a-f]{40}$/.test(hex)) {
    throw new ReelError("format.bad-node", { found: hex.slice(0, 48) });
  }
  return hex as NodeId;
}

/** Trusts the caller: for hex that a hash function or `nodeAt` has just made. */
export function asNodeId(hex: string): NodeId {
  return hex as NodeId;
}

/** The node stored as 20 raw bytes at `at`. */
export function nodeAt(bytes: Uint8Array, at: number): NodeId {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, NODE_BYTES).toString("hex") as NodeId;
}

/** Writes the node's 20 raw bytes at `at`. */
export function putNode(bytes: Uint8Array, at: number, node: NodeId): void {
  Buffer.from(bytes.buffer, bytes.byteOffset + at, NODE_BYTES).write(node, "hex");
}

export function shortNode(node: NodeId): string {
  return node.slice(0, 12);
}
