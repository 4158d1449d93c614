// Reads an image in sequence, without a catalog: label, maps, directories, files, end, and the offset map
// behind it. What is damaged is reported and passed over: the next sound header of this dump is looked for.
import type { Attribute } from "../core/attributes.ts";
import { byteString, EMPTY } from "../core/bytes.ts";
import { ReelError } from "../core/errors.ts";
import { TYPE, type InodeType } from "../core/inode.ts";
import { decodeDirectory, type DirectoryEntries } from "../dump/format/directory.ts";
import { decodeAttributeBlob, joinAttributes } from "../dump/format/extended-attributes.ts";
import { InodeMap } from "../dump/format/inode-map.ts";
import {
  BLOCK_BYTES,
  dataBlocksOf,
  decodeNames,
  decodeRecord,
  EXTENSION_ATTRIBUTES,
  FLAG,
  MAGIC,
  RECORD,
  type RecordHeader,
} from "../dump/format/record.ts";
import { decodeImageWords, decodeInodeWords } from "../dump/format/words.ts";
import type { Drive } from "../tape/drive.ts";
import { BlockStream, type BlockState } from "./block-stream.ts";
import { Collector, Hasher } from "./collector.ts";
import { ContentCursor, type ContentSink } from "./content.ts";
import { findOffsets, type FoundOffsets } from "./scan-offsets.ts";
import type { ImageLabel, ImageScan, ScanHandlers, ScannedInode } from "./scanned.ts";

/** Directory bytes kept of one directory: some 8 million names of 24 bytes. */
const DIRECTORY_BYTES_MAX = 256 * 1024 * 1024;
/** A map's: inodes up to 2^31, as restore's limit is. */
const MAP_BYTES_MAX = 256 * 1024 * 1024;
/** Reel and dump write 4096; others may write more in one record. */
const ATTRIBUTE_BYTES_MAX = 1024 * 1024;
/** PATH_MAX. */
const TARGET_BYTES_MAX = 4096;
/** A size is only believed this far behind what headers speak of, or a false one would hash zeros for ever. */
const TRAILING_HOLE_BYTES_MAX = 2 ** 32;

export interface ScanOptions {
  /** SHA-256 of each file's content. */
  readonly digests?: boolean;
  /** The tape on which the image goes on, at the beginning of its file; null ends the scan. Its owner closes it. */
  readonly nextTape?: (volume: number) => Promise<Drive | null>;
  readonly signal?: AbortSignal;
}

/**
 * Reads from the drive's place, the beginning of a tape file, to the end of the image or of the file.
 * Throws `restore.compressed`, `restore.interrupted`, and what the drive throws; damage is no error.
 */
export async function scanImage(
  drive: Drive,
  handlers: ScanHandlers,
  options: ScanOptions = {},
): Promise<ImageScan> {
  return new Scanner(drive, handlers, options).run();
}

class Scanner {
  private readonly handlers: ScanHandlers;
  private readonly options: ScanOptions;
  private readonly cursor = new ContentCursor();
  private readonly collector = new Collector(DIRECTORY_BYTES_MAX);
  private stream: BlockStream;
  private label: ImageLabel | null = null;
  private volume = 1;
  /** Address of the next header; `decoded` says that cursor.header is that header already. */
  private block = 0;
  private decoded = false;
  /** Found after damage: what is to be added to an address by place to get that by c_tapea. */
  private drift = 0;
  private open: ScannedInode | null = null;
  private openAttributes: Attribute[][] = [];
  private directories = 0;
  private others = 0;
  private damages = 0;

  constructor(drive: Drive, handlers: ScanHandlers, options: ScanOptions) {
    this.handlers = handlers;
    this.options = options;
    this.stream = this.streamOver(drive, 0);
  }

  private streamOver(drive: Drive, firstBlock: number): BlockStream {
    return new BlockStream(drive, {
      file: 0,
      firstBlock,
      blockingFactor: 0,
      blocks: Number.POSITIVE_INFINITY,
      tally: { tapeBytes: 0, records: 0 },
      signal: this.options.signal,
    });
  }

