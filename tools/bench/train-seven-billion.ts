import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { SEVEN_BILLION, writeRandomCheckpoint } from './random-checkpoint.js';
import { benchSettings, median, PHOTOS, TrainerProcess, writeSamples } from './train-process.js';
import type { Step } from './train-process.js';
import type { TrainSettings } from '@flexattn/train';

const WARM_UP = 2;
/** Of a sample: text, 576 low-res tokens, answer. */
const POSITIONS = 35 + 576 + 30 + 40;
const SAMPLES = 8;
/** The layers above the selecting one, of 32. */
const HIGH_LAYERS = 23;

/** What fits one GPU of 80 GB with float32 weights of 7 billion parameters. */
const RECIPES: Readonly<Record<string, Partial<TrainSettings>>> = {
  LoRA: {
    lora: { rank: 16, alpha: 32, targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj'] },
    train: ['lora_a', 'lora_b'],
  },
  'new projections only': { train: ['k_proj_hd', 'v_proj_hd'] },
};

/** Says what the GPU is and what a large bf16 product reaches on it; exit code 3 without one. */
const DEVICE = `
import json, sys, time, torch
if not torch.cuda.is_available(): sys.exit(3)
a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
for measured in range(2):
    torch.cuda.synchronize(); begin = time.perf_counter()
    for _ in range(20): a @ a
    torch.cuda.synchronize(); seconds = time.perf_counter() - begin
print(json.dumps({"name": torch.cuda.get_device_name(), "flops": 20 * 2 * 8192**3 / seconds}))
`;

/**
 * Steps of LLaVA-1.5-7B's shapes with random weights on one GPU, bf16 products, activation checkpointing: tokens a
 * second, memory, and the share of what the GPU reaches in one large bf16 product. Sets exit code 2 without a GPU.
 */
export async function benchSevenBillion(python: string, scratch: string, repeat: number): Promise<void> {
  const asked = spawnSync(python, ['-c', DEVICE], { encoding: 'utf8' });
  if (asked.status !== 0) {
    const why = asked.status === 3 ? 'torch finds no CUDA device here' : asked.stderr.trim();
    console.error(`error: --device cuda: ${why}; run it on a machine with a GPU, or leave --device out`);
    process.exitCode = 2;
    return;
  }
  const gpu = JSON.parse(asked.stdout) as { name: string; flops: number };
  console.log(`${gpu.name}, bf16 product of 8192: ${(gpu.flops / 1e12).toFixed(0)} TFLOP/s`);
  const [checkpoint, data] = [join(scratch, '7b'), join(scratch, 'data')];
  await writeRandomCheckpoint(checkpoint, SEVEN_BILLION, { seed: 1, spread: 0, dtype: 'F16' });
  await writeSamples(data, (WARM_UP + repeat) * SAMPLES);
  for (const [name, recipe] of Object.entries(RECIPES)) {
    const settings = benchSettings({
      ...{ steps: WARM_UP + repeat, batchSize: SAMPLES, microBatchSize: SAMPLES },
      ...{ precision: 'bfloat16', activationCheckpointing: true, freeze: ['vision_tower', 'mm_projector'] },
      ...recipe,
    });
    const out = join(scratch, 'out');
    const trainer = new TrainerProcess({
      ...{ python, attention: 'ours', random: true, checkpoint, data, images: PHOTOS, settings, out },
    });
    try {
      const { trainedParameters } = await trainer.started();
      const steps: Step[] = [];
      while (steps.length < settings.steps) steps.push(await trainer.step());
      print(name, trainedParameters, steps.slice(WARM_UP), gpu.flops);
    } finally {
      await trainer.end();
    }
  }
}

function print(name: string, trained: number, steps: readonly Step[], peak: number): void {
  const seconds = median(steps.map((step) => step.seconds));
  const memory = Math.max(...steps.map(({ memoryMegabytes }) => memoryMegabytes)) / 1000;
  const selected = median(steps.map(({ selectedShare = 0 }) => selectedShare));
  const share = (100 * stepFlops(name === 'LoRA' ? 32 : HIGH_LAYERS)) / seconds / peak;
  console.log(
    `${name.padEnd(22)} ${(trained / 1e6).toFixed(0)} M trained   ${((SAMPLES * POSITIONS) / seconds).toFixed(0)} tokens/s   ` +
      `${memory.toFixed(1)} GB   ${share.toFixed(0)} % of that product's FLOP/s   ${(100 * selected).toFixed(0)} % of the regions selected`,
  );
}

/**
 * Operations that the decoder's matrices need in a step: forward, and the gradients with respect to their inputs in the
 * `back` layers that lie above something trained. Neither what activation checkpointing repeats, nor attention, nor
 * the high-res projections count, so the share is on the low side.
 */
function stepFlops(back: number): number {
  const layer = 4 * 4096 ** 2 + 3 * 4096 * 11_008;
  return 2 * SAMPLES * POSITIONS * layer * (32 + back);
}
