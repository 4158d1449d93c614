// A small seeded generator: the same seed gives the same series on every machine.

export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = (Math.imul(seed, 2_654_435_761) ^ 0x9e37_79b9) >>> 0;
    for (let i = 0; i < 8; i++) this.next();
  }

  /** 0 to 1, 1 excluded. */
  next(): number {
    this.state = (Math.imul(this.state ^ (this.state >>> 15), 0x2c1b_3c6d) + 0x297a_2d39) >>> 0;
    let x = this.state;
    x = Math.imul(x ^ (x >>> 12), 0x2c1b_3c6d) >>> 0;
    return ((x ^ (x >>> 15)) >>> 0) / 0x1_0000_0000;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error("nothing to pick from");
    return items[this.below(items.length)] as T;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    const word = this.below(0x1_0000_0000);
    for (let i = 0; i < length; i++) bytes[i] = (Math.imul(i + 1, word | 1) >>> 11) & 0xff;
    return bytes;
  }
}
