import { ModelPrepError } from './errors.js';
import type { ModelPrepErrorCode } from './errors.js';
import { cut } from './shown.js';

const INCOMPLETE = 'the file is incomplete: copy or download it again';
const DAMAGED = 'this is no safetensors file, or it is damaged: get it again';
const BROKEN = 'its writer broke the format: write it again with the safetensors library';

const HINTS: Partial<Record<ModelPrepErrorCode, string>> = {
  FILE_TRUNCATED: INCOMPLETE,
  HEADER_TOO_SMALL: DAMAGED,
  HEADER_TOO_LARGE: DAMAGED,
  HEADER_NOT_UTF8: DAMAGED,
  HEADER_NOT_JSON: DAMAGED,
  TRAILING_BYTES: 'other bytes were added behind its data: get it again',
  BAD_DTYPE: 'write the tensor again with a dtype of whole bytes',
};

/** Refuses a safetensors file; `item` is the tensor, `what` says what was expected and what was found. */
export function refuseSafetensors(
  code: ModelPrepErrorCode,
  what: string,
  file: string,
  item?: string,
): never {
  const where = item === undefined ? { file } : { file, item: cut(item) };
  throw new ModelPrepError(code, what, { ...where, hint: HINTS[code] ?? BROKEN });
}
