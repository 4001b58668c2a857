// Repeatable chance: a run prints its seed, CHATBRIDGE_TEST_SEED=N repeats it.
export const seed = Number(process.env.CHATBRIDGE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

// random(n) gives an integer in [0, n).
export function randomFrom(start) {
  let state = start >>> 0;
  return (n) => {
    // mulberry32: small, and good enough to vary tests
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % n;
  };
}
