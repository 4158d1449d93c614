// The tree of a dump kept beside the catalog, in columns, so that the next dump compares without reading
// manifests and records. A cache: it can be deleted at any time, and anything odd in it makes it void.
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { Packr } from "msgpackr";
import { STATE_COLUMNS, type TreeState } from "../../catalog/tree-state.ts";
import { bufferOver, type ByteString } from "../../core/bytes.ts";
import type { NodeId } from "../../core/ids.ts";

const CACHE_VERSION = 2;
/** Dumps of so many chains are at hand; older ones are read from the catalog again. */
const KEPT_FILES = 12;
const ALIGNMENT = 8;
/** Before the header: the checksum of all that follows, and the header's length. */
const HEADER_AT = 8;

interface CacheHeader {
  readonly version: number;
  readonly node: string;
  readonly count: number;
  readonly namesLength: number;
  readonly recordsLength: number;
}

const packr = new Packr({ useRecords: false });

function fileOf(directory: string, node: NodeId): string {
  return join(directory, `tree-${node}`);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Writes the tree of changeset `node`; a failure is no failure of the dump. */
export function saveState(directory: string, node: NodeId, state: TreeState): void {
  const parts: Uint8Array[] = [];
  const put = (bytes: Uint8Array): void => {
    parts.push(bytes, new Uint8Array(padded(bytes.byteLength) - bytes.byteLength));
  };
  for (const name of Object.keys(STATE_COLUMNS) as (keyof typeof STATE_COLUMNS)[]) {
    const column = state[name];
    put(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  }
  const names = Buffer.from(state.names.join("/"), "latin1");
  put(state.nodes);
  put(names);
  put(state.records);
  const header: CacheHeader = {
    version: CACHE_VERSION,
    node,
    count: state.count,
    namesLength: names.byteLength,
    recordsLength: state.records.byteLength,
  };
  const packed = packr.pack(header);
  const start = Buffer.alloc(padded(HEADER_AT + packed.byteLength));
  start.writeUInt32LE(packed.byteLength, 4);
  start.set(packed, HEADER_AT);
  let crc = crc32(start.subarray(4));
  for (const part of parts) crc = crc32(part, crc);
  start.writeUInt32LE(crc);
  try {
    mkdirSync(directory, { recursive: true });
    const path = fileOf(directory, node);
    const fd = openSync(`${path}.new`, "w");
    try {
      for (const part of [start, ...parts])
        for (let at = 0; at < part.byteLength; ) at += writeSync(fd, part, at);
    } finally {
      closeSync(fd);
    }
    renameSync(`${path}.new`, path);
    forget(directory);
  } catch {
    rmSync(`${fileOf(directory, node)}.new`, { force: true });
  }
}

/** Keeps the newest files only. */
function forget(directory: string): void {
  const files = readdirSync(directory).filter((name) => name.startsWith("tree-"));
  if (files.length <= KEPT_FILES) return;
  const aged = files.map((name) => ({ name, time: statSync(join(directory, name)).mtimeMs }));
  aged.sort((a, b) => b.time - a.time);
  for (const { name } of aged.slice(KEPT_FILES)) rmSync(join(directory, name), { force: true });
}

/** The tree of changeset `node` if it is kept whole; else null. */
export function loadState(directory: string, node: NodeId): TreeState | null {
  try {
    return decodeState(readFileSync(fileOf(directory, node)), node);
  } catch {
    return null;
  }
}

function decodeState(file: Buffer, node: NodeId): TreeState | null {
  if (crc32(file.subarray(4)) !== file.readUInt32LE(0)) return null;
  const headerLength = file.readUInt32LE(4);
  const header = packr.unpack(file.subarray(HEADER_AT, HEADER_AT + headerLength)) as CacheHeader;
  if (header.version !== CACHE_VERSION || header.node !== node) return null;
  const body = Uint8Array.from(file.subarray(padded(HEADER_AT + headerLength)));
  let at = 0;
  const take = (bytes: number): number => {
    const from = at;
    at += padded(bytes);
    if (at > body.byteLength) throw new RangeError("short");
    return from;
  };
  const { count } = header;
  const columns: Record<string, unknown> = {};
  for (const [name, Type] of Object.entries(STATE_COLUMNS)) {
    columns[name] = new Type(body.buffer, take(count * Type.BYTES_PER_ELEMENT), count);
  }
  const nodes = body.subarray(take(count * 20)).subarray(0, count * 20);
  const namesAt = take(header.namesLength);
  const names: ByteString[] = bufferOver(body)
    .toString("latin1", namesAt, namesAt + header.namesLength)
    .split("/");
  const recordsAt = take(header.recordsLength);
  if (names.length !== Math.max(1, count)) return null;
  const records = body.subarray(recordsAt, recordsAt + header.recordsLength);
  return {
    ...(columns as unknown as TreeState),
    count,
    names: count === 0 ? [] : names,
    nodes,
    records,
  };
}
