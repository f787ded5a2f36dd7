import type { Value } from '../onnx/graph.js';
import { blocksPerRow, rowBytes } from '../quantise/blocks.js';
import type { QuantisedWeight } from '../quantise/layout.js';
import type { GraphContext } from './context.js';

/** Activations are rounded to 8 bits a block and multiplied as whole numbers; level 0 is 150 times slower. */
const ACCURACY_LEVEL = 4;

/** x [rows, columns] times the quantised matrix transposed, plus `bias` [outputs] where there is one: [rows, outputs]. */
export function quantisedLinear(
  { graph }: GraphContext,
  { name, format, rows: outputs, columns, ...parts }: QuantisedWeight,
  x: Value,
  bias?: Value,
): Value {
  const blocks = blocksPerRow(columns, format);
  const bytes = rowBytes(columns, format);
  const values = graph.external(
    `${name}.values`,
    'UINT8',
    [outputs, blocks, bytes.values / blocks],
    parts.values,
  );
  const scales = graph.external(`${name}.scales`, 'FLOAT', [outputs, blocks], parts.scales);
  const inputs = [x, values, scales];
  if (parts.zeroPoints !== undefined) {
    const shape = [outputs, bytes.zeroPoints];
    inputs.push(graph.external(`${name}.zeroPoints`, 'UINT8', shape, parts.zeroPoints));
  }
  const y = graph.fused('MatMulNBits', inputs, {
    K: columns,
    N: outputs,
    bits: format.bits,
    block_size: format.blockSize,
    accuracy_level: ACCURACY_LEVEL,
  });
  return bias === undefined ? y : graph.node('Add', [y, bias]);
}
