/**
 * Palette indices of a BMP of compression `BI_RLE8` or `BI_RLE4`, in the file's order of rows; what a jump passes over
 * is 0, as in Pillow.
 *
 * @param at - of the first code, bytes from the start of the file
 * @param four - two pixels a byte (`BI_RLE4`)
 * @returns [height, width]
 * @throws Error where the codes end before the picture does
 */
export function readRunLengths(
  view: DataView,
  at: number,
  width: number,
  height: number,
  four: boolean,
): Uint8Array {
  const out = new Uint8Array(width * height);
  const indexOf = (byte: number, place: number) => (four ? (byte >> (place % 2 === 0 ? 4 : 0)) & 15 : byte);
  // Pillow counts the column apart: what a line has too much is dropped up to the code that ends it.
  let [written, column] = [0, 0];
  while (written < out.length) {
    if (at + 2 > view.byteLength) break;
    const [count, value] = [view.getUint8(at), view.getUint8(at + 1)];
    at += 2;
    if (count > 0) {
      const room = Math.min(count, Math.max(0, width - column));
      for (let place = 0; place < room; place++) out[written++] = indexOf(value, place);
      column += room;
    } else if (value === 0) {
      written = Math.ceil(written / width) * width;
      column = 0;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      if (at + 2 > view.byteLength) break;
      written += view.getUint8(at) + view.getUint8(at + 1) * width;
      column = written % width;
      at += 2;
    } else {
      const literal = Math.min(value, out.length - written);
      const bytes = four ? Math.ceil(literal / 2) : literal;
      if (at + bytes > view.byteLength) break;
      for (let place = 0; place < literal; place++) {
        out[written++] = indexOf(view.getUint8(at + (four ? place >> 1 : place)), place);
      }
      column += value;
      // Literal stretches end on even bytes of the file.
      at += bytes + ((at + bytes) % 2);
    }
  }
  if (written < out.length) throw new Error(`run lengths of ${written} pixels for a BMP of ${out.length}`);
  return out;
}
