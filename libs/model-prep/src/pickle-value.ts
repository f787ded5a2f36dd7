import type { Dtype } from './dtype.js';

/** A class or function that a pickle names, as `module.name`; it is never looked up, let alone called. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/** A tuple. */
export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** A dict or an OrderedDict. */
export class PickleDict {
  readonly items = new Map<string, PickleValue>();
}

/** A storage that a pickle refers to: the bytes of the zip entry `data/KEY`. */
export class PickleStorage {
  constructor(
    readonly key: string,
    /** Undefined for untyped bytes. */
    readonly dtype: Dtype | undefined,
    /** Of `dtype`, or bytes. */
    readonly length: number,
  ) {}
}

/** A view of a storage; offset and strides in elements. */
export class PickleTensor {
  constructor(
    readonly storage: PickleStorage,
    readonly dtype: Dtype,
    readonly storageOffset: number,
    readonly shape: readonly number[],
    readonly stride: readonly number[],
  ) {}
}

/** Everything that the pickle of a state dict can hold. */
export type PickleValue =
  null | boolean | number | string | PickleGlobal | PickleTuple | PickleDict | PickleStorage | PickleTensor;
