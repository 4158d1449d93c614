// What a tree is, path by path, in lines that can be compared: type, mode, owners, size, times, links,
// content and attributes.
import { byteString, type ByteString } from "../../core/bytes.ts";
import { TYPE } from "../../core/inode.ts";
import { openLiveDirectory } from "../../volume/live-directory.ts";
import { walkPath } from "../dump/notes.ts";

/** Path to a line that says everything a restore must bring back. */
export async function listTree(path: string): Promise<Map<ByteString, string>> {
  const source = await openLiveDirectory(Buffer.from(path, "utf8").toString("latin1"));
  try {
    const walk = await source.walk();
    const lines = new Map<ByteString, string>();
    const links = new Map<number, number>();
    for (let row = 0; row < walk.count; row++) {
      const inode = walk.inodeLow[row] as number;
      const first = links.get(inode) ?? row;
      links.set(inode, first);
      const size = walk.type[row] === TYPE.directory ? 0 : walk.size[row];
      lines.set(
        walkPath(walk, row),
        `type ${walk.type[row]} mode ${walk.mode[row]?.toString(8)} owner ${walk.uid[row]}:${walk.gid[row]} size ${size} ` +
          `time ${walk.mtime[row]}.${walk.mtimeNs[row]} same as ${walkPath(walk, first)}`,
      );
    }
    const rows = Int32Array.from({ length: walk.count }, (_, row) => row);
    for await (const batch of source.read(walk, rows)) {
      for (let i = 0; i < batch.count; i++) {
        if (batch.last[i] !== 1) continue;
        const row = batch.row[i] as number;
        const name = walkPath(walk, row);
        const from = batch.attributesStart[i] as number;
        const attributes = byteString(
          batch.bytes.subarray(from, from + (batch.attributesLength[i] as number)),
        );
        const start = batch.start[i] as number;
        const target =
          walk.type[row] === TYPE.symlink
            ? byteString(batch.bytes.subarray(start, start + (batch.length[i] as number)))
            : "";
        const digest = Buffer.from(batch.digest.subarray(i * 32, i * 32 + 32)).toString("hex");
        lines.set(
          name,
          `${lines.get(name)} content ${digest} target ${target} attributes ${attributes}`,
        );
      }
      batch.release();
    }
    return lines;
  } finally {
    await source.close();
  }
}

/** Paths that are not the same in both; empty if the trees are equal. */
export function differingPaths(
  a: ReadonlyMap<ByteString, string>,
  b: ReadonlyMap<ByteString, string>,
): ByteString[] {
  const paths = new Set([...a.keys(), ...b.keys()]);
  return [...paths].filter((path) => a.get(path) !== b.get(path)).sort();
}
