import { closeSync, constants, fstatSync, open, read, type BigIntStats } from 'node:fs';
import { promisify } from 'node:util';
import { HEADER_BYTES } from '../image-type.js';
import { MAX_IMAGE_BYTES } from '../limits.js';

/** Never through a link, and never waiting for a pipe: the folder may have changed since it was listed. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

const openFile = promisify(open);
const readFile = promisify(read);

/** A picture file: its first `HEADER_BYTES`, and all of its bytes unless it has more than `MAX_IMAGE_BYTES`. */
export interface WholeImage {
  stats: BigIntStats;
  header: Uint8Array;
  bytes: Uint8Array | undefined;
}

/** Reads a regular file; `missing` where it is something else. Throws what the system says. */
export async function readImage(path: string): Promise<WholeImage | 'missing'> {
  const file = await openFile(path, READ_FLAGS);
  try {
    const stats = fstatSync(file, { bigint: true });
    if (!stats.isFile()) return 'missing';
    const isTooLarge = stats.size > MAX_IMAGE_BYTES;
    const bytes = await readStart(file, isTooLarge ? HEADER_BYTES : Number(stats.size));
    return { stats, header: bytes.subarray(0, HEADER_BYTES), bytes: isTooLarge ? undefined : bytes };
  } finally {
    closeSync(file);
  }
}

/** A read may give fewer bytes than were asked for, and the file may have become shorter. */
async function readStart(file: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length);
  let offset = 0;
  while (offset < length) {
    const { bytesRead } = await readFile(file, bytes, offset, length - offset, offset);
    if (bytesRead === 0) break;
    offset += bytesRead;
  }
  return bytes.subarray(0, offset);
}
