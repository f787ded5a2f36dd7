/** What the first bytes of a picture file say that it is. */
export type ImageType = (typeof IMAGE_TYPES)[number];

/** The types of picture that are known. */
export const IMAGE_TYPES = ['png', 'jpeg', 'gif', 'webp', 'bmp', 'tiff'] as const;

/** Bytes that `imageTypeOf` needs to see. */
export const HEADER_BYTES = 12;

/** Magic bytes by type; `.` stands for any byte (RIFF and BMP have a length there). */
const MAGIC: readonly (readonly [ImageType, string])[] = [
  ['png', '\x89PNG\r\n\x1a\n'],
  ['jpeg', '\xff\xd8\xff'],
  ['gif', 'GIF87a'],
  ['gif', 'GIF89a'],
  ['webp', 'RIFF....WEBP'],
  ['bmp', 'BM'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['tiff', 'II+\0'],
  ['tiff', 'MM\0+'],
];

/**
 * The type of a picture from its first `HEADER_BYTES` bytes, which stand from `begin` to before `end`, or undefined where
 * they are none of the six.
 */
export function imageTypeOf(bytes: Uint8Array, begin = 0, end = bytes.length): ImageType | undefined {
  for (const [type, magic] of MAGIC) {
    if (magic.length <= end - begin && standsAt(bytes, begin, magic)) return type;
  }
  return undefined;
}

function standsAt(bytes: Uint8Array, begin: number, magic: string): boolean {
  for (let i = 0; i < magic.length; i += 1) {
    if (magic[i] !== '.' && magic.charCodeAt(i) !== bytes[begin + i]) return false;
  }
  return true;
}

const EXTENSIONS: ReadonlyMap<string, ImageType> = new Map([
  ['png', 'png'],
  ['jpg', 'jpeg'],
  ['jpeg', 'jpeg'],
  ['gif', 'gif'],
  ['webp', 'webp'],
  ['bmp', 'bmp'],
  ['tif', 'tiff'],
  ['tiff', 'tiff'],
]);

/** `.jpg is png` where a file's name says something else than its bytes; undefined where they agree. */
export function mislabelOf(name: string, type: ImageType): string | undefined {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  const said = EXTENSIONS.get(extension);
  if (said === type) return undefined;
  return `${said === undefined ? 'another extension' : `.${extension}`} is ${type}`;
}
