/** Bits of a float32 that float16 has no room for: 23 - 10 of the fraction. */
const DROPPED_BITS = 13;

/** The bits of the float16 (IEEE 754 binary16) nearest to `value`, ties to even; for values within +-65504. */
export function float16Bits(value: number): number {
  const bits = float32Bits(value);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent > 0) return sign | roundEven((exponent << 23) | (bits & 0x7fffff), DROPPED_BITS);
  // Subnormal: the hidden bit becomes part of the fraction.
  const shift = DROPPED_BITS + 1 - exponent;
  return shift > 25 ? sign : sign | roundEven((bits & 0x7fffff) | 0x800000, shift);
}

/** The bits of the bfloat16 nearest to `value`, ties to even; for finite values. */
export function bfloat16Bits(value: number): number {
  return roundEven(float32Bits(value), 16) & 0xffff;
}

const scratch = new DataView(new ArrayBuffer(4));

/** The bits of the float32 nearest to `value`. */
export function float32Bits(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

/** `bits` without its last `dropped`, rounded to nearest, ties to even. A carry into the exponent is right. */
function roundEven(bits: number, dropped: number): number {
  const kept = bits >>> dropped;
  const rest = bits - kept * 2 ** dropped;
  const half = 2 ** (dropped - 1);
  return rest > half || (rest === half && kept % 2 === 1) ? kept + 1 : kept;
}
