import type { TextOnly } from '../clean-sample.js';
import type { VerifyLevel } from '../image-index.js';
import { MAX_SHARDS } from '../limits.js';
import { isRecord } from '../sample.js';
import {
  badOption,
  checkSettings,
  FLAG,
  oneOf,
  PATH,
  SIGNAL,
  wholeNumber,
  type Checks,
} from '../settings.js';
import type { Dedupe } from '../sample-key.js';
import type { Shard } from '../shard-manifest.js';
import type { OutputFormat } from './sample-writer.js';

/** Settings of `cleanDataset`. */
export interface CleanOptions {
  /**
   * JSON arrays of samples, or JSON lines; plain or gzip; `-` is standard input. Several are taken in order, each with
   * `images` or an image root of its own.
   */
  annotations: string | readonly (string | { annotations: string; images: string })[];
  /** The folder that the samples' image names start from. */
  images?: string | undefined;
  /** The folder for the results, made if it is not there; `-`: the samples alone, as JSON lines, on standard output. */
  out: string;
  /** `exists`: the file is there; `header` (default): it begins like a picture; `decode`: all of it can be decoded. */
  verify?: VerifyLevel | undefined;
  /** Samples without an image: `placeholder` (default) gives them a tag, `keep` leaves them, `drop` drops them. */
  textOnly?: TextOnly | undefined;
  /** Of samples with the same id, or the same image and conversation, only the first that the rules keep stays. */
  dedupe?: Dedupe | undefined;
  /** Seed of the order of the samples (0 to 2^53 - 1); without it they keep theirs. */
  shuffle?: number | undefined;
  /** Keeps at most so many samples: the first, or with `shuffle` the first of the shuffled ones. */
  limit?: number | undefined;
  /** Cleans one of `of` parts; `mergeShards` makes of all parts what a run without this would have made. */
  shard?: Shard | undefined;
  /** `json` (default): `annotations.json`, an array; `jsonl`: `annotations.jsonl`. */
  format?: OutputFormat | undefined;
  /** At level `decode`: a file that remembers which pictures were decoded. Default: `out` with `.images.journal`. */
  journal?: string | undefined;
  /** Reads everything and writes nothing. */
  dryRun?: boolean | undefined;
  /** No progress on standard error. */
  quiet?: boolean | undefined;
  /** Ends the run; nothing of it is left. */
  signal?: AbortSignal | undefined;
}

/** Settings that were checked; each source has its image root. */
export interface CleanSettings extends Omit<CleanOptions, 'annotations' | 'images'> {
  sources: readonly { annotations: string; images: string }[];
  verify: VerifyLevel;
  textOnly: TextOnly;
  format: OutputFormat;
  dryRun: boolean;
  quiet: boolean;
}

const CHECKS: Checks<CleanOptions> = {
  annotations: [areSources, 'a path, or several, each as it is or as {annotations, images}'],
  images: PATH,
  out: PATH,
  verify: oneOf('exists', 'header', 'decode'),
  textOnly: oneOf('placeholder', 'keep', 'drop'),
  dedupe: oneOf('id', 'content'),
  shuffle: wholeNumber(0),
  limit: wholeNumber(1),
  shard: [isShard, `{index, of} with index from 0 to below of, and of up to ${MAX_SHARDS}`],
  format: oneOf('json', 'jsonl'),
  journal: PATH,
  dryRun: FLAG,
  quiet: FLAG,
  signal: SIGNAL,
};

/** The options with their defaults. Throws `BAD_OPTION`. */
export function checkOptions(options: CleanOptions): CleanSettings {
  checkSettings(options, CHECKS, ['annotations', 'out']);
  const { annotations, images, format, verify = 'header', textOnly = 'placeholder', ...others } = options;
  const { dryRun = false, quiet = false } = others;
  const toStandard = others.out === '-';
  if (toStandard && (others.shuffle !== undefined || others.shard !== undefined || format === 'json')) {
    throw badOption(
      'standard output takes JSON lines in their own order: no shuffle, shard or format json',
      'out',
    );
  }
  const sources = [annotations].flat().map((source) => {
    if (typeof source !== 'string') return source;
    if (images === undefined) throw badOption(`expected an image root for ${source}`, 'images');
    return { annotations: source, images };
  });
  return {
    ...others,
    verify,
    textOnly,
    dryRun,
    quiet,
    sources,
    format: toStandard ? 'jsonl' : (format ?? 'json'),
  };
}

function areSources(value: unknown): boolean {
  const [isPath] = PATH;
  const isSource = (one: unknown) =>
    isPath(one) || (isRecord(one) && isPath(one['annotations']) && isPath(one['images']));
  return Array.isArray(value) ? value.length > 0 && value.every(isSource) : isPath(value);
}

function isShard(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const [isCount] = wholeNumber(1, MAX_SHARDS);
  const [isIndex] = wholeNumber(0, Number(value['of']) - 1);
  return isCount(value['of']) && isIndex(value['index']);
}
