// Random numbers from a seed, the same in every run.

/** A generator of whole numbers below a limit. */
export function dice(seed: number): (limit: number) => number {
  let state = (seed + 1) * 0x9e3779b9;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** One of these. */
export function pick<T>(roll: (limit: number) => number, from: readonly T[]): T {
  return from[roll(from.length)]!;
}
