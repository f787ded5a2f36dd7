/** CMYK, four bytes a pixel, 0 for no ink, to RGB by Pillow's formula: no colour profile takes part. */
export function rgbOfCmyk(cmyk: Uint8Array): Uint8Array {
  const out = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4, to += 3) {
    const light = 255 - (cmyk[from + 3] ?? 0);
    for (let channel = 0; channel < 3; channel++) {
      const product = (cmyk[from + channel] ?? 0) * light + 128;
      out[to + channel] = light - (((product >> 8) + product) >> 8);
    }
  }
  return out;
}

/** Luma and chroma (JFIF), three bytes a pixel, to RGB, in numbers of 1/64 as Pillow has them. */
export function rgbOfYcbcr(ycbcr: Uint8Array): Uint8Array {
  const out = new Uint8ClampedArray(ycbcr.length);
  for (let at = 0; at < ycbcr.length; at += 3) {
    const [y, cb, cr] = [ycbcr[at] ?? 0, (ycbcr[at + 1] ?? 0) - 128, (ycbcr[at + 2] ?? 0) - 128];
    out[at] = y + part(1.402, cr);
    out[at + 1] = y + part(-0.344136, cb, -0.714136, cr);
    out[at + 2] = y + part(1.772, cb);
  }
  return new Uint8Array(out.buffer);
}

function part(factor: number, chroma: number, otherFactor = 0, other = 0): number {
  return (Math.trunc(factor * chroma * 64) + Math.trunc(otherFactor * other * 64)) >> 6;
}

/** 16-bit grey to RGB as Pillow does it, which keeps levels up to 255 and takes all above for white. */
export function rgbOfGrey16(grey: Uint16Array): Uint8Array {
  const out = new Uint8Array(grey.length * 3);
  for (const [at, level] of grey.entries()) out.fill(Math.min(level, 255), at * 3, at * 3 + 3);
  return out;
}
