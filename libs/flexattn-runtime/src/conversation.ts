import { RuntimeError } from './error.js';
import { IMAGE_TAG } from './tokenizer.js';
import type { Tokenizer } from './tokenizer.js';

/** One message of a LLaVA sample: who says it, and what. */
export interface Conversation {
  from: string;
  value: string;
}

/** A conversation as the trainer reads it. */
export interface EncodedConversation {
  /** Token ids; -200 stands for the image. */
  inputIds: number[];
  /** [begin, end) in `inputIds` of every answer, its end-of-text token included. */
  answers: [begin: number, end: number][];
}

/** LLaVA's system text, with the space that follows it (conversation template `v1`). */
const SYSTEM =
  'A chat between a curious human and an artificial intelligence assistant. ' +
  "The assistant gives helpful, detailed, and polite answers to the human's questions. ";
const END = '</s>';

/** The prompt of a first question about a picture: system text, `<image>`, question, and the assistant's turn. */
export function buildPrompt(question: string): string {
  return `${SYSTEM}USER: ${IMAGE_TAG}\n${question} ASSISTANT:`;
}

/**
 * Encodes a conversation by LLaVA's template `v1`: `SYSTEM USER: Q ASSISTANT: A</s>USER: Q2 ASSISTANT: A2</s>`.
 * The ids are those of the whole text, since `</s>` always ends a piece; rounds are encoded one by one, so the time
 * grows with the length alone.
 *
 * @throws RuntimeError BAD_CONVERSATION unless human and gpt (or user and assistant) take turns; TOKENIZER_UNSTABLE where the tokens of a
 * question depend on its answer, so that the answer has no span of its own
 */
export function encodeConversation(
  tokenizer: Tokenizer,
  conversations: readonly Conversation[],
): EncodedConversation {
  const inputIds: number[] = [];
  const answers: [number, number][] = [];
  for (const [index, { question, answer }] of roundsOf(conversations).entries()) {
    // A later round is encoded behind the `</s>` before it, as it stands in the whole text.
    const before = index === 0 ? SYSTEM : END;
    const skip = index === 0 ? 0 : tokenizer.encode(END).length;
    const asked = tokenizer.encodePrompt(`${before}USER: ${question} ASSISTANT:`).slice(skip);
    const both = tokenizer.encodePrompt(`${before}USER: ${question} ASSISTANT: ${answer}${END}`).slice(skip);
    requirePrefix(asked, both, `conversations[${2 * index + 1}]`);
    answers.push([inputIds.length + asked.length, inputIds.length + both.length]);
    for (const id of both) inputIds.push(id);
  }
  return { inputIds, answers };
}

/**
 * Ids of an answer's first tokens where it follows a prompt: those of `prompt answer` without those of `prompt`.
 *
 * @throws RuntimeError TOKENIZER_UNSTABLE
 */
export function encodeAnswer(tokenizer: Tokenizer, prompt: string, answer: string): number[] {
  const asked = tokenizer.encodePrompt(prompt);
  const both = tokenizer.encodePrompt(`${prompt} ${answer}`);
  requirePrefix(asked, both, JSON.stringify(answer));
  return both.slice(asked.length);
}

const HUMAN = ['human', 'user'];
const MODEL = ['gpt', 'assistant'];

/** Questions and answers in turn. A first message that is not a human's is passed over, as LLaVA does. */
function roundsOf(conversations: readonly Conversation[]): { question: string; answer: string }[] {
  const rounds = [];
  const first = HUMAN.includes(conversations[0]?.from ?? 'human') ? 0 : 1;
  for (let index = first; index < conversations.length; index += 2) {
    const question = conversations[index];
    const answer = conversations[index + 1];
    if (!question || !answer || !HUMAN.includes(question.from) || !MODEL.includes(answer.from)) {
      const got = `"${question?.from ?? 'nothing'}" and "${answer?.from ?? 'nothing'}"`;
      throw new RuntimeError(
        'BAD_CONVERSATION',
        `expected a message of "human" and one of "gpt", got ${got}`,
        {
          item: `conversations[${index}]`,
          hint: 'clean the data first',
        },
      );
    }
    rounds.push({ question: question.value, answer: answer.value });
  }
  if (rounds.length === 0) {
    throw new RuntimeError('BAD_CONVERSATION', 'expected at least one question and answer, got none');
  }
  return rounds;
}

function requirePrefix(asked: readonly number[], both: readonly number[], item: string): void {
  if (asked.every((id, index) => id === both[index])) return;
  const what = "the tokens of the prompt change with its answer, so the answer's own tokens cannot be told";
  throw new RuntimeError('TOKENIZER_UNSTABLE', what, { item, hint: 'drop the sample or the option' });
}
