// Images put together by hand from header blocks, for what real tapes do not hold: any inode, any map, any
// lie. Only files and directories; a file's content is runs of blocks and holes.
import {
  encodeDevice,
  encodeRecord,
  newRecordHeader,
  RECORD,
  type RecordHeader,
  viewOver,
} from "../../src/dump/format/record.ts";
import { MemoryDrive } from "../../src/tape/memory-drive.ts";

export const DATE = 1_700_000_000;
const NAMES = { label: "made", filesystem: "/made", device: "none", host: "test" };

export class TapeMaker {
  private readonly blocks: Uint8Array[] = [];
  readonly date: number;

  constructor(date = DATE) {
    this.date = date;
    this.header({ type: RECORD.tape, flags: 3 });
  }

  get address(): number {
    return this.blocks.length;
  }

  /** Adds a header and gives its address. */
  header(fields: Partial<RecordHeader>, map: Uint8Array = new Uint8Array(0)): number {
    const address = this.blocks.length;
    const block = new Uint8Array(1024);
    const header = {
      ...newRecordHeader(),
      date: this.date,
      flags: 2,
      blockingFactor: 10,
      address,
      count: map.byteLength,
      ...fields,
    };
    encodeRecord(viewOver(block), 0, header, NAMES, map);
    this.blocks.push(block);
    return address;
  }

  data(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength; at += 1024) {
      const block = new Uint8Array(1024);
      block.set(bytes.subarray(at, at + 1024));
      this.blocks.push(block);
    }
  }

  /** A file as dump writes it: 512 blocks a header. Blocks listed in `holes` are left out. */
  file(
    inode: number,
    content: Uint8Array,
    fields: Partial<RecordHeader> = {},
    holes: ReadonlySet<number> = new Set(),
  ): number {
    const blocks = Math.ceil(content.byteLength / 1024);
    let first = -1;
    for (let from = 0; from < Math.max(1, blocks); from += 512) {
      const count = Math.min(512, blocks - from);
      const map = Uint8Array.from({ length: count }, (_, i) => (holes.has(from + i) ? 0 : 1));
      const type = from === 0 ? RECORD.inode : RECORD.addr;
      const at = this.header(
        { type, inode, mode: 0o100644, size: content.byteLength, ...fields },
        map,
      );
      if (from === 0) first = at;
      for (let i = from; i < from + count; i++) {
        if (!holes.has(i)) this.data(content.subarray(i * 1024, (i + 1) * 1024));
      }
    }
    return first;
  }

  /** TS_END to the end of the record, and the whole stream. */
  stream(blockingFactor = 10): Buffer {
    do this.header({ type: RECORD.end });
    while (this.blocks.length % blockingFactor !== 0);
    return Buffer.concat(this.blocks);
  }

  drive(blockingFactor = 10): MemoryDrive {
    const drive = new MemoryDrive({ name: "MADE" });
    const stream = this.stream(blockingFactor);
    const bytes = blockingFactor * 1024;
    drive.files[0] = Array.from({ length: stream.byteLength / bytes }, (_, i) =>
      stream.subarray(i * bytes, (i + 1) * bytes),
    );
    return drive;
  }
}

export { encodeDevice };
