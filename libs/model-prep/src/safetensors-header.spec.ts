import { describe, expect, it } from 'vitest';
import { parseSafetensors } from './safetensors-header.js';
import { safetensorsFile as file } from './safetensors-file.fixture.js';
import { a, b, good, hostileFiles } from './safetensors-hostile.fixture.js';

describe('parseSafetensors', () => {
  it.each(hostileFiles)('refuses $what: $code', async ({ reject, code, item, says }) => {
    const refusal = parseSafetensors(reject, 'model.safetensors');
    await expect(refusal).rejects.toMatchObject({ name: 'ModelPrepError', code, file: 'model.safetensors' });
    const error: unknown = await refusal.catch((cause: unknown) => cause);
    if (item !== undefined) expect(error).toHaveProperty('item', item);
    for (const part of says) expect(String(error)).toContain(part);
    // However much text the file holds, the message stays readable.
    expect(String(error).length).toBeLessThan(600);
  });

  it.each(hostileFiles)('accepts the neighbour of $what', async ({ accept }) => {
    await expect(parseSafetensors(accept, 'model.safetensors')).resolves.toHaveProperty('dataStart');
  });

  it('gives names, dtypes, shapes, offsets and metadata', async () => {
    const text = `{"__metadata__":{"format":"pt"},${b(8, 12)},${a({ shape: '[1,2]' })}}  `;
    const header = await parseSafetensors(file(text, 12), 'x');
    expect(header.dataStart).toBe(8 + text.length);
    expect([...header.metadata]).toEqual([['format', 'pt']]);
    expect([...header.tensors.values()]).toEqual([
      { name: 'b', dtype: 'F32', shape: [1], dataOffsets: [8, 12] },
      { name: 'a', dtype: 'F32', shape: [1, 2], dataOffsets: [0, 8] },
    ]);
  });

  it('takes a scalar, whose shape is empty', async () => {
    const header = await parseSafetensors(file(`{${a({ shape: '[]', data_offsets: '[0,4]' })}}`, 4), 'x');
    expect(header.tensors.get('a')?.shape).toEqual([]);
  });

  it('reads the header alone from a source with asynchronous slices', async () => {
    const reads: number[][] = [];
    const source = {
      byteLength: good.byteLength,
      slice: (begin: number, end: number) => {
        reads.push([begin, end]);
        return Promise.resolve(good.slice(begin, end));
      },
    };
    await parseSafetensors(source, 'x');
    expect(reads).toEqual([
      [0, 8],
      [8, good.byteLength - 8],
    ]);
  });

  it('refuses a source that gives fewer bytes than it promised', async () => {
    const source = { byteLength: good.byteLength, slice: (begin: number) => good.slice(begin, begin + 4) };
    await expect(parseSafetensors(source, 'x')).rejects.toMatchObject({ code: 'FILE_TRUNCATED' });
  });

  it('never fails in another way, whichever byte of a header is changed', async () => {
    const bytes = new Uint8Array(file(`{"__metadata__":{"k":"v"},${a()},${b(8, 12)}}`, 12));
    const outcomes = { accepted: 0, refused: 0 };
    for (let at = 0; at < bytes.length - 12; at++) {
      for (const mask of [0x01, 0x10, 0x80]) {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ mask;
        const outcome: unknown = await parseSafetensors(changed, 'x').catch((cause: unknown) => cause);
        if (outcome instanceof Error) {
          expect(outcome.name).toBe('ModelPrepError');
          outcomes.refused++;
        } else outcomes.accepted++;
      }
    }
    // What stays valid is a letter of a name, a key or a value of the metadata.
    expect(outcomes.refused).toBeGreaterThan(outcomes.accepted * 10);
  });
});
