import { create } from '@bufbuild/protobuf';
import type { ElementType, ExternalData } from './external-data.js';
import type { AttributeProto, GraphProto, TensorProto, ValueInfoProto } from './onnx_pb.js';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  ValueInfoProtoSchema,
} from './onnx_pb.js';

/** A bare number is an integer attribute, `float(x)` a float one. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** A float attribute, also where its value happens to be an integer. */
export function float(value: number): { readonly float: number } {
  return { float: value };
}

/** The attribute as the file has it; a graph is one too. */
export function attributeProto(name: string, value: Attribute | GraphProto): AttributeProto {
  if (typeof value === 'object' && '$typeName' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: value });
  }
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  }
  if ('float' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

/** Name and type of an input or output; without `shape` of any shape, a string in it is a named dynamic dimension. */
export function valueInfo(
  name: string,
  type: ElementType,
  shape?: readonly (number | string)[],
): ValueInfoProto {
  const dim = shape?.map((size) => ({
    value:
      typeof size === 'number'
        ? { case: 'dimValue' as const, value: BigInt(size) }
        : { case: 'dimParam' as const, value: size },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: { case: 'tensorType', value: { elemType: DataType[type], ...(dim && { shape: { dim } }) } },
    },
  });
}

/** A tensor whose bytes lie in another file. */
export function externalTensor(
  name: string,
  type: ElementType,
  shape: readonly number[],
  data: ExternalData,
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: DataType[type],
    dataLocation: DataLocation.EXTERNAL,
    externalData: Object.entries(data).map(([key, value]) => ({ key, value: String(value) })),
  });
}
