const UINT32 = 2 ** 32;

/** Whole numbers from 0 to `below` - 1, the same for a seed on any machine (a counter through a 32 bit mixer). */
export function createRandom(seed: number): (below: number) => number {
  let state = mix(seed | 0);
  return (below) => {
    state = (state + 0x9e3779b9) | 0;
    return Math.floor((mix(state) / UINT32) * below);
  };
}

/** Finaliser of MurmurHash3: every bit of the input changes about half of the output's. */
function mix(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
