// Random histories for comparisons with hg, from a seed.

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/**
 * A history of `count` revisions in the language of `hg debugbuilddag`: runs, forks near and far, merges
 * that cross, and new roots. Each shape keeps to its own mix, so that some graphs are wide and some long.
 */
export function randomDag(random: () => number, count: number): string {
  const fork = random() * 0.5;
  const merge = random() * 0.45;
  const root = random() * 0.08;
  const reach = 2 + Math.floor(random() * 14);
  let text = "+1";
  for (let rev = 1; rev < count; rev++) {
    const dice = random();
    const back = () => 1 + Math.floor(random() * Math.min(rev, reach));
    if (rev > 2 && dice < merge) {
      const a = back();
      let b = back();
      if (a === b) b = a === 1 ? 2 : a - 1;
      text += `*${a}/${b}`;
    } else if (dice < merge + fork) text += `*${back()}`;
    else if (dice < merge + fork + root) text += "$+1";
    else text += "+1";
  }
  return text;
}
