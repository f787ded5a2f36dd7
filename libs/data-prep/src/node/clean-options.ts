import { z } from 'zod';
import type { TextOnly } from '../clean-sample.js';
import { DataPrepError } from '../errors.js';
import type { VerifyLevel } from '../image-index.js';
import type { Dedupe } from '../sample-key.js';
import { shardSchema, siftSchema, type Shard } from '../shard-manifest.js';
import type { OutputFormat } from './sample-writer.js';

const path = z.string().min(1);

const settings = siftSchema.extend({
  annotations: z.union([
    path,
    z.array(z.union([path, z.strictObject({ annotations: path, images: path })])).min(1),
  ]),
  images: path.optional(),
  out: path,
  verify: z.enum(['exists', 'header', 'decode']).default('header'),
  textOnly: z.enum(['placeholder', 'keep', 'drop']).default('placeholder'),
  shard: shardSchema.optional(),
  format: z.enum(['json', 'jsonl']).optional(),
  journal: path.optional(),
  dryRun: z.boolean().default(false),
  quiet: z.boolean().default(false),
  signal: z.instanceof(AbortSignal).optional(),
});

/** Settings that were checked; each source has its image root. */
export type CleanSettings = Omit<z.output<typeof settings>, 'annotations' | 'images' | 'format'> & {
  sources: { annotations: string; images: string }[];
  format: OutputFormat;
};

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

/** The options with their defaults. Throws `BAD_OPTION`. */
export function checkOptions(options: CleanOptions): CleanSettings {
  const result = settings.safeParse(options);
  if (!result.success) {
    const [issue] = result.error.issues;
    const item =
      issue === undefined || issue.path.length === 0 ? undefined : issue.path.map(String).join('.');
    throw badOption(issue?.message ?? 'unexpected options', item, result.error);
  }
  const { annotations, images, format, ...others } = result.data;
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
  return { ...others, sources, format: toStandard ? 'jsonl' : (format ?? 'json') };
}

function badOption(what: string, item: string | undefined, cause?: unknown): DataPrepError {
  return new DataPrepError('BAD_OPTION', what, { item, cause });
}
