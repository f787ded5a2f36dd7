import type { Dtype } from './dtype.js';
import { ModelPrepError } from './errors.js';
import type { PickleFail, PickleHost } from './pickle-machine.js';
import { readPickle } from './pickle-reader.js';
import { PickleDict, PickleGlobal, PickleStorage, PickleTensor, PickleTuple } from './pickle-value.js';
import type { PickleValue } from './pickle-value.js';
import { cut, quoted } from './shown.js';
import { MAX_DIMENSIONS } from './tensor-entry.js';

/** Storage classes and dtypes of PyTorch. Quantised and 16-byte complex ones have no safetensors dtype. */
const DTYPES = new Map<string, Dtype>([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
  ['torch.ComplexFloatStorage', 'C64'],
  // Dtypes newer than typed storages: _rebuild_tensor_v3 names them.
  ['torch.uint16', 'U16'],
  ['torch.uint32', 'U32'],
  ['torch.uint64', 'U64'],
  ['torch.float8_e4m3fn', 'F8_E4M3'],
  ['torch.float8_e5m2', 'F8_E5M2'],
  ['torch.float8_e8m0fnu', 'F8_E8M0'],
  ['torch.float8_e4m3fnuz', 'F8_E4M3FNUZ'],
  ['torch.float8_e5m2fnuz', 'F8_E5M2FNUZ'],
]);
const UNTYPED = 'torch.storage.UntypedStorage';
const TENSOR_V2 = 'torch._utils._rebuild_tensor_v2';
const TENSOR_V3 = 'torch._utils._rebuild_tensor_v3';
const PARAMETER = 'torch._utils._rebuild_parameter';
const ORDERED_DICT = 'collections.OrderedDict';

/** What a state dict's pickle may name; everything else is refused. */
const HOST: PickleHost = {
  globals: new Set([...DTYPES.keys(), UNTYPED, TENSOR_V2, TENSOR_V3, PARAMETER, ORDERED_DICT]),
  call,
  load: loadStorage,
};

/**
 * The tensors of a state dict by name, from the `data.pkl` of a PyTorch zip file.
 *
 * @throws ModelPrepError as `readPickle`; BAD_STATE_DICT, BAD_STORAGE, BAD_VIEW
 */
export function readStateDict(bytes: Uint8Array, file: string): ReadonlyMap<string, PickleTensor> {
  const value = readPickle(bytes, file, HOST);
  const hint = 'save the state dict alone: torch.save(model.state_dict(), file)';
  if (!(value instanceof PickleDict)) {
    throw new ModelPrepError('BAD_STATE_DICT', `expected a dict of tensors, got ${kindOf(value)}`, {
      file,
      hint,
    });
  }
  const tensors = new Map<string, PickleTensor>();
  for (const [name, tensor] of value.items) {
    if (!(tensor instanceof PickleTensor)) {
      const what = `expected a tensor, got ${kindOf(tensor)}`;
      throw new ModelPrepError('BAD_STATE_DICT', what, { file, item: cut(name), hint });
    }
    tensors.set(name, tensor);
  }
  return tensors;
}

function call(name: string, args: readonly PickleValue[], fail: PickleFail): PickleValue {
  if (name === ORDERED_DICT && args.length === 0) return new PickleDict();
  if (name === PARAMETER && args.length === 3 && args[0] instanceof PickleTensor) return args[0];
  // requires_grad, hooks, and bits (conjugate, negative) that would change what the bytes mean.
  const [storage, storageOffset, shape, stride, , , ...rest] = args;
  if (name === TENSOR_V2 && args.length >= 6 && args.length <= 7) {
    const dtype = storage instanceof PickleStorage ? storage.dtype : undefined;
    return makeTensor({ storage, dtype, storageOffset, shape, stride, bits: rest[0] }, fail);
  }
  if (name === TENSOR_V3 && args.length >= 7 && args.length <= 8) {
    const dtype = rest[0] instanceof PickleGlobal ? DTYPES.get(rest[0].name) : undefined;
    return makeTensor({ storage, dtype, storageOffset, shape, stride, bits: rest[1] }, fail);
  }
  return fail(
    'PICKLE_CALL',
    `expected ${name} with the arguments of a state dict, got ${args.length} of them`,
  );
}

interface TensorArgs {
  storage: PickleValue | undefined;
  dtype: Dtype | undefined;
  storageOffset: PickleValue | undefined;
  shape: PickleValue | undefined;
  stride: PickleValue | undefined;
  bits: PickleValue | undefined;
}

function makeTensor(args: TensorArgs, fail: PickleFail): PickleTensor {
  const { storage, dtype, storageOffset, bits = null } = args;
  if (!(storage instanceof PickleStorage) || dtype === undefined) {
    return fail('BAD_STORAGE', `expected a storage of a known dtype, got ${kindOf(storage)}`);
  }
  if (bits !== null && !(bits instanceof PickleDict && bits.items.size === 0)) {
    fail('BAD_VIEW', 'expected a plain tensor, got one with a conjugate or negative bit');
  }
  const shape = integers(args.shape);
  const stride = integers(args.stride);
  if (!isCount(storageOffset) || !shape || shape.length !== stride?.length || shape.length > MAX_DIMENSIONS) {
    const limit = `at most ${MAX_DIMENSIONS} each`;
    return fail('BAD_VIEW', `expected an offset, a shape and as many strides, integers >= 0, ${limit}`);
  }
  return new PickleTensor(storage, dtype, storageOffset, shape, stride);
}

/** `('storage', class, key, location, length)`. */
function loadStorage(id: PickleValue, fail: PickleFail): PickleValue {
  const [tag, type, key, location, length, ...rest] = id instanceof PickleTuple ? id.items : [];
  const isStorage =
    tag === 'storage' && type instanceof PickleGlobal && typeof location === 'string' && rest.length === 0;
  if (!isStorage || typeof key !== 'string' || !/^[0-9]{1,10}$/.test(key) || !isCount(length)) {
    return fail('BAD_STORAGE', "expected ('storage', class, key, location, length), got something else");
  }
  const dtype = DTYPES.get(type.name);
  if (dtype === undefined && type.name !== UNTYPED) {
    fail('BAD_STORAGE', `expected a storage class, got ${type.name}`);
  }
  return new PickleStorage(key, dtype, length);
}

const isCount = (value: PickleValue | undefined): value is number => typeof value === 'number' && value >= 0;

function integers(value: PickleValue | undefined): number[] | undefined {
  const items = value instanceof PickleTuple ? value.items : undefined;
  const counts = items?.filter(isCount);
  return counts?.length === items?.length ? counts : undefined;
}

function kindOf(value: PickleValue | undefined): string {
  if (value instanceof PickleDict) return `a dict of ${value.items.size} values`;
  if (value instanceof PickleTuple) return `a tuple of ${value.items.length} values`;
  if (value instanceof PickleStorage) return 'a storage';
  if (value instanceof PickleTensor) return 'a tensor';
  if (value instanceof PickleGlobal) return value.name;
  return typeof value === 'string' ? `the text ${quoted(value)}` : String(value ?? 'None');
}
