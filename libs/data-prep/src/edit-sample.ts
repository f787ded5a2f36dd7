import { elements, members, type Span } from './json-spans.js';
import type { Sample } from './sample.js';

/**
 * The text of a sample with the image name and the turns' values of `cleaned`, a changed copy of it. Everything else
 * keeps its bytes: order of keys, white space, unknown keys, the digits of numbers.
 */
export function editSample(text: string, cleaned: Sample): string {
  const parts: string[] = [];
  let at = 0;
  const write = ({ begin, end }: Span, value: string) => {
    if (JSON.parse(text.slice(begin, end)) === value) return;
    parts.push(text.slice(at, begin), JSON.stringify(value));
    at = end;
  };
  for (const member of members(text, 0)) {
    if (member.key === 'image' && cleaned.image !== undefined) write(member, cleaned.image);
    if (member.key !== 'conversations') continue;
    const turns = [...elements(text, member.begin)];
    for (const [i, { value }] of cleaned.conversations.entries()) {
      const turn = turns[i];
      for (const inner of turn === undefined ? [] : members(text, turn.begin)) {
        if (inner.key === 'value') write(inner, value);
      }
    }
  }
  return parts.join('') + text.slice(at);
}

/** The text of a sample's `id` as it stands there, or undefined where it is neither a string nor a number. */
export function idText(text: string): string | undefined {
  if (!text.startsWith('{')) return undefined;
  for (const { key, begin, end } of members(text, 0)) {
    if (key === 'id') return /["\-0-9]/.test(text.charAt(begin)) ? text.slice(begin, end) : undefined;
  }
  return undefined;
}