  async run(): Promise<ImageScan> {
    let ended: "end" | "cut" = "cut";
    for (;;) {
      const header = await this.nextHeader();
      if (header === null) break;
      if (header.type === RECORD.end) {
        ended = "end";
        break;
      }
      await this.takeRecord(header);
    }
    this.closeInode(this.block);
    const found = ended === "end" ? await this.findOffsets() : null;
    if (found?.damage) this.damage(found.at, 1, 0, found.damage);
    return {
      label: this.label,
      blocks: ended === "end" ? (found?.end ?? this.block) : this.block,
      ended,
      directories: this.directories,
      others: this.others,
      damages: this.damages,
      offsets: found?.offsets ?? null,
    };
  }

  private findOffsets(): Promise<FoundOffsets> {
    const source = {
      stream: () => this.stream,
      load: (block: number) => this.load(block),
      changeTape: async (block: number) => {
        this.block = block;
        return (await this.changeTape()) ? this.block : null;
      },
    };
    return findOffsets(source, this.block, this.label?.words !== null);
  }

  /** The header at `block`, or after damage the next one; null at the end of the data. */
  private async nextHeader(): Promise<RecordHeader | null> {
    const { header } = this.cursor;
    if (this.decoded) {
      this.decoded = false;
      return header;
    }
    const from = this.block;
    for (;;) {
      const state = await this.load(this.block);
      if (state === "end") {
        if (this.block > from) this.damage(from, this.block - from, 0, "no header");
        if (!(await this.changeTape())) return null;
        continue;
      }
      if (
        state === "ready" &&
        decodeRecord(this.stream.view, this.stream.at(this.block), header) === "ok"
      ) {
        if (this.believable(header, this.block > from)) break;
      }
      this.block++;
    }
    if (this.block > from) {
      this.damage(from, this.block - from, this.open?.inode ?? 0, "no header of this dump");
      this.drift = header.address - (this.block % 2 ** 32);
    }
    return header;
  }

  /** After damage a header may be a data block of a dump that was dumped: its date tells it apart. */
  private believable(header: RecordHeader, lost: boolean): boolean {
    if (header.type < RECORD.tape || header.type > RECORD.clri) return false;
    return !lost || this.label === null || header.date === this.label.date;
  }

  private async load(block: number): Promise<BlockState> {
    return this.stream.look(block) ?? (await this.stream.load(block));
  }

  /** Goes to the image's next tape; false if there is none. `block` is then the first behind its header. */
  private async changeTape(): Promise<boolean> {
    if (this.label === null || !this.options.nextTape) return false;
    const drive = await this.options.nextTape(this.volume + 1);
    if (drive === null) return false;
    const expected = this.block;
    const header = this.cursor.header;
    const probe = this.streamOver(drive, 0);
    const readable =
      (await probe.load(0)) === "ready" && decodeRecord(probe.view, probe.at(0), header) === "ok";
    if (
      !readable ||
      header.type !== RECORD.tape ||
      header.date !== this.label.date ||
      header.volume !== this.volume + 1
    ) {
      this.damage(
        expected,
        1,
        this.open?.inode ?? 0,
        `tape ${this.volume + 1} of this dump does not follow`,
      );
      return false;
    }
    // After an end of tape dump writes some blocks again: what was read already is passed over.
    const again = expected - header.firstBlock;
    probe.renumber(again >= 0 && header.firstBlock > 0 ? header.firstBlock : expected);
    this.stream = probe;
    this.volume++;
    this.block = expected + 1;
    return true;
  }

  private async takeRecord(header: RecordHeader): Promise<void> {
    const at = this.stream.at(this.block);
    switch (header.type) {
      case RECORD.tape:
        if (this.label === null) this.takeLabel(header, at);
        this.block++;
        return;
      case RECORD.clri:
      case RECORD.bits:
        return this.takeMap(header.type === RECORD.clri ? "clri" : "bits", header);
      case RECORD.inode:
        if ((header.flags & FLAG.attributes) !== 0 && header.magic !== MAGIC.old)
          return this.takeAttributes(header);
        return this.takeInode(header, at);
      default:
        // A TS_ADDR without its TS_INODE.
        this.damage(this.block, 1, header.inode, "the header of this inode is lost");
        await this.readContent(null, 0);
    }
  }

