import type { SentencePieceModel } from './model.js';
import { characterLength } from './symbol-matcher.js';
import type { SymbolMatcher } from './symbol-matcher.js';

/** A stretch of the text that is one piece so far; `next` and `previous` are places in the list, -1 at its ends. */
interface Symbol {
  text: string;
  previous: number;
  next: number;
  /** A user-defined symbol, which merges with nothing. */
  frozen: boolean;
}

/** Two neighbours whose text together is a piece. */
interface Pair {
  left: number;
  right: number;
  score: number;
  /** Of both together when the pair was found; another length now means that one of them has merged since. */
  length: number;
}

/**
 * Cuts normalised text into pieces by byte pair encoding, as SentencePiece does (`bpe::Model::SampleEncode` without
 * sampling): of all neighbours that make a piece, those with the highest score merge first, the leftmost among equals.
 */
export function createMerger(
  { pieces }: SentencePieceModel,
  symbols: SymbolMatcher,
): (text: string) => string[] {
  const merges = new Map<string, { score: number; unused: boolean }>();
  for (const { piece, score, type } of pieces) {
    if (type === 'NORMAL' || type === 'USER_DEFINED' || type === 'UNUSED') {
      merges.set(piece, { score, unused: type === 'UNUSED' });
    }
  }

  return (text) => {
    const list = splitSymbols(text, symbols);
    const pairs = new PairQueue();
    /** What an unused piece is cut into again. */
    const halves = new Map<string, [string, string]>();
    const offer = (left: number, right: number) => {
      const [first, second] = [list[left], list[right]];
      if (first === undefined || second === undefined || first.frozen || second.frozen) return;
      const whole = first.text + second.text;
      const merged = merges.get(whole);
      if (merged === undefined) return;
      pairs.push({ left, right, score: merged.score, length: whole.length });
      if (merged.unused) halves.set(whole, [first.text, second.text]);
    };
    for (let right = 1; right < list.length; right++) offer(right - 1, right);
    for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
      const [left, right] = [list[pair.left], list[pair.right]];
      if (left === undefined || right === undefined || left.text === '' || right.text === '') continue;
      if (left.text.length + right.text.length !== pair.length) continue;
      left.text += right.text;
      left.next = right.next;
      const following = list[right.next];
      if (following !== undefined) following.previous = pair.left;
      right.text = '';
      offer(left.previous, pair.left);
      offer(pair.left, left.next);
    }
    const cut = (piece: string): string[] => halves.get(piece)?.flatMap(cut) ?? [piece];
    return list.flatMap((symbol) => (symbol.text === '' ? [] : cut(symbol.text)));
  };
}

/** One symbol a character; user-defined symbols whole. */
function splitSymbols(text: string, matcher: SymbolMatcher): Symbol[] {
  const bytes = Buffer.from(text);
  const list: Symbol[] = [];
  for (let at = 0; at < bytes.length;) {
    const symbol = matcher.lengthAt(bytes, at);
    const length = symbol ?? characterLength(bytes[at] ?? 0);
    list.push({
      text: bytes.toString('utf8', at, at + length),
      previous: list.length - 1,
      next: list.length + 1,
      frozen: symbol !== undefined,
    });
    at += length;
  }
  const last = list.at(-1);
  if (last !== undefined) last.next = -1;
  return list;
}

/** Pairs in a binary heap: the highest score first, then the leftmost. */
class PairQueue {
  readonly #heap: Pair[] = [];

  push(pair: Pair): void {
    const heap = this.#heap;
    let at = heap.push(pair) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(pair, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = pair;
  }

  pop(): Pair | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      const child = right !== undefined && left !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (child === left ? 1 : 2);
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Pair, b: Pair): boolean {
  return a.score > b.score || (a.score === b.score && a.left < b.left);
}
