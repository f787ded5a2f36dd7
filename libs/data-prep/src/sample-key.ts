import { hash } from 'node:crypto';
import { idText } from './edit-sample.js';
import { imageNameOf } from './clean-sample.js';
import { toSample } from './sample.js';

/** What makes two samples the same. */
export type Dedupe = 'id' | 'content';

/**
 * A hash that two cleaned samples share where they are the same: by `id` (1 and 1.0 and "1" differ), or by `content`:
 * image, speakers and texts, whatever their ids, other keys and layout. SHA-256, of which 16 bytes are kept.
 */
export function sampleKey(bytes: Uint8Array, dedupe: Dedupe): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return hash('sha256', dedupe === 'id' ? idKey(text) : contentKey(text), 'buffer').subarray(0, 16);
}

function idKey(text: string): string {
  const id = idText(text) ?? '';
  return id.startsWith('"') ? JSON.stringify(JSON.parse(id)) : id;
}

function contentKey(text: string): string {
  const value: unknown = JSON.parse(text);
  const shaped = toSample(value);
  const turns =
    'sample' in shaped ? shaped.sample.conversations.map(({ from, value: said }) => [from, said]) : [];
  return JSON.stringify([imageNameOf(value) ?? null, turns]);
}