  private takeLabel(header: RecordHeader, at: number): void {
    const compressed = (header.flags & FLAG.compressed) !== 0 && header.magic !== MAGIC.old;
    this.volume = header.volume;
    this.label = {
      ...decodeNames(this.stream.view, at, header),
      date: header.date,
      baseDate: header.baseDate,
      level: header.level,
      volume: header.volume,
      firstBlock: header.firstBlock,
      blockingFactor: header.blockingFactor,
      magic: header.magic,
      littleEndian: header.littleEndian,
      compressed,
      words: decodeImageWords(this.stream.view, at, header.littleEndian),
    };
    this.handlers.label?.(this.label);
    if (compressed) throw new ReelError("restore.compressed");
    if (header.volume > 1) {
      // Begun in the middle of the dump: first the rest of the data of an inode that is not known.
      this.stream.renumber(header.firstBlock);
      this.block = header.firstBlock + Math.max(0, header.count);
    }
  }

  private async takeMap(which: "clri" | "bits", header: RecordHeader): Promise<void> {
    this.closeInode(this.block);
    const collector = new Collector(MAP_BYTES_MAX);
    let offset = 0;
    let whole = true;
    for (let more = true; more; ) {
      // A map of over 512 blocks has them all behind one header, or 512 behind each of several.
      const blocks =
        header.type === RECORD.addr
          ? dataBlocksOf(this.stream.view, this.stream.at(this.block), header)
          : header.count;
      this.block++;
      for (let left = blocks; left > 0; left--, this.block++, offset += BLOCK_BYTES) {
        let state = await this.load(this.block);
        if (state === "end" && (await this.changeTape())) state = await this.load(this.block);
        if (state === "end") return this.damage(this.block, 1, 0, `the map ${which} is cut off`);
        if (state === "ready")
          collector.data(offset, this.stream.bytes, this.stream.at(this.block), BLOCK_BYTES);
        else whole = false;
      }
      more = false;
      if ((await this.load(this.block)) === "ready") {
        const check = decodeRecord(this.stream.view, this.stream.at(this.block), header);
        this.decoded = check === "ok" && this.believable(header, false);
        more = this.decoded && header.type === RECORD.addr;
        if (more) this.decoded = false;
      }
    }
    if (!whole || collector.overflown)
      this.damage(this.block, 1, 0, `a part of the map ${which} is lost`);
    this.handlers.map?.(which, new InodeMap(collector.bytes));
  }

  private async takeInode(header: RecordHeader, at: number): Promise<void> {
    this.closeInode(this.block);
    decodeInodeWords(this.stream.view, at, header);
    const type = ((header.mode >>> 12) & 0xf) as InodeType;
    const start = this.block;
    const found = {
      inode: header.inode,
      block: start + this.drift,
      blocks: 0,
      type,
      mode: header.mode & 0o7777,
      nlink: header.nlink,
      uid: header.uid,
      gid: header.gid,
      size: header.size,
      atime: header.atime,
      atimeNs: header.atimeNs,
      mtime: header.mtime,
      mtimeNs: header.mtimeNs,
      ctime: header.ctime,
      ctimeNs: header.ctimeNs,
      rdevMajor: header.rdevMajor,
      rdevMinor: header.rdevMinor,
      generation: header.generation,
      metadataOnly: (header.flags & FLAG.metadataOnly) !== 0 && header.magic !== MAGIC.old,
      target: null,
      entries: null as DirectoryEntries | null,
      attributes: EMPTY,
      digest: null,
      whole: true,
    };
    const form = {
      littleEndian: header.littleEndian,
      newFormat: header.magic === MAGIC.ufs2 || (header.flags & FLAG.newInodeFormat) !== 0,
      ancient: header.magic === MAGIC.old,
    };
    this.open = found;
    this.collector.reset();
    if (type === TYPE.directory) {
      const whole = await this.readContent(this.collector, found.size);
      const entries = decodeDirectory(this.collector.bytes.slice(), form);
      this.open = {
        ...found,
        entries,
        whole: whole && !this.collector.overflown && entries.damagedChunks === 0,
      };
    } else if (type === TYPE.symlink) {
      const whole =
        (await this.readContent(this.collector, Math.min(found.size, TARGET_BYTES_MAX))) &&
        found.size < TARGET_BYTES_MAX;
      this.open = { ...found, target: byteString(this.collector.bytes), whole };
    } else if (type === TYPE.file && !found.metadataOnly) {
      const sink = this.handlers.content?.(found.inode, found.size) ?? null;
      const hasher = this.options.digests ? new Hasher(sink) : null;
      const covered = await this.readContent(hasher ?? sink, found.size);
      const digest = covered && hasher ? hasher.digest(found.size) : null;
      this.open = { ...found, digest, whole: covered };
    } else {
      await this.readContent(null, 0);
    }
  }

