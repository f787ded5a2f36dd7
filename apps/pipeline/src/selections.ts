import type { Precision, Selection } from '@flexattn/flexattn-runtime';

/** How a model may choose what it sees in high resolution; `none`: nothing, `all`: everything. */
export const SELECTIONS = [
  'attention',
  'random',
  'centre',
  'none',
  'all',
] as const satisfies readonly Selection[];

/** What a compiled model's weights may be stored in. */
export const PRECISIONS = ['float', 'int8', 'int4'] as const satisfies readonly Precision[];
