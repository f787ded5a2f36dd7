import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const HIDDEN = 4096;
const INNER = 11_008;
const LAYERS = 32;
const VOCABULARY = 32_000;
const SHARDS = 3;

/** Writes a checkpoint with the shapes of LLaVA-1.5-7B in F16, 13.5 GB of zeros in sparse files. */
export async function writeSevenBillion(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const config = {
    ...{ model_type: 'llava', hidden_size: HIDDEN, intermediate_size: INNER, num_hidden_layers: LAYERS },
    ...{ num_attention_heads: 32, num_key_value_heads: 32, vocab_size: VOCABULARY, rms_norm_eps: 1e-5 },
    ...{ mm_vision_tower: 'openai/clip-vit-large-patch14-336', mm_projector_type: 'mlp2x_gelu' },
  };
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  const shapes = [...tensorShapes()];
  const weightMap: Record<string, string> = {};
  for (let shard = 0; shard < SHARDS; shard++) {
    const name = `model-0000${shard + 1}-of-0000${SHARDS}.safetensors`;
    const own = shapes.slice((shapes.length * shard) / SHARDS, (shapes.length * (shard + 1)) / SHARDS);
    await writeShard(join(folder, name), own);
    for (const [tensor] of own) weightMap[tensor] = name;
  }
  const index = { metadata: {}, weight_map: weightMap };
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
}

function* tensorShapes(): Generator<[name: string, shape: number[]]> {
  yield ['model.embed_tokens.weight', [VOCABULARY, HIDDEN]];
  for (let i = 0; i < LAYERS; i++) {
    const layer = `model.layers.${i}.`;
    for (const name of ['q_proj', 'k_proj', 'v_proj', 'o_proj'])
      yield [`${layer}self_attn.${name}.weight`, [HIDDEN, HIDDEN]];
    for (const name of ['gate_proj', 'up_proj']) yield [`${layer}mlp.${name}.weight`, [INNER, HIDDEN]];
    yield [`${layer}mlp.down_proj.weight`, [HIDDEN, INNER]];
    for (const name of ['input', 'post_attention']) yield [`${layer}${name}_layernorm.weight`, [HIDDEN]];
  }
  yield ['model.norm.weight', [HIDDEN]];
  yield ['lm_head.weight', [VOCABULARY, HIDDEN]];
  yield ['model.mm_projector.0.weight', [HIDDEN, 1024]];
  yield ['model.mm_projector.0.bias', [HIDDEN]];
  yield ['model.mm_projector.2.weight', [HIDDEN, HIDDEN]];
  yield ['model.mm_projector.2.bias', [HIDDEN]];
}

async function writeShard(path: string, shapes: readonly [name: string, shape: number[]][]): Promise<void> {
  const entries: Record<string, object> = {};
  let end = 0;
  for (const [name, shape] of shapes) {
    const begin = end;
    end += shape.reduce((product, n) => product * n, 2);
    entries[name] = { dtype: 'F16', shape, data_offsets: [begin, end] };
  }
  const text = Buffer.from(JSON.stringify(entries));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = await open(path, 'w');
  try {
    await file.write(Buffer.concat([length, text]));
    await file.truncate(8 + text.length + end);
  } finally {
    await file.close();
  }
}
