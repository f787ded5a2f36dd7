import { join } from 'node:path';
import { readSamples } from '@flexattn/data-prep';
import { openCheckpoint } from '@flexattn/model-prep';
import { writeTrainingData } from '@flexattn/train';
import { toolsOf } from '../code-hash.js';
import { artifacts } from '../run-context.js';
import type { Stage } from '../stage.js';

/** Of the files that are written; another one is not taken for the same. */
const FORMAT = '2';

/** Tokenises once, with the tokenizer that also answers: training and inference cannot disagree. */
export const tokens: Stage = {
  name: 'tokens',
  purpose: 'writes token ids and answer spans for the trainer',
  after: ['clean', 'init'],
  reads: (context) => ({
    annotations: join(artifacts(context, 'clean'), 'annotations.json'),
    checkpoint: artifacts(context, 'init'),
  }),
  parameters: ({ config }) => ({ modelMaxLength: config.train.modelMaxLength }),
  tools: () => Promise.resolve({ ...toolsOf('@flexattn/flexattn-runtime'), 'training-data': FORMAT }),
  produce: async (context, out) => {
    const { encodeConversation, loadTokenizer } = await import('@flexattn/flexattn-runtime');
    const { vision } = (await openCheckpoint(artifacts(context, 'init'))).config;
    const tokenizer = await loadTokenizer(artifacts(context, 'init'));
    return writeTrainingData({
      samples: readSamples(join(artifacts(context, 'clean'), 'annotations.json')),
      encode: (conversations) => encodeConversation(tokenizer, conversations),
      modelMaxLength: context.config.train.modelMaxLength,
      ...(vision === undefined ? {} : { imageTokens: (vision.image_size / vision.patch_size) ** 2 }),
      checkpoint: artifacts(context, 'init'),
      out,
      signal: context.signal,
    });
  },
};
