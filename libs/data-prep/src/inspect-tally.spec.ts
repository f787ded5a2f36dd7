import { describe, expect, it } from 'vitest';
import { formatInspectReport } from './inspect-table.js';
import { InspectTally } from './inspect-tally.js';
import { MAX_SOURCES } from './limits.js';
import type { Sample } from './sample.js';

const sample = (image: string | undefined, ...values: string[]): Sample => ({
  id: 1,
  ...(image === undefined ? {} : { image }),
  conversations: values.map((value, i) => ({ from: i % 2 === 0 ? 'human' : 'gpt', value })),
});

function filled(): InspectTally {
  const tally = new InspectTally();
  tally.add(sample('coco/train2017/1.jpg', '<image>\nWhat?', 'This.'), 0, 100, {
    found: 'coco/train2017/1.jpg',
  });
  tally.add(sample('coco/train2017/2.jpg', 'What?\n<image>', 'This.', 'And?', 'That.'), 1, 150, {
    found: 'coco/train2017/2.png',
  });
  tally.add(sample('图/3.PNG', '<image>\n<image>What?', 'This.'), 2, 90, {
    problem: 'IMAGE_EMPTY',
    detail: '',
  });
  tally.add(sample('4', 'What?', 'This.'), 3, 90, { problem: 'IMAGE_MISSING', detail: '' });
  tally.add(sample(undefined, 'Hello?', 'Hello.'), 4, 80);
  tally.add({ id: 1, image: 'a/5.jpg', conversations: [{ from: 'gpt', value: 'Hm.' }] }, 5, 70, {
    found: 'a/5.jpg',
  });
  tally.addUnusable({ code: 'TOO_DEEP', detail: '' }, 6, 5000);
  tally.addUnusable({ code: 'BAD_SHAPE', detail: '' }, 7, 10);
  return tally;
}

describe('InspectTally', () => {
  it('counts what is in samples', () => {
    expect(filled().report()).toEqual({
      samples: 8,
      unusable: { BAD_SHAPE: 1, TOO_DEEP: 1 },
      textOnly: 1,
      turns: { total: 13, fewest: 1, most: 4, speakers: { gpt: 7, human: 6 } },
      tags: { NO_HUMAN_TURN: 1, TAGS_MERGED: 1, TAG_ADDED: 1, TAG_MOVED: 1, 'in place': 1 },
      sources: { '.': 1, a: 1, 'coco/train2017': 2, 图: 1 },
      extensions: { PNG: 1, jpg: 3, none: 1 },
      scripts: { Han: 1, Latin: 3, 'no letters': 1 },
      longest: { index: 6, bytes: 5000, turns: undefined },
      images: { IMAGE_EMPTY: 1, IMAGE_MISSING: 1, found: 2, 'found under another extension': 1 },
    });
  });

  it('names the first of the longest samples', () => {
    const tally = new InspectTally();
    for (const index of [0, 1, 2]) tally.add(sample(undefined, 'a', 'b', 'c'), index, index === 0 ? 5 : 9);
    expect(tally.report().longest).toEqual({ index: 1, bytes: 9, turns: 3 });
  });

  it('says so of an empty file', () => {
    const report = new InspectTally().report();
    expect(report).toMatchObject({ samples: 0, turns: { total: 0, fewest: 0, most: 0 } });
    expect(report).not.toHaveProperty('longest');
    expect(report).not.toHaveProperty('images');
  });

  it('tells a bounded number of folders apart', () => {
    const tally = new InspectTally();
    for (let i = 0; i < MAX_SOURCES + 7; i += 1) tally.add(sample(`${i}/a.jpg`, 'a'), i, 1);
    const { sources } = tally.report();
    expect(Object.keys(sources)).toHaveLength(MAX_SOURCES + 1);
    expect(sources['other']).toBe(7);
  });
});

describe('formatInspectReport', () => {
  it('is a line a subject', () => {
    const shown = [
      { index: 3, id: 'x', image: '4', question: 'What\n is it?', problem: 'IMAGE_MISSING' as const },
      { index: 4, id: '\u001b[31m9', question: 'Hello?' },
    ];
    expect(formatInspectReport({ ...filled().report(), shown }).split('\n')).toEqual([
      'samples         8, of them 1 text only, 2 unusable',
      'unusable        BAD_SHAPE 1, TOO_DEEP 1',
      'turns           13, 1 to 4 a sample: gpt 7, human 6',
      'image tags      NO_HUMAN_TURN 1, TAGS_MERGED 1, TAG_ADDED 1, TAG_MOVED 1, in place 1',
      'sources         . 1, a 1, coco/train2017 2, 图 1',
      'extensions      PNG 1, jpg 3, none 1',
      'image names in  Han 1, Latin 3, no letters 1',
      'images          IMAGE_EMPTY 1, IMAGE_MISSING 1, found 2, found under another extension 1',
      'longest sample  5000 bytes, unusable, number 6 (from 0)',
      'on the sheet    3 (id x) IMAGE_MISSING: What is it?',
      'on the sheet    4 (id \ufffd[31m9): Hello?',
    ]);
  });

  it('leaves out what was not looked at', () => {
    const text = formatInspectReport(new InspectTally().report());
    expect(text).toContain('unusable        none');
    expect(text).not.toMatch(/^(images|longest sample|on the sheet) /m);
  });
});
