/**
 * Bytes of one sample, 4 MiB: the longest conversation of the published mix has 50 kB, and one sample must not fill
 * the memory. Source: the rules of the format (README).
 */
export const MAX_SAMPLE_BYTES = 4 * 1024 * 1024;

/** Nested brackets of one sample, the sample's own included: a LLaVA sample has three levels. */
export const MAX_DEPTH = 16;

/**
 * Nested brackets of a sample that is skipped, 16,777,216: it takes one bit a level to check that they match, so
 * this bounds the check to 2 MiB. RFC 8259, section 9, lets a reader set such a limit.
 */
export const MAX_CHECKED_DEPTH = 16 * 1024 * 1024;

/** Bytes that are read at a time, 1 MiB: some 700 samples, of which the one that is cut in two costs more. */
export const CHUNK_BYTES = 1024 * 1024;

/**
 * Bytes that are read first, 32 KiB: folders are listed while the next ones are read, and the scanner has met the end of
 * a chunk before V8 compiles it for good, which spares compiling it again (6 percent of the time of 133,000 samples).
 */
export const FIRST_BYTES = 32 * 1024;

/** Bytes that are written at a time, 1 MiB: the cost of a call is nothing beside that. */
export const WRITE_BYTES = 1024 * 1024;

/** Characters of lines, of rejects or of images to fetch, that wait to be written together: 64 Ki. */
export const LINES_LENGTH = 64 * 1024;

/** Bytes of samples that are brought into shuffled order at a time, 16 MiB: they are read in the order of the disk. */
export const SHUFFLE_BYTES = 16 * 1024 * 1024;

/** Shards of one run: each of them is an open file while they are merged. */
export const MAX_SHARDS = 1000;

/** Images whose first bytes are read at the same time: what hides the latency of a disk or a file server. */
export const HEADER_READS = 32;

/** Images whose first bytes are worth a thread of their own: it takes as long to start as reading these. */
export const THREAD_READS = 200;

/** Chunks whose images are being looked at while the next one is scanned; with more, more memory has to be tidied up. */
export const BATCHES_AHEAD = 1;

/**
 * Milliseconds that reading a file's first bytes takes on average while waiting for it is the quickest way: ten times
 * what it takes from memory, half of what a solid state disk takes.
 */
export const QUICK_READ_MS = 0.05;

/**
 * Reads done side by side after waiting proved slow, before it is tried again: on a slow disk each trial costs some five
 * waits, a tenth of the time of these; where only some files are slow, more of them would cost more than the waits.
 */
export const SLOW_READS = 200;

/** Links followed for one image, as Linux does; more is a circle. */
export const MAX_LINKS = 40;

/** Folders below an image root that are held open, 256: a quarter of the files that systems let a process open. */
export const MAX_OPEN_FOLDERS = 256;

/** Source folders that the report tells apart; further ones are counted as `other`, so that it stays small. */
export const MAX_SOURCES = 1000;

/** Characters of a value or a path that are quoted in a message. */
export const MAX_QUOTED = 80;

/** Bytes of a path, 4096 (`PATH_MAX` of Linux): a longer image name is no file and is not listed for fetching. */
export const MAX_NAME_LENGTH = 4096;

/**
 * Pixels of one picture that is decoded: the number at which Pillow, which the trainer reads pictures with, refuses
 * (twice its `MAX_IMAGE_PIXELS`).
 */
export const MAX_PIXELS = 178_956_970;

/** Pixels beyond which pictures are decoded one at a time: some formats must be held whole, at up to 8 bytes a pixel. */
export const LARGE_PIXELS = 16 * 1024 * 1024;

/** Bytes of a picture file that is decoded, 64 MiB: they are held whole, `DECODES` of them at a time. */
export const MAX_IMAGE_BYTES = 64 * 1024 * 1024;

/** Milliseconds for decoding one picture: ten times what the slowest kind (tiff) takes at the most pixels allowed. */
export const MAX_DECODE_MS = 60_000;

/** Pictures that are decoded at the same time: Node's pool has as many threads unless told otherwise. */
export const DECODES = 4;

/** Bytes of a picture journal, 32 MiB or 930,000 pictures: a longer one is started anew, it only saves time. */
export const MAX_JOURNAL_BYTES = 32 * 1024 * 1024;

/** Samples on a picture sheet: more would be a file that no viewer likes. */
export const MAX_SHEET_SAMPLES = 200;
