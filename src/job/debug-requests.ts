// What the debugging verbs are asked and answer; units as in requests.ts.
import type { NodeId } from "../core/ids.ts";

export interface DebugIndexRequest {
  /** "changelog", "manifest", "manifest:DIR", or a path. */
  readonly path: string;
}

export interface DebugIndexRow {
  readonly rev: number;
  readonly linkrev: number;
  readonly node: NodeId;
  readonly p1: NodeId;
  readonly p2: NodeId;
  readonly flags: number;
  readonly fullBytes: number;
  readonly storedBytes: number;
  /** The revision that the delta applies to; its own number for a full text. */
  readonly base: number;
  /** Store file and offset where the stored bytes lie. */
  readonly place: string;
}

export interface DebugDataRequest extends DebugIndexRequest {
  /** Number or node prefix within that history. */
  readonly rev: string;
}

/** A case of the placement simulator: options as in the fixture, and the commands, a line each. */
export interface SimulateRequest {
  readonly groups: number;
  readonly inodes: number;
  readonly dataBlocks: number;
  readonly largeFile: number;
  readonly contiguous: number;
  readonly faraway: number;
  readonly spreadInodes: boolean;
  readonly spreadData: boolean;
  readonly commands: readonly string[];
}

export interface SimulateReport {
  readonly groups: readonly {
    readonly inodes: readonly (number | null)[];
    readonly data: readonly (number | null)[];
  }[];
  readonly inodes: Readonly<Record<string, number>>;
  readonly freeInodes: number;
  readonly freeDataBlocks: number;
  readonly filespan: Readonly<Record<string, number>>;
  readonly dirspan: Readonly<Record<string, number>>;
}
