import { describe, expect, it } from 'vitest';
import type { Geometry } from '../geometry.js';
import { GraphSessions } from '../node/session.js';
import { GraphBuilder } from '../onnx/graph.js';
import { chosenRegions } from '../regions.js';
import { selectRegions } from './selection.js';

const SIZE = 13;
const L = SIZE ** 2;

/** The selection block alone: weights [1, 2, R, 3 + L + 1] -> regions, with the image behind 3 columns. */
async function open(threshold: number, more: Partial<Geometry> = {}): Promise<GraphSessions> {
  const graph = new GraphBuilder('selection');
  const geometry = { selection: 'attention', size: SIZE, threshold, ...more } as Geometry;
  const context = { graph, tensors: new Map(), geometry };
  const weights = graph.input('weights', 'FLOAT', [1, 2, 'R', 'columns']);
  const span = {
    begin: graph.input('begin', 'INT64', [1]),
    end: graph.input('end', 'INT64', [1]),
    keep: graph.input('keep', 'FLOAT', [L]),
  };
  const regions = selectRegions(context, 2, weights, span);
  graph.output('regions', regions, 'BOOL', ['R', 81]);
  return GraphSessions.open('.', { decoder: graph.toBytes() }, { threads: 1 });
}

/** What each row selects; a row is the attention on the low-res tokens, which the two heads share unevenly. */
async function select(sessions: GraphSessions, rows: number[][], keep = new Float32Array(L).fill(1)) {
  const columns = 3 + L + 1;
  const weights = new Float32Array(2 * rows.length * columns).fill(0.9);
  for (const [index, row] of rows.entries()) {
    weights.set(
      row.map((value) => value / 4),
      index * columns + 3,
    );
    weights.set(
      row.map((value) => (value / 4) * 3),
      (rows.length + index) * columns + 3,
    );
  }
  const feeds = {
    weights: { dims: [1, 2, rows.length, columns], data: weights },
    begin: { dims: [1], data: BigInt64Array.of(3n) },
    end: { dims: [1], data: BigInt64Array.of(3n + BigInt(L)) },
    keep: { dims: [L], data: keep },
  };
  const { regions } = await sessions.run('decoder', feeds, ['regions']);
  return rows.map((_, row) =>
    chosenRegions(Uint8Array.from(regions?.data.slice(row * 81, row * 81 + 81) as Uint8Array)),
  );
}

/** Attention 1 on the given places (row, column), `rest` elsewhere. */
const peaks = (places: [number, number][], rest = 0) => {
  const row = new Array<number>(L).fill(rest);
  for (const [y, x] of places) row[y * SIZE + x] = 1;
  return row;
};

describe('selectRegions', () => {
  it('chooses every region whose window holds a hot place', async () => {
    const sessions = await open(48);
    // Place 1 of 13 lies in the windows of regions 0 and 1, place 0 in that of region 0 alone.
    const chosen = await select(sessions, [
      peaks([[0, 0]]),
      peaks([[1, 12]]),
      peaks([
        [0, 0],
        [12, 12],
      ]),
    ]);
    expect(chosen).toEqual([[0], [8, 17], [0, 80]]);
  });

  it('chooses nothing where nothing stands out', async () => {
    const sessions = await open(48);
    const chosen = await select(sessions, [new Array<number>(L).fill(0.25), peaks([[0, 0]])]);
    expect(chosen).toEqual([[], [0]]);
  });

  it('compares strictly, on a scale from 0 to 255', async () => {
    const sessions = await open(51);
    const row = (value: number) => [...peaks([[0, 0]]).slice(0, -1), value];
    const chosen = await select(sessions, [row(51 / 255), row(52 / 255)]);
    expect(chosen).toEqual([[0], [0, 80]]);
  });

  it('never chooses for padding', async () => {
    const sessions = await open(48);
    const keep = new Float32Array(L).fill(1).fill(0, 0, SIZE);
    const chosen = await select(
      sessions,
      [
        peaks(
          [
            [0, 0],
            [12, 0],
          ],
          0.1,
        ),
      ],
      keep,
    );
    expect(chosen).toEqual([[72]]);
  });

  it.each([
    ['all of them', { selection: 'all' }, Array.from({ length: 81 }, (_, region) => region)],
    ['those in the middle', { selection: 'centre', share: 0.06 }, [31, 39, 40, 41, 49]],
    ['random ones of the layer', { selection: 'random', share: 0.05, seed: 7 }, [29, 38, 50, 51]],
    ['no region at a share of 0', { selection: 'centre', share: 0 }, []],
  ] as const)('chooses %s for every row where the strategy is fixed', async (_, settings, expected) => {
    const chosen = await select(await open(48, settings), [peaks([[0, 0]]), peaks([[12, 12]])]);
    expect(chosen).toEqual([[...expected], [...expected]]);
  });

  it('takes no rows at all', async () => {
    expect(await select(await open(48), [])).toEqual([]);
    expect(await select(await open(48, { selection: 'all' }), [])).toEqual([]);
  });
});
