import { MAX_QUOTED } from './limits.js';

/** A value for a message: its JSON text, shortened, or what kind of thing it is. */
export function quote(value: unknown): string {
  if (typeof value === 'string') {
    const short = JSON.stringify(value.slice(0, MAX_QUOTED));
    return value.length > MAX_QUOTED ? `${short}...` : short;
  }
  if (Array.isArray(value)) return 'an array';
  if (value === undefined) return 'nothing';
  return typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value);
}

/** The path of `key` inside `path`: `conversations[1].value`, or `["odd key"]` where it is not a plain word. */
export function pathOf(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!/^[A-Za-z_][\w-]{0,60}$/.test(key)) return `${path}[${quote(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}
