import { pathOf, quote } from './quote.js';

/** One turn of a conversation. `user` and `assistant` mean `human` and `gpt`. */
export interface Conversation {
  from: 'human' | 'gpt' | 'system' | 'user' | 'assistant';
  value: string;
  [key: string]: unknown;
}

/** A LLaVA sample: an optional picture, by its path below the image root, and a conversation about it. */
export interface Sample {
  id: string | number;
  image?: string;
  conversations: Conversation[];
  [key: string]: unknown;
}

const SPEAKERS = ['human', 'gpt', 'system', 'user', 'assistant'];

/** `value` as a sample, or where and why it does not have the shape of one. */
export function toSample(value: unknown): { sample: Sample } | { problem: string } {
  const problem = shapeProblem(value);
  return problem === undefined ? { sample: value as Sample } : { problem };
}

/** Whether a turn is asked rather than answered. */
export function isHuman({ from }: Conversation): boolean {
  return from === 'human' || from === 'user';
}

/** Whether a value is an object with keys, not null and not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shapeProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return `expected an object, got ${quote(value)}`;
  const { id, image, conversations } = value;
  if (typeof id !== 'string' && typeof id !== 'number') return wrong('id', 'a string or a number', id);
  if (Object.hasOwn(value, 'image') && typeof image !== 'string')
    return wrong('image', 'a string or no such key', image);
  if (!Array.isArray(conversations)) return wrong('conversations', 'an array of turns', conversations);
  if (conversations.length === 0) return 'conversations: expected at least one turn, got an empty array';
  for (const [i, turn] of conversations.entries()) {
    const problem = turnProblem(pathOf('conversations', i), turn);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function turnProblem(path: string, turn: unknown): string | undefined {
  if (!isRecord(turn)) return wrong(path, 'an object', turn);
  if (!SPEAKERS.some((speaker) => speaker === turn['from'])) {
    return wrong(pathOf(path, 'from'), 'human, gpt, system, user or assistant', turn['from']);
  }
  return typeof turn['value'] === 'string'
    ? undefined
    : wrong(pathOf(path, 'value'), 'a string', turn['value']);
}

function wrong(path: string, expected: string, got: unknown): string {
  return `${path}: expected ${expected}, got ${quote(got)}`;
}
