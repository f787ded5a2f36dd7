import type {
  CostedModel,
  DeviceSpeed,
  ItemCost,
  Looking,
  itemCost as ItemCostOf,
  plannedMemory as PlannedMemory,
  secondsAtLeast as SecondsAtLeast,
} from '@flexattn/flexattn-runtime';
import type { TrainingPlan } from '@flexattn/train';
import type { ModelConfig } from './config.js';

/** The cost model, which comes in with the runtime: heavy, so whoever plans imports it. */
export interface CostModel {
  itemCost: typeof ItemCostOf;
  plannedMemory: typeof PlannedMemory;
  secondsAtLeast: typeof SecondsAtLeast;
}

/** Items of a benchmark. */
export interface ItemCount {
  /** null where nobody knows. */
  n: number | null;
  /** Of the published benchmark: the run's own were not read yet. */
  isPublished: boolean;
}

/** What is planned. */
export interface RunFacts {
  model: CostedModel;
  models: readonly ModelConfig[];
  devices: readonly (DeviceSpeed & { isProcessor: boolean })[];
  /** By benchmark. */
  items: Readonly<Record<string, ItemCount>>;
  /** Text beside the picture, and tokens of an answer. */
  text: number;
  answer: number;
  /** Of the high-resolution tokens, that attention selects. */
  share: number;
  trainings: Readonly<Record<string, TrainingPlan>>;
}

/** Bounds on one device: what its operations or its memory take, whichever is longer. */
export interface DevicePlan {
  device: string;
  firstTokenSeconds: number;
  furtherTokenSeconds: number;
  itemSeconds: number;
  /** All items of the benchmarks whose number is known. */
  answeringSeconds: number;
  /** With as many of these devices as the configuration trains on; absent without a training. */
  trainingSeconds?: number;
  /** Bytes to answer with, and whether the device has them; absent where its memory is the machine's. */
  memory: number;
  fits?: boolean;
}

/** One model of a configuration, by formulas. */
export interface ModelPlan {
  name: string;
  looking: Looking;
  item: ItemCost;
  items: number;
  /** All answers. */
  answering: { flops: number; bytes: number };
  training?: { samples: number; flops: number; devices: number; memory: TrainingPlan['memory'] };
  devices: DevicePlan[];
}

/** Bytes of a weight: 16 bits on a GPU, which a processor widens to 32. */
const ELEMENT_BYTES = { float: 2, int8: 1, int4: 0.5 } as const;
const WIDE_BYTES = 4;
/** A backward pass computes gradients of inputs and of weights: twice the forward pass. */
const PASSES = 3;

/** What answering and training cost with every model of a configuration. */
export function planRun(facts: RunFacts, costs: CostModel): ModelPlan[] {
  return facts.models.map((model) => planModel(facts, model, costs));
}

function planModel(facts: RunFacts, config: ModelConfig, costs: CostModel): ModelPlan {
  const { model, devices, text, answer } = facts;
  const looking = lookingOf(config, facts.share);
  const stored = ELEMENT_BYTES[config.precision ?? 'float'];
  const costOf = (elementBytes: number) => costs.itemCost(model, looking, { text, answer }, elementBytes);
  const item = costOf(stored);
  const items = Object.values(facts.items).reduce((all, { n }) => all + (n ?? 0), 0);
  const training = trainingOf(facts, config, looking, costs);
  const plans = devices.map((device): DevicePlan => {
    const isWidened = device.isProcessor && stored === ELEMENT_BYTES.float;
    const { first, further } = isWidened ? costOf(WIDE_BYTES) : item;
    const itemSeconds =
      costs.secondsAtLeast(first, device) + Math.max(0, answer - 1) * costs.secondsAtLeast(further, device);
    const memory = costs.plannedMemory(model, looking, stored, device.isProcessor ? 'cpu' : 'gpu');
    const trained = training && { flops: training.flops / training.devices, bytes: 0 };
    return {
      device: device.name,
      firstTokenSeconds: costs.secondsAtLeast(first, device),
      furtherTokenSeconds: costs.secondsAtLeast(further, device),
      itemSeconds,
      answeringSeconds: items * itemSeconds,
      ...(trained && { trainingSeconds: costs.secondsAtLeast(trained, device) }),
      memory,
      ...(device.memory === undefined ? {} : { fits: memory <= device.memory }),
    };
  });
  const answering = { flops: items * item.total.flops, bytes: items * item.total.bytes };
  return {
    name: config.name,
    looking,
    item,
    items,
    answering,
    ...(training && { training }),
    devices: plans,
  };
}

/** What a model of the configuration looks at; `all` is every token, by the rows that predict. */
function lookingOf({ selection, share }: ModelConfig, attended: number): Looking {
  switch (selection) {
    case 'none':
      return { kind: 'plain' };
    case 'all':
      return { kind: 'selected', share: 1 };
    case 'random':
    case 'centre':
      return { kind: 'selected', share: share ?? attended };
    case 'attention':
      return { kind: 'selected', share: attended };
  }
}

/** Every sample of every step, forward and backward; the vision tower, which is frozen as published, forward alone. */
function trainingOf(
  { model, trainings, text }: RunFacts,
  { name }: ModelConfig,
  looking: Looking,
  { itemCost }: CostModel,
): ModelPlan['training'] {
  const plan = trainings[name];
  if (plan === undefined || plan.isExternal === true) return undefined;
  const lowTokens = (model.vision.image_size / model.vision.patch_size) ** 2;
  const positions = plan.data?.lengths?.median ?? lowTokens + text;
  const asked = { text: Math.max(0, positions - lowTokens), answer: 1 };
  const { vision, prompt, highRes } = itemCost(model, looking, asked);
  // Activation checkpointing computes the forward pass once more.
  const passes = PASSES + (plan.memory?.activationCheckpointing === true ? 1 : 0);
  const samples = plan.steps * plan.globalBatch;
  return {
    samples,
    flops: samples * (vision.flops + passes * (prompt.flops + highRes.flops)),
    devices: plan.nodes * plan.processes,
    memory: plan.memory,
  };
}
