/** Index of the greatest of one row's logits; the first of equals, as NumPy and torch on a CPU choose. */
export function argMax(logits: Float32Array): number {
  let best = 0;
  for (let index = 1; index < logits.length; index++) {
    if ((logits[index] ?? 0) > (logits[best] ?? 0)) best = index;
  }
  return best;
}

/** Cross-entropy of `token` under one row's logits, nats. */
export function crossEntropy(logits: Float32Array, token: number): number {
  const most = logits[argMax(logits)] ?? 0;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return Math.log(sum) + most - (logits[token] ?? 0);
}
