import type { ChangeRule } from './codes.js';
import { isHuman, type Conversation } from './sample.js';

/** What stands for the picture in a conversation. */
const IMAGE_TAG = '<image>';
const AT_FRONT = `${IMAGE_TAG}\n`;

/** The turns after a rule, and the rule; `rule` is undefined where they were right already. */
interface Tagged {
  conversations: Conversation[];
  rule?: ChangeRule;
}

/**
 * The conversation of a sample with a picture: exactly one tag, in front of its first human turn, which is trimmed of
 * white space; other turns lose theirs, and the white space that this leaves at their ends. No human turn: undefined.
 */
export function placeTag(conversations: Conversation[]): Tagged | undefined {
  const first = conversations.findIndex(isHuman);
  if (first === -1) return undefined;
  const values = conversations.map(({ value }, i) => {
    if (i === first) return AT_FRONT + withoutTags(value).trim();
    return value.includes(IMAGE_TAG) ? withoutTags(value).trim() : value;
  });
  if (values.every((value, i) => value === conversations[i]?.value)) return { conversations };
  const tags = conversations.reduce((count, { value }) => count + value.split(IMAGE_TAG).length - 1, 0);
  const rule = tags === 0 ? 'TAG_ADDED' : tags === 1 ? 'TAG_MOVED' : 'TAGS_MERGED';
  return { conversations: withValues(conversations, values), rule };
}

/**
 * The conversation of a sample without a picture, for a trainer that shows a blank one: the tag in front of its first
 * human turn unless it stands there already, and nothing else changed. No human turn: undefined.
 */
export function placePlaceholder(conversations: Conversation[]): Tagged | undefined {
  const first = conversations.findIndex(isHuman);
  if (first === -1) return undefined;
  if (conversations[first]?.value.startsWith(AT_FRONT) === true) return { conversations };
  const values = conversations.map(({ value }, i) => (i === first ? AT_FRONT + value : value));
  return { conversations: withValues(conversations, values), rule: 'PLACEHOLDER_ADDED' };
}

function withValues(conversations: Conversation[], values: string[]): Conversation[] {
  return conversations.map((turn, i) => {
    const value = values[i] ?? turn.value;
    return value === turn.value ? turn : { ...turn, value };
  });
}

/** `text` without any tag, not even one that the removal of another would make: `<im<image>age>`. */
function withoutTags(text: string): string {
  const once = text.replaceAll(IMAGE_TAG, '');
  if (!once.includes(IMAGE_TAG)) return once;
  const kept: string[] = [];
  for (const character of once) {
    kept.push(character);
    if (character === '>' && kept.slice(-IMAGE_TAG.length).join('') === IMAGE_TAG)
      kept.splice(-IMAGE_TAG.length);
  }
  return kept.join('');
}
