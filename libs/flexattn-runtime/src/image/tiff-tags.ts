/** Tags of a TIFF's first page that decide how its samples are read, by their numbers in TIFF 6.0. */
export const TIFF_TAG = { compression: 259, photometric: 262, ycbcrSubsampling: 530 } as const;

/** Bytes of a value by TIFF's number of its type; those that hold whole numbers of at most 32 bits. */
const TYPE_BYTES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4 };

/**
 * Whole-number tags of the first page of a TIFF or BigTIFF. A value that does not lie in its entry (long lists do not)
 * is left out; whoever decodes the file has checked it before.
 *
 * @throws RangeError where the folder of tags lies beyond the file
 */
export function readTiffTags(bytes: Uint8Array): Map<number, number[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getUint8(0) === 0x49;
  const big = view.getUint16(2, little) === 43;
  const offsetAt = (at: number) => (big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const folder = offsetAt(big ? 8 : 4);
  const count = big ? Number(view.getBigUint64(folder, little)) : view.getUint16(folder, little);
  const [first, entryBytes, room] = big ? [folder + 8, 20, 8] : [folder + 2, 12, 4];
  const tags = new Map<number, number[]>();
  for (let entry = 0; entry < count; entry++) {
    const at = first + entry * entryBytes;
    const size = TYPE_BYTES[view.getUint16(at + 2, little)];
    const length = offsetAt(at + 4);
    if (size === undefined || size * length > room) continue;
    const value = (index: number) => readWhole(view, at + entryBytes - room + index * size, size, little);
    tags.set(
      view.getUint16(at, little),
      Array.from({ length }, (_, index) => value(index)),
    );
  }
  return tags;
}

function readWhole(view: DataView, at: number, size: number, little: boolean): number {
  if (size === 1) return view.getUint8(at);
  return size === 2 ? view.getUint16(at, little) : view.getUint32(at, little);
}
