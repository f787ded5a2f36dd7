/** Element types that our graphs use, by their ONNX names. */
export type ElementType = 'FLOAT' | 'FLOAT16' | 'BFLOAT16' | 'UINT8' | 'INT32' | 'INT64' | 'BOOL';

/** Where an external initialiser lies: `location` relative to the model folder, offsets in bytes. */
export interface ExternalData {
  location: string;
  offset: number;
  length: number;
}

/** What the processor has no arithmetic for: a Cast behind it is computed once, when the graph is loaded. */
const HALF_FLOATS: ReadonlySet<ElementType> = new Set(['FLOAT16', 'BFLOAT16']);

/** Bytes that such an initialiser takes once it is loaded: 16-bit floats are widened to 32. */
export function loadedBytes(type: ElementType, shape: readonly number[], { length }: ExternalData): number {
  if (!HALF_FLOATS.has(type)) return length;
  return shape.reduce((product, size) => product * size, Float32Array.BYTES_PER_ELEMENT);
}
