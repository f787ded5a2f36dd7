import { wasmModule } from './assembler.js';
import { columns, rows } from './bicubic-kernels.js';
import { floatColumns, floatRows, normalise } from './float-kernels.js';

/** The module's functions; numbers are addresses and bytes. */
export interface SimdKernels {
  columns(
    source: number,
    sourceStride: number,
    target: number,
    targetStride: number,
    table: number,
    tableEnd: number,
    groupBytes: number,
  ): void;
  rows(target: number, targetEnd: number, table: number, tableEnd: number, weights: number): void;
  normalise(source: number, red: number, redEnd: number, planeBytes: number): void;
  floatRows(target: number, targetEnd: number, table: number, tableEnd: number): void;
  floatColumns(source: number, target: number, table: number, tableEnd: number, weightBytes: number): void;
}

/** What is used of the engine's `WebAssembly`, which Node's types do not declare. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Memory: new (descriptor: { initial: number }) => KernelMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
};

/** The memory that the kernels work in; a new `buffer` after it has grown. */
interface KernelMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Kernels that are ready to run, and their memory. */
export interface SimdEngine {
  kernels: SimdKernels;
  /** The memory's bytes, of which there are at least `bytes`; valid until the next call. */
  reserve: (bytes: number) => ArrayBuffer;
}

const PAGE_BYTES = 65_536;

/** Compiles the kernels; undefined where this machine's WebAssembly knows no vectors. */
export function createSimdEngine(): SimdEngine | undefined {
  const bytes = wasmModule([columns(), rows(), normalise(), floatRows(), floatColumns()]);
  if (!WebAssembly.validate(bytes)) return undefined;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const reserve = (needed: number) => {
    const missing = needed - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    return memory.buffer;
  };
  return { kernels: exports as SimdKernels, reserve };
}