  /**
   * Goes over all that follows the header at `block`, to the next header, on the next tape if need be.
   * False, and reported, if a part of the first `size` bytes is lost.
   */
  private async readContent(sink: ContentSink | null, size: number): Promise<boolean> {
    const { cursor } = this;
    const { inode } = cursor.header;
    const start = this.block;
    if (!cursor.begin(this.stream, start, size)) {
      this.damage(start, 1, inode, `its header counts ${cursor.header.count} blocks`);
      this.block++;
      return false;
    }
    let end = await cursor.read(this.stream, sink, true);
    while (end === "end") {
      this.block = cursor.nextBlock;
      if (!(await this.changeTape())) break;
      cursor.nextBlock = this.block;
      end = await cursor.read(this.stream, sink, true);
    }
    this.block = cursor.nextBlock;
    const covered = cursor.fileOffset >= size;
    if (end === "next-header") this.decoded = this.believable(cursor.header, false);
    if (cursor.lostBytes > 0)
      this.damage(
        start,
        this.block - start,
        inode,
        `${cursor.lostBytes} bytes of its content cannot be read`,
      );
    if (end === "end" && !covered)
      this.damage(
        this.block,
        1,
        inode,
        `the data end after ${cursor.fileOffset} of its ${size} bytes`,
      );
    if (end === "lost" && !covered)
      this.damage(this.block, 1, inode, `a header in the middle of its content is lost`);
    const hole = end === "next-header" && size - cursor.fileOffset <= TRAILING_HOLE_BYTES_MAX;
    return cursor.lostBytes === 0 && (covered || hole);
  }

  private async takeAttributes(header: RecordHeader): Promise<void> {
    const { inode, size, extension } = header;
    const belongs = this.open?.inode === inode && extension === EXTENSION_ATTRIBUTES;
    const collector = new Collector(ATTRIBUTE_BYTES_MAX);
    const start = this.block;
    const whole = await this.readContent(collector, Math.min(size, ATTRIBUTE_BYTES_MAX));
    if (!belongs) return;
    try {
      if (whole) this.openAttributes.push(decodeAttributeBlob(collector.bytes.slice()));
    } catch (error) {
      if (!(error instanceof ReelError)) throw error;
      this.damage(start, this.block - start, inode, error.message);
      if (this.open) this.open = { ...this.open, whole: false };
    }
    if (!whole && this.open) this.open = { ...this.open, whole: false };
  }

  /** Hands on the inode that was being read; `end` is the address behind it. */
  private closeInode(end: number): void {
    const { open } = this;
    if (open === null) return;
    this.open = null;
    const attributes =
      this.openAttributes.length === 0 ? EMPTY : joinAttributes(this.openAttributes);
    this.openAttributes = [];
    if (open.type === TYPE.directory) this.directories++;
    else this.others++;
    this.handlers.inode?.({ ...open, attributes, blocks: end + this.drift - open.block });
  }

  private damage(block: number, blocks: number, inode: number, what: string): void {
    this.damages++;
    this.handlers.damage?.({ block: block + this.drift, blocks, inode, what });
  }
}
