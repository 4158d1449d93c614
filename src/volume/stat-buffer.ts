// The answer of statx, read as 32-bit words: no object and no bigint an inode. linux/stat.h, struct statx;
// byte offsets: 0 mask, 16 nlink, 20 uid, 24 gid, 28 mode (16 bits), 32 ino, 40 size, 48 blocks,
// 64 atime, 80 btime, 96 ctime, 112 mtime (each 64-bit seconds, 32-bit nanoseconds), 128 rdev, 136 dev
// (major, minor), 144 mount id.
import { endianness } from "node:os";
import { TYPE, type InodeType } from "../core/inode.ts";
import type { NativeMemory, SystemCalls } from "./system-calls.ts";

/** The basic fields, birth time and mount id. */
export const STATX_MASK = 0x7ff | 0x800 | 0x1000;
const STATX_BTIME = 0x800;
const STATX_MNT_ID = 0x1000;
const STATX_BYTES = 256;

/** Words of a 64-bit number: which comes first depends on the machine. */
const LOW = endianness() === "LE" ? 0 : 1;
const HIGH = 1 - LOW;
const TWO_32 = 0x1_0000_0000;

/** Where the times begin, in words. */
export const TIME_WORD = { access: 16, birth: 20, change: 24, modification: 28 } as const;
type TimeWord = (typeof TIME_WORD)[keyof typeof TIME_WORD];

/** S_IFMT >> 12 is the number that d_type and InodeType use. */
const TYPE_OF_FORMAT: readonly InodeType[] = Array.from({ length: 16 }, (_, format) => {
  const known = Object.values(TYPE).find((type) => type === format);
  return known ?? TYPE.unknown;
});

/** One buffer for statx, filled again and again. */
export class StatBuffer {
  private readonly memory: NativeMemory;
  private readonly unsigned: Uint32Array;
  private readonly signed: Int32Array;
  private readonly halves: Uint16Array;

  constructor(calls: SystemCalls) {
    // 4 KiB: V8 keeps arrays of up to 64 bytes on its moving heap, and large ones never.
    const bytes = Buffer.allocUnsafeSlow(4096);
    this.memory = calls.memory(bytes);
    this.unsigned = new Uint32Array(bytes.buffer, bytes.byteOffset, STATX_BYTES / 4);
    this.signed = new Int32Array(bytes.buffer, bytes.byteOffset, STATX_BYTES / 4);
    this.halves = new Uint16Array(bytes.buffer, bytes.byteOffset, STATX_BYTES / 2);
  }

  get address(): number {
    return this.memory.address;
  }

  word(index: number): number {
    return this.unsigned[index] as number;
  }

  private word64(index: number): number {
    return (
      (this.unsigned[index + HIGH] as number) * TWO_32 + (this.unsigned[index + LOW] as number)
    );
  }

  get nlink(): number {
    return this.word(4);
  }
  get uid(): number {
    return this.word(5);
  }
  get gid(): number {
    return this.word(6);
  }
  get mode(): number {
    return this.halves[14] as number;
  }
  get type(): InodeType {
    return TYPE_OF_FORMAT[this.mode >> 12] as InodeType;
  }
  get inodeLow(): number {
    return this.word(8 + LOW);
  }
  get inodeHigh(): number {
    return this.word(8 + HIGH);
  }
  get size(): number {
    return this.word64(10);
  }
  get blocks512(): number {
    return this.word64(12);
  }
  seconds(at: TimeWord): number {
    return (this.signed[at + HIGH] as number) * TWO_32 + (this.unsigned[at + LOW] as number);
  }
  nanoseconds(at: TimeWord): number {
    return this.word(at + 2);
  }
  get hasBirth(): boolean {
    return (this.word(0) & STATX_BTIME) !== 0;
  }
  get rdevMajor(): number {
    return this.word(32);
  }
  get rdevMinor(): number {
    return this.word(33);
  }
  /** major × 2^32 + minor. */
  get device(): number {
    return this.word(34) * TWO_32 + this.word(35);
  }
  /** 0 where the kernel (before 5.8) does not say. */
  get mountId(): number {
    return (this.word(0) & STATX_MNT_ID) === 0 ? 0 : this.word64(36);
  }
}
