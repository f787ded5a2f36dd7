import type { TextOnly } from './clean-sample.js';
import type { ChangeRule } from './codes.js';
import type { PlainFacts } from './plain-sample.js';

const SPACE = 0x20;
const BACKSLASH = 0x5c;
const ASCII_END = 0x80;

/** `<image>` and a line feed, as JSON writes them; and the tag alone. */
const AT_FRONT = Buffer.from('<image>\\n');
const TAG_LENGTH = '<image>'.length;

/** The letters that stand for white space behind a backslash: n, t, r, f. */
const isBlankEscape = (byte: number | undefined) =>
  byte === 0x6e || byte === 0x74 || byte === 0x72 || byte === 0x66;

/** Bytes that take the place of those from `begin` to before `end`. */
interface Edit {
  begin: number;
  end: number;
  bytes: Uint8Array;
}

/** The image of a plain sample that may be used: it names none, or it is there under that name or under another. */
export type PlainImage = 'none' | 'as named' | { found: string };

/** The bytes to write, and the rule that moved or added a tag. */
export interface CleanedPlain {
  bytes: Uint8Array;
  rule: Exclude<ChangeRule, 'EXTENSION_FIXED'> | undefined;
}

/**
 * The rules for a plain sample that is kept, on its bytes: what `cleanSample` and `editSample` would make of it, to the
 * byte. Undefined where they must be asked: it is dropped, or its tags or the ends of its question are unusual.
 */
export function cleanPlain(
  bytes: Uint8Array,
  facts: PlainFacts,
  image: PlainImage,
  textOnly: TextOnly,
): CleanedPlain | undefined {
  if (facts.promptEnd === 0) return undefined;
  if (image === 'none') return cleanTextOnly(bytes, facts, textOnly);
  const tag = isTagged(bytes, facts) ? undefined : tagEdit(bytes, facts);
  if (tag === 'unusual') return undefined;
  const rule = tag === undefined ? undefined : facts.tags === 0 ? 'TAG_ADDED' : 'TAG_MOVED';
  const edits: Edit[] = tag === undefined ? [] : [tag];
  if (image === 'as named') return { bytes: tag === undefined ? bytes : edited(bytes, edits), rule };
  const found = Buffer.from(JSON.stringify(image.found).slice(1, -1));
  edits.push({ begin: facts.imageBegin, end: facts.imageEnd, bytes: found });
  return { bytes: edited(bytes, edits), rule };
}

function cleanTextOnly(
  bytes: Uint8Array,
  { promptBegin }: PlainFacts,
  textOnly: TextOnly,
): CleanedPlain | undefined {
  if (textOnly === 'drop') return undefined;
  if (textOnly === 'keep' || standsAt(bytes, promptBegin, AT_FRONT)) return { bytes, rule: undefined };
  const edit = { begin: promptBegin, end: promptBegin, bytes: AT_FRONT };
  return { bytes: edited(bytes, [edit]), rule: 'PLACEHOLDER_ADDED' };
}

/** Whether the question has the one tag in front, and the rest of it is trimmed. */
function isTagged(bytes: Uint8Array, facts: PlainFacts): boolean {
  const { tags, tagAt, promptBegin, promptEnd, promptEscape } = facts;
  if (tags !== 1 || tagAt !== promptBegin || !standsAt(bytes, promptBegin, AT_FRONT)) return false;
  const begin = promptBegin + AT_FRONT.length;
  if (begin === promptEnd) return true;
  const [first, second] = [bytes[begin], bytes[begin + 1]];
  const last = bytes[promptEnd - 1];
  if (isOpen(first) || isOpen(last) || (first === BACKSLASH && isBlankEscape(second))) return false;
  return promptEscape !== promptEnd - 2 || !isBlankEscape(last);
}

/** The question with the tag in front; `unusual` where the tag is not at one of its ends, or there are several. */
function tagEdit(bytes: Uint8Array, facts: PlainFacts): Edit | 'unusual' {
  const { tags, tagAt, lessThans, promptBegin, promptEnd } = facts;
  if (tags > 1 || lessThans !== tags) return 'unusual';
  let [begin, end] = [promptBegin, promptEnd];
  if (tags === 1) {
    if (tagAt === promptBegin) begin += TAG_LENGTH;
    else if (tagAt + TAG_LENGTH === promptEnd) end = tagAt;
    else return 'unusual';
  }
  const rest = trimmed(bytes, begin, end);
  if (rest === undefined) return 'unusual';
  return { begin: promptBegin, end: promptEnd, bytes: Buffer.concat([AT_FRONT, rest]) };
}

/** What `trim` leaves of a text; undefined where it ends in a character beyond ASCII, which may be white space. */
function trimmed(bytes: Uint8Array, begin: number, end: number): Uint8Array | undefined {
  let first = end;
  let behindLast = end;
  for (let i = begin; i < end;) {
    const isEscape = bytes[i] === BACKSLASH;
    const isBlank = isEscape ? isBlankEscape(bytes[i + 1]) : bytes[i] === SPACE;
    const next = i + (isEscape ? 2 : 1);
    if (!isBlank) {
      if (first === end) first = i;
      behindLast = next;
    }
    i = next;
  }
  if (first === end) return bytes.subarray(end, end);
  const isAscii = (bytes[first] ?? 0) < ASCII_END && (bytes[behindLast - 1] ?? 0) < ASCII_END;
  return isAscii ? bytes.subarray(first, behindLast) : undefined;
}

/** A blank, or a character beyond ASCII, which may be white space too. */
function isOpen(byte: number | undefined): boolean {
  return byte === undefined || byte === SPACE || byte >= ASCII_END;
}

function edited(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.begin - b.begin)) {
    parts.push(bytes.subarray(at, edit.begin), edit.bytes);
    at = edit.end;
  }
  return Buffer.concat([...parts, bytes.subarray(at)]);
}

/** Whether the bytes of `word` stand at `at`. */
function standsAt(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i += 1) if (bytes[at + i] !== word[i]) return false;
  return true;
}
