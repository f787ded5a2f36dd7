import { z } from 'zod';
import { configSchema } from './config.js';

/**
 * The JSON schema of configuration files, for completion and checks in editors. No key is required in it: a file
 * that extends another may leave any out.
 */
export function configJsonSchema(): object {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
  return withoutRequired({ title: 'A FlexAttention run', ...schema }) as object;
}

function withoutRequired(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutRequired);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).filter(
    ([key, value]) => !(key === 'required' && Array.isArray(value)),
  );
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutRequired(value)]));
}
