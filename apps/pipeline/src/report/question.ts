/**
 * The question in a LLaVA v1 prompt: what stands between the picture's tag and the place of the answer. A prompt of
 * another form comes back whole.
 */
export function questionOf(prompt: string): string {
  return /USER: <image>\n([^]*) ASSISTANT:$/.exec(prompt)?.[1] ?? prompt;
}

/** Targets for people: each once, with how many annotators gave it where it was more than one. */
export function targetCounts(targets: readonly string[]): { target: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const target of targets) counts.set(target, (counts.get(target) ?? 0) + 1);
  return [...counts].map(([target, count]) => ({ target, count })).sort((a, b) => b.count - a.count);
}
