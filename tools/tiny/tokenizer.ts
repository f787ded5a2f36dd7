import { vocabularyTexts } from './questions.js';

/** What a space becomes (sentencepiece). */
const SPACE = '\u2581';
const SPECIAL = ['<unk>', '<s>', '</s>'] as const;

/** Words with their leading space, and marks of punctuation alone: no merge ever crosses from one into the next. */
function splitWords(text: string): string[] {
  return (
    `${SPACE}${text.replaceAll(' ', SPACE)}`.match(
      /\u2581?[\p{L}\p{N}]+|\u2581?[^\p{L}\p{N}\s\u2581]|\u2581/gu,
    ) ?? []
  );
}

/** Joins every neighbouring `left`, `right` of a word. */
function joinPair(word: readonly string[], left: string, right: string): string[] {
  const out: string[] = [];
  for (let i = 0; i < word.length; i++) {
    const piece = word[i] ?? '';
    if (piece === left && word[i + 1] === right) {
      out.push(left + right);
      i++;
    } else out.push(piece);
  }
  return out;
}

/** The pair that occurs most; of several, the first in code unit order. Undefined when no word has two pieces. */
function mostFrequentPair(words: readonly (readonly string[])[]): [string, string] | undefined {
  const counts = new Map<string, { pair: [string, string]; count: number }>();
  for (const word of words) {
    for (let i = 0; i + 1 < word.length; i++) {
      const pair: [string, string] = [word[i] ?? '', word[i + 1] ?? ''];
      const key = pair.join(' ');
      counts.set(key, { pair, count: (counts.get(key)?.count ?? 0) + 1 });
    }
  }
  const ordered = [...counts].sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1));
  return ordered[0]?.[1].pair;
}

/** Byte-pair merges in their order, until every word of the texts is one piece. */
function learnMerges(texts: readonly string[]): [string, string][] {
  let words = [...new Set(texts.flatMap(splitWords))].map((word) => [...word]);
  const merges: [string, string][] = [];
  for (let pair = mostFrequentPair(words); pair; pair = mostFrequentPair(words)) {
    const [left, right] = pair;
    merges.push(pair);
    words = words.map((word) => joinPair(word, left, right));
  }
  return merges;
}

const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/** Ids in LLaMA's order: specials, 256 bytes, merged pieces, single characters. */
function buildVocabulary(merges: readonly (readonly [string, string])[]): string[] {
  const bytes = Array.from({ length: 256 }, (_, byte) => byteToken(byte));
  const printable = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  const merged = merges.map(([left, right]) => left + right);
  return [...new Set([...SPECIAL, ...bytes, ...merged, SPACE, ...printable])];
}

/** The number of ids: `vocab_size` of the model. */
export function vocabularySize(): number {
  return buildVocabulary(learnMerges(vocabularyTexts())).length;
}

const bosThenText = [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];

/** Puts `<s>` in front of a text, and of each of a pair. */
const postProcessor = {
  type: 'TemplateProcessing',
  single: bosThenText,
  pair: [...bosThenText, { SpecialToken: { id: '<s>', type_id: 1 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
};

/** Ids back to text: the space that was put in front goes. */
const decoder = {
  type: 'Sequence',
  decoders: [
    { type: 'Replace', pattern: { String: SPACE }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
    { type: 'Strip', content: ' ', start: 1, stop: 0 },
  ],
};

/** `tokenizer.json`: LLaMA's scheme (BPE with byte fallback, spaces as U+2581, one put in front) over our own texts. */
export function buildTokenizer(): object {
  const merges = learnMerges(vocabularyTexts());
  const vocabulary = buildVocabulary(merges);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: SPACE },
        { type: 'Replace', pattern: { String: ' ' }, content: SPACE },
      ],
    },
    pre_tokenizer: null,
    post_processor: postProcessor,
    decoder,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(vocabulary.map((piece, id) => [piece, id])),
      merges: merges.map((pair) => pair.join(' ')),
    },
  };
}

/** `tokenizer_config.json` as LLaVA-1.5 ships it, with our length. */
export function buildTokenizerConfig(): object {
  return {
    add_bos_token: true,
    add_eos_token: false,
    bos_token: '<s>',
    clean_up_tokenization_spaces: false,
    eos_token: '</s>',
    legacy: true,
    model_max_length: 512,
    pad_token: '<unk>',
    padding_side: 'right',
    sp_model_kwargs: {},
    tokenizer_class: 'LlamaTokenizer',
    unk_token: '<unk>',
  };
}
