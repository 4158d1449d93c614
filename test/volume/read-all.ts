// Reads rows of a volume to the end and puts the pieces together, checking what the seam promises of them.
import { expect } from "vitest";
import { decodeAttributes } from "../../src/core/attributes.ts";
import { TYPE } from "../../src/core/inode.ts";
import { CONTENT, type VolumeSource, type Walk } from "../../src/volume/source.ts";

export interface ReadRow {
  readonly status: number;
  readonly errno: string | undefined;
  readonly digest: string;
  /** The pieces over zeros; as long as the row's size for files. */
  readonly content: Buffer;
  readonly pieces: readonly (readonly [offset: number, length: number])[];
  readonly attributes: Record<string, string>;
}

/** Contents above this size are not kept, only their pieces. */
const CONTENT_BYTES_MAX = 64 << 20;

/** expect() takes some 50 µs, and there are many pieces. */
function check(holds: boolean, row: number, what: string): void {
  if (!holds) throw new Error(`row ${row}: ${what}`);
}

export async function readRows(
  source: VolumeSource,
  walk: Walk,
  rows: Int32Array,
): Promise<Map<number, ReadRow>> {
  const found = new Map<number, ReadRow>();
  const order: number[] = [];
  let content: Buffer | undefined;
  let pieces: [number, number][] = [];
  let end = 0;
  for await (const batch of source.read(walk, rows)) {
    expect(batch.count).toBeGreaterThan(0);
    for (let i = 0; i < batch.count; i++) {
      const row = batch.row[i] as number;
      const size = walk.size[row] as number;
      const isFile = walk.type[row] === TYPE.file;
      const offset = batch.fileOffset[i] as number;
      const length = batch.length[i] as number;
      content ??= Buffer.alloc(isFile ? (size > CONTENT_BYTES_MAX ? 0 : size) : length);
      check(offset >= end, row, "pieces overlap");
      if (isFile) {
        check(offset % 1024 === 0 || offset === size, row, `a piece begins at ${offset}`);
        check(
          (offset + length) % 1024 === 0 || offset + length === size,
          row,
          "a piece ends askew",
        );
        check(offset + length <= size, row, "a piece goes beyond the end");
      }
      const start = batch.start[i] as number;
      const bytes = batch.bytes.subarray(start, start + length);
      check(bytes.byteLength === length, row, "a piece goes beyond its batch");
      if (content.byteLength > 0) content.set(bytes, offset);
      if (length > 0) pieces.push([offset, length]);
      end = offset + length;
      if (batch.last[i] === 0) continue;
      const at = batch.attributesStart[i] as number;
      const encoded = batch.bytes.subarray(at, at + (batch.attributesLength[i] as number));
      const attributes = decodeAttributes(encoded).map(
        ({ name, value }) => [name, Buffer.from(value).toString("hex")] as const,
      );
      found.set(row, {
        status: batch.status[i] as number,
        errno: batch.errnos.get(i),
        digest: Buffer.from(batch.digest.subarray(i * 32, i * 32 + 32)).toString("hex"),
        content,
        pieces,
        attributes: Object.fromEntries(attributes),
      });
      order.push(row);
      content = undefined;
      pieces = [];
      end = 0;
    }
    batch.release();
  }
  expect(content).toBeUndefined();
  expect(order).toEqual([...rows]);
  return found;
}

export function allRows(walk: Walk): Int32Array {
  return Int32Array.from({ length: walk.count }, (_, row) => row);
}

/** Rows by path from the root, "" for the root itself. */
export function pathsOf(walk: Walk): Map<string, number> {
  const paths: string[] = [];
  for (let row = 0; row < walk.count; row++) {
    const parent = walk.parent[row] as number;
    const prefix = parent > 0 ? `${paths[parent]}/` : "";
    paths.push(prefix + (walk.name[row] ?? "?"));
  }
  return new Map(paths.map((name, row) => [name, row]));
}

/** Checks what the seam says of the order and bounds of rows. */
export function checkWalk(walk: Walk): void {
  expect(walk.parent[0]).toBe(-1);
  expect(walk.name[0]).toBe("");
  let counted = 1;
  for (let row = 0; row < walk.count; row++) {
    const first = walk.firstEntry[row] as number;
    const count = walk.entryCount[row] as number;
    if (count === 0) {
      expect(first).toBe(0);
      continue;
    }
    expect(walk.type[row]).toBe(TYPE.directory);
    expect(first).toBeGreaterThan(row);
    counted += count;
    for (let entry = first; entry < first + count; entry++) {
      check(walk.parent[entry] === row, entry, "another parent");
      check(
        entry === first || (walk.name[entry] ?? "") > (walk.name[entry - 1] ?? ""),
        entry,
        "order",
      );
    }
  }
  expect(counted).toBe(walk.count);
  for (const column of Object.values(walk)) {
    if (ArrayBuffer.isView(column)) expect(Reflect.get(column, "length")).toBe(walk.count);
  }
}

export const STATUS_NAMES: Record<number, string> = Object.fromEntries(
  Object.entries(CONTENT).map(([name, status]) => [status, name]),
);
