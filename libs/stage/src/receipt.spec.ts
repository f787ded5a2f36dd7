import { describe, expect, it } from 'vitest';
import { differences, parseReceipt, receiptKey, receiptText, sealReceipt, type Receipt } from './receipt.js';

const HASH = 'a'.repeat(64);
const inputs = {
  stage: 'clean',
  inputs: { data: HASH },
  parameters: { verify: 'header', n: 3 },
  tools: { node: '20' },
};
const content = { ...inputs, files: [{ path: 'a/b.json', size: 3, sha256: HASH }], summary: { kept: 2 } };

describe('receiptKey', () => {
  it('does not depend on the order of names', () => {
    const turned = {
      tools: { node: '20' },
      parameters: { n: 3, verify: 'header' },
      inputs: { data: HASH },
      stage: 'clean',
    };
    expect(receiptKey(turned)).toBe(receiptKey(inputs));
  });

  it('does not depend on the result', () => {
    expect(receiptKey(sealReceipt(content))).toBe(receiptKey(inputs));
  });

  it.each([
    ['stage', { ...inputs, stage: 'init' }],
    ['inputs', { ...inputs, inputs: { data: 'b'.repeat(64) } }],
    ['the name of an input', { ...inputs, inputs: { images: HASH } }],
    ['parameters', { ...inputs, parameters: { verify: 'header', n: '3' } }],
    ['tools', { ...inputs, tools: { node: '22' } }],
  ])('depends on %s', (_, other) => {
    expect(receiptKey(other)).not.toBe(receiptKey(inputs));
  });

  it('is the hash of the canonical text, on every machine', () => {
    expect(receiptKey(inputs)).toBe('c4b0ad76ffacc0f0410deda1286437dd56a1207e5e8ee161b17aea5b69766560');
  });
});

describe('a receipt', () => {
  it('comes back from its text', () => {
    const receipt = sealReceipt(content);
    expect(parseReceipt(receiptText(receipt))).toEqual(receipt);
  });

  const edit = (change: (receipt: Receipt) => object) => JSON.stringify(change(sealReceipt(content)));
  it.each([
    ['empty', ''],
    ['torn', receiptText(sealReceipt(content)).slice(0, -20)],
    ['not an object', '[]'],
    ['without its hash', edit(({ sha256, ...rest }) => ({ ...rest, ignored: sha256 }))],
    ['with an unknown field', edit((receipt) => ({ ...receipt, host: 'h' }))],
    ['with another summary', edit((receipt) => ({ ...receipt, summary: { kept: 3 } }))],
    ['with one file less', edit((receipt) => ({ ...receipt, files: [] }))],
    [
      'with another size',
      edit((receipt) => ({ ...receipt, files: [{ path: 'a/b.json', size: 4, sha256: HASH }] })),
    ],
    [
      'with a negative size',
      edit((receipt) => ({ ...receipt, files: [{ path: 'a', size: -1, sha256: HASH }] })),
    ],
    ['with other inputs', edit((receipt) => ({ ...receipt, inputs: {} }))],
    ['with another key', edit((receipt) => ({ ...receipt, key: HASH }))],
    ['with another hash', edit((receipt) => ({ ...receipt, sha256: HASH }))],
  ])('that is %s is none', (_, text) => {
    expect(parseReceipt(text)).toBeUndefined();
  });

  it.each([
    ['order of fields', edit((receipt) => Object.fromEntries(Object.entries(receipt).reverse()))],
    ['white space', receiptText(sealReceipt(content)).replaceAll('\n', '\n\n')],
  ])('may differ in %s', (_, text) => {
    expect(parseReceipt(text)).toEqual(sealReceipt(content));
  });

  it('cannot hold what JSON cannot', () => {
    expect(() => sealReceipt({ ...content, summary: { loss: NaN } })).toThrow(TypeError);
  });
});

describe('differences', () => {
  it.each([
    ['nothing', {}, []],
    ['an input', { inputs: { data: 'b'.repeat(64) } }, ['inputs.data']],
    ['a new name', { tools: { node: '20', torch: '2.13' } }, ['tools.torch']],
    ['a name that is gone', { inputs: {} }, ['inputs.data']],
    ['null instead of absent', { parameters: { verify: 'header', n: 3, x: null } }, ['parameters.x']],
    [
      'a name of Object',
      { parameters: { verify: 'header', n: 3, constructor: 1 } },
      ['parameters.constructor'],
    ],
    ['order only', { parameters: { n: 3, verify: 'header' } }, []],
    [
      'several, sorted',
      { tools: {}, parameters: { verify: 'exists', n: 4 } },
      ['parameters.n', 'parameters.verify', 'tools.node'],
    ],
  ])('names %s', (_, change, names) => {
    expect(differences(inputs, { ...inputs, ...change })).toEqual(names);
  });
});
