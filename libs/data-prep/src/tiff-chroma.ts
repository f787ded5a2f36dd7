/** Tags, photometric interpretation and compression of TIFF 6.0. */
const [COMPRESSION, PHOTOMETRIC, SUBSAMPLING] = [259, 262, 530];
const [YCBCR, UNCOMPRESSED] = [6, 1];

/** Of a number of two bytes. */
const SHORT = 3;

/**
 * Whether a TIFF's first page holds luma and coarser chroma uncompressed. Pillow, which the trainer reads pictures with,
 * takes these bytes for pixels of three bytes each, and the runtime refuses them. The file was opened by a decoder before.
 */
export function hasCoarseChroma(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getUint8(0) === 0x49;
  const isBig = view.getUint16(2, little) === 43;
  const longAt = (at: number) => (isBig ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const folder = longAt(isBig ? 8 : 4);
  const count = isBig ? longAt(folder) : view.getUint16(folder, little);
  const [first, step, valueAt] = isBig ? [folder + 8, 20, 12] : [folder + 2, 12, 8];
  /** What stands for tags that are left out. */
  let [compression, photometric, across, down] = [UNCOMPRESSED, 0, 2, 2];
  for (let i = 0; i < count; i += 1) {
    const entry = first + i * step;
    if (view.getUint16(entry + 2, little) !== SHORT) continue;
    const tag = view.getUint16(entry, little);
    const value = view.getUint16(entry + valueAt, little);
    if (tag === COMPRESSION) compression = value;
    if (tag === PHOTOMETRIC) photometric = value;
    if (tag === SUBSAMPLING) [across, down] = [value, view.getUint16(entry + valueAt + 2, little)];
  }
  return photometric === YCBCR && compression === UNCOMPRESSED && (across !== 1 || down !== 1);
}
