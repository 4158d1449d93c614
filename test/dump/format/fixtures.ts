// The tapes that the real dump wrote, and what an independent reader found on them.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const FOLDER = new URL("../../../fixtures/dump/", import.meta.url);

export function fixture(name: string): Buffer {
  const bytes = readFileSync(new URL(name, FOLDER));
  return name.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}

export interface KnownRecord {
  readonly volume: number;
  readonly block: number;
  readonly type: "TAPE" | "INODE" | "BITS" | "ADDR" | "END" | "CLRI";
  readonly tapea: number;
  readonly ino: number;
  readonly count: number;
  readonly data: number;
  readonly size: number | null;
  readonly mode: string | null;
  readonly ext: number;
  readonly flags: string;
}

export interface KnownTape {
  readonly name: string;
  readonly tape: Buffer;
  readonly records: readonly KnownRecord[];
}

/** Every tape of the fixtures that has a list of its records. */
export function knownTapes(): KnownTape[] {
  const tapes: KnownTape[] = [];
  for (const [name, records] of [
    ["chain/1-level0", ".records.json.gz"],
    ["chain/2-level2", ".records.json"],
    ["chain/3-level3", ".records.json"],
    ["chain/4-level1", ".records.json"],
    ["chain/5-level4", ".records.json"],
  ] as const) {
    tapes.push({
      name,
      tape: fixture(`${name}.dump.gz`),
      records: JSON.parse(fixture(name + records).toString()) as KnownRecord[],
    });
  }
  const volumes = JSON.parse(fixture("multivolume/records.json.gz").toString()) as KnownRecord[];
  for (const volume of [1, 2, 3]) {
    tapes.push({
      name: `multivolume/vol00${volume}`,
      tape: fixture(`multivolume/vol00${volume}.gz`),
      records: volumes.filter((record) => record.volume === volume),
    });
  }
  return tapes;
}
