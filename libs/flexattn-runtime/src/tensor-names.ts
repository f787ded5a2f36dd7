/** The embedding table's name in a checkpoint. */
export const EMBEDDINGS = 'model.embed_tokens.weight';

/** The language head's name in a checkpoint. */
export const LANGUAGE_HEAD = 'lm_head.weight';
