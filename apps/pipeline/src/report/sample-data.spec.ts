import type { AnswerLine } from '@flexattn/eval';
import { describe, expect, it } from 'vitest';
import { sampleData, type Column } from './sample-data.js';

const line = (id: string, answer: string): AnswerLine => ({
  id,
  model: 'm',
  benchmark: 'textvqa',
  category: null,
  prompt: `System. USER: <image>\nWhat is ${id}? ASSISTANT:`,
  options: [],
  answer,
  cut: false,
  losses: null,
  extracted: answer,
  strict: null,
  verdict: null,
  targets: ['red', 'red', 'blue'],
  score: 1,
  scores: {},
  error: null,
  timing: null,
  image: 'same.png',
  imageSha256: '',
  stretch: false,
  regions: null,
});

const column = (name: string, ids: readonly string[]): Column => ({
  name,
  lines: ids.map((id) => line(id, 'red')),
  regions: new Map(ids.map((id) => [id, { layers: [1, 2], steps: [['AQ', '']] }])),
});

const room = { text: 1e6, regions: 1e6 };
const ids = (fitted: ReturnType<typeof sampleData>) => fitted.data.items.map(([id]) => id);

describe('sampleData', () => {
  it('writes every text once and joins the answers of all columns', () => {
    const { data, images } = sampleData([column('a', ['1', '2']), column('b', ['1'])], [], {
      edges: [],
      room,
    });
    expect(data.texts.filter((text) => text === 'red')).toHaveLength(1);
    expect(images).toEqual(['same.png']);
    const red = data.texts.indexOf('red');
    expect(data.items.map(([, , , , , , , , , answers]) => answers)).toEqual([
      [
        [red, 1],
        [red, 1],
      ],
      [[red, 1], null],
    ]);
  });

  it('keeps the prompt around the question', () => {
    const { data } = sampleData([column('a', ['1'])], [], { edges: [], room });
    const [, , before = -1, after = -1, question = -1] = data.items[0] ?? [];
    expect([before, question, after].map((text) => data.texts[text]).join('')).toBe(line('1', '').prompt);
    expect(data.texts[question]).toBe('What is 1?');
  });

  it('gives room by the order, and shows in that of the lines', () => {
    const all = sampleData([column('a', ['1', '2', '3'])], ['3', '1', '2'], { edges: [], room });
    expect(ids(all)).toEqual(['1', '2', '3']);
    const few = sampleData([column('a', ['1', '2', '3'])], ['3', '1', '2'], {
      edges: [],
      room: { ...room, text: 200 },
    });
    expect(ids(few)).toEqual(['1', '3']);
    expect(few.itemsLeftOut).toBe(1);
  });

  it('leaves out regions that have no room, and counts them', () => {
    const { data, regionsLeftOut } = sampleData([column('a', ['1', '2'])], ['2', '1'], {
      edges: [],
      room: { ...room, regions: 30 },
    });
    expect(data.items.map((row) => row[10].length)).toEqual([0, 1]);
    expect(regionsLeftOut).toBe(1);
  });
});
