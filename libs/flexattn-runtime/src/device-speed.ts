import type { Cost } from './cost.js';

/** What a device does at most, by the maker's data sheet. */
export interface DeviceSpeed {
  name: string;
  /** Dense operations a second: 16-bit tensor cores of a GPU, float32 of a processor. */
  flops: number;
  /** Bytes a second of its memory. */
  bandwidth: number;
  /** Bytes of its memory; absent where it is that of the machine. */
  memory?: number;
  /** Where the figures are from. */
  source: string;
}

const GIGA = 1e9;
const TERA = 1e12;

/** Devices by the name that a command line takes. */
export const DEVICE_SPEEDS = {
  'v100-32gb': {
    ...{ name: 'V100 32 GB', flops: 125 * TERA, bandwidth: 900 * GIGA, memory: 32 * GIGA },
    source: 'NVIDIA V100 data sheet, SXM2',
  },
  l4: {
    ...{ name: 'L4', flops: 121 * TERA, bandwidth: 300 * GIGA, memory: 24 * GIGA },
    source: 'NVIDIA L4 data sheet, without sparsity',
  },
  'rtx-4090': {
    ...{ name: 'RTX 4090', flops: 165.2 * TERA, bandwidth: 1008 * GIGA, memory: 24 * GIGA },
    source: 'NVIDIA Ada architecture paper, FP16 with FP32 accumulation, without sparsity',
  },
  'a100-40gb': {
    ...{ name: 'A100 40 GB', flops: 312 * TERA, bandwidth: 1555 * GIGA, memory: 40 * GIGA },
    source: 'NVIDIA A100 data sheet, SXM',
  },
  'a100-80gb': {
    ...{ name: 'A100 80 GB', flops: 312 * TERA, bandwidth: 2039 * GIGA, memory: 80 * GIGA },
    source: 'NVIDIA A100 data sheet, SXM',
  },
  h100: {
    ...{ name: 'H100 80 GB', flops: 989 * TERA, bandwidth: 3350 * GIGA, memory: 80 * GIGA },
    source: 'NVIDIA H100 data sheet, SXM, without sparsity',
  },
  h200: {
    ...{ name: 'H200 141 GB', flops: 989 * TERA, bandwidth: 4800 * GIGA, memory: 141 * GIGA },
    source: 'NVIDIA H200 data sheet, SXM, without sparsity',
  },
  cpu: {
    ...{ name: '8 cores with AVX2, DDR4-3200', flops: 0.77 * TERA, bandwidth: 51.2 * GIGA },
    source:
      '8 cores x 3 GHz x 32 float32 operations a cycle (two 256-bit FMA units); two channels of DDR4-3200',
  },
} as const satisfies Record<string, DeviceSpeed>;

/** A device that `DEVICE_SPEEDS` has. */
export type DeviceSpeedName = keyof typeof DEVICE_SPEEDS;

/** Seconds that a device needs at least: its operations or its memory, whichever takes longer. A bound, not a forecast. */
export function secondsAtLeast({ flops, bytes }: Cost, device: DeviceSpeed): number {
  return Math.max(flops / device.flops, bytes / device.bandwidth);
}
