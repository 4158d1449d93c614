// Damage for fuzzers: a seeded generator that changes, cuts, repeats and joins bytes.
import type { Random } from "../series/random.ts";

export function mutated(random: Random, original: Uint8Array): Uint8Array {
  let bytes = Uint8Array.from(original);
  for (let n = 1 + random.below(4); n > 0; n--) {
    const at = random.below(bytes.byteLength + 1);
    const to = Math.min(bytes.byteLength, at + random.below(64));
    const kind = random.below(5);
    if (kind === 0) bytes = bytes.slice(0, at);
    else if (kind === 1) bytes = joinedBytes(bytes.slice(0, to), bytes.slice(at));
    else if (kind === 2) bytes = joinedBytes(bytes.slice(0, at), bytes.slice(to));
    else if (kind === 3) bytes.fill(random.below(2) * 255, at, Math.min(to, at + 4));
    else if (at < bytes.byteLength) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  }
  return bytes;
}

function joinedBytes(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}
