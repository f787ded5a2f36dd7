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

/** Bytes that are read at a time, 256 KiB: some 200 samples, enough to keep the disk busy. */
export const CHUNK_BYTES = 256 * 1024;

/** Images whose first bytes are read at the same time: what hides the latency of a disk or a file server. */
export const HEADER_READS = 32;

/** Links followed for one image, as Linux does; more is a circle. */
export const MAX_LINKS = 40;

/** Source folders that the report tells apart; further ones are counted as `other`, so that it stays small. */
export const MAX_SOURCES = 1000;

/** Characters of a value or a path that are quoted in a message. */
export const MAX_QUOTED = 80;

/** Bytes of a path, 4096 (`PATH_MAX` of Linux): a longer image name is no file and is not listed for fetching. */
export const MAX_NAME_LENGTH = 4096;
