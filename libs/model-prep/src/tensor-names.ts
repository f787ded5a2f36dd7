import { ModelPrepError } from './errors.js';
import type { TensorInfo } from './tensor-info.js';

/** What stands in front of `layers.0.` in a LLaVA checkpoint. */
export const DECODER_PREFIX = 'model.';

/** Tensors under their names in a LLaVA checkpoint; `info.name` stays as in the file. */
export interface NamedTensors {
  /** What a trainer's wrapper put in front of every name, such as `module.`; '' where nothing. */
  wrapper: string;
  tensors: ReadonlyMap<string, TensorInfo>;
}

/**
 * Takes off what a wrapper put in front of all names.
 *
 * @param prefix what stands in front of `layers.0.` in the files, with the wrapper: `module.model.`
 * @throws ModelPrepError BAD_PREFIX where no decoder has this prefix, naming those that one has
 */
export function unwrapNames(
  tensors: ReadonlyMap<string, TensorInfo>,
  prefix: string,
  dir: string,
): NamedTensors {
  const found = decoderPrefixes(tensors);
  if (!prefix.endsWith(DECODER_PREFIX) || (found.length > 0 && !found.includes(prefix))) {
    const got = found.map((name) => `"${name}"`).join(', ') || 'none';
    const what = prefix.endsWith(DECODER_PREFIX)
      ? `expected decoder layers under "${prefix}", got them under ${got}`
      : `expected a prefix that ends with "${DECODER_PREFIX}", got "${prefix}" (decoder layers lie under ${got})`;
    const hint = 'name what stands in front of "layers.0." in the files: flexattn init --from PREFIX';
    throw new ModelPrepError('BAD_PREFIX', what, { file: dir, hint });
  }
  const wrapper = prefix.slice(0, -DECODER_PREFIX.length);
  if (wrapper === '') return { wrapper, tensors };
  const named = [...tensors].map(([name, info]) => [unwrap(name, wrapper), info] as const);
  return { wrapper, tensors: new Map(named) };
}

const unwrap = (name: string, wrapper: string): string =>
  name.startsWith(wrapper) ? name.slice(wrapper.length) : name;

/** What stands in front of `layers.0.self_attn.k_proj.weight`; the vision tower's layers are no decoder's. */
function decoderPrefixes(tensors: ReadonlyMap<string, TensorInfo>): string[] {
  const prefixes = [...tensors.keys()].flatMap(
    (name) => /^(.*\.)layers\.0\.self_attn\.k_proj\.weight$/.exec(name)?.[1] ?? [],
  );
  return prefixes.filter((prefix) => !prefix.includes('vision_'));
}
