import { readGifCodes } from './gif-codes.js';
import type { OpenedPicture, Raster } from './raster.js';

/** The first frame's place on the screen and what paints it (the names of the GIF89a specification). */
interface GifFrame {
  left: number;
  top: number;
  width: number;
  height: number;
  interlaced: boolean;
  /** 256 colours, red, green and blue each. */
  palette: Uint8Array;
  transparentIndex: number | undefined;
  /** Where its codes begin: the byte that tells their size. */
  codesAt: number;
}

const SCREEN_BYTES = 13;
const [EXTENSION, IMAGE, TRAILER] = [0x21, 0x2c, 0x3b];
const GRAPHIC_CONTROL = 0xf9;
/** First row and step of the four passes of an interlaced frame. */
const PASSES = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const;

/**
 * Opens the first frame of a GIF as Pillow does: a transparent pixel keeps the colour that the palette has for it, and
 * so does the screen around a frame that does not fill it. libvips paints both black.
 *
 * @throws Error that says what is wrong; the caller names the file
 */
export function openGif(bytes: Uint8Array): OpenedPicture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const frame = readFrame(view);
    const width = Math.max(view.getUint16(6, true), frame.left + frame.width);
    const height = Math.max(view.getUint16(8, true), frame.top + frame.height);
    return { width, height, decode: () => paint(view, frame, width, height) };
  } catch (cause) {
    // A DataView's own message tells neither of the numbers.
    if (cause instanceof RangeError) {
      throw new Error(`a GIF whose header goes beyond its ${bytes.length} bytes`, { cause });
    }
    throw cause;
  }
}

function paint(view: DataView, frame: GifFrame, width: number, height: number): Raster {
  const indices = new Uint8Array(width * height).fill(frame.transparentIndex ?? 0);
  const codes = readGifCodes(view, frame.codesAt, frame.width * frame.height);
  const rows = frame.interlaced ? interlacedRows(frame.height) : Array.from({ length: frame.height }).keys();
  let from = 0;
  for (const row of rows) {
    indices.set(codes.subarray(from, from + frame.width), (frame.top + row) * width + frame.left);
    from += frame.width;
  }
  const data = new Uint8Array(indices.length * 3);
  for (const [at, index] of indices.entries()) {
    for (let channel = 0; channel < 3; channel++) {
      data[3 * at + channel] = frame.palette[3 * index + channel] ?? 0;
    }
  }
  return { data, width, height };
}

function interlacedRows(height: number): number[] {
  return PASSES.flatMap(([first, step]) => {
    const rows = [];
    for (let row = first; row < height; row += step) rows.push(row);
    return rows;
  });
}

/** Walks over the blocks up to the first frame. */
function readFrame(view: DataView): GifFrame {
  const screenFlags = view.getUint8(10);
  const global = readPalette(view, SCREEN_BYTES, screenFlags);
  let at = SCREEN_BYTES + paletteBytes(screenFlags);
  let transparentIndex: number | undefined;
  for (;;) {
    const block = view.getUint8(at);
    if (block === IMAGE) break;
    if (block === TRAILER) throw new Error('a GIF without a frame');
    // What is no block is passed over byte by byte, as Pillow does.
    if (block === EXTENSION) {
      if (view.getUint8(at + 1) === GRAPHIC_CONTROL && view.getUint8(at + 2) >= 4) {
        const transparent = (view.getUint8(at + 3) & 1) === 1;
        if (transparent) transparentIndex = view.getUint8(at + 6);
      }
      at = behindBlocks(view, at + 2);
    } else {
      at++;
    }
  }
  const flags = view.getUint8(at + 9);
  return {
    left: view.getUint16(at + 1, true),
    top: view.getUint16(at + 3, true),
    width: view.getUint16(at + 5, true),
    height: view.getUint16(at + 7, true),
    interlaced: (flags & 0x40) !== 0,
    palette: (flags & 0x80) === 0 ? global : readPalette(view, at + 10, flags),
    transparentIndex,
    codesAt: at + 10 + paletteBytes(flags),
  };
}

/** The first byte behind a chain of sub-blocks. */
function behindBlocks(view: DataView, at: number): number {
  for (let length = view.getUint8(at); length > 0; length = view.getUint8(at)) at += 1 + length;
  return at + 1;
}

function paletteBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 << ((flags & 7) + 1);
}

/** 256 colours: those of the file, and greys behind them, as Pillow has it for an index that has no colour. */
function readPalette(view: DataView, at: number, flags: number): Uint8Array {
  const palette = Uint8Array.from({ length: 768 }, (_, index) => Math.floor(index / 3));
  for (let byte = 0; byte < paletteBytes(flags); byte++) palette[byte] = view.getUint8(at + byte);
  return palette;
}
