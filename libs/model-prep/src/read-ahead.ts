/** Asks for the next piece before the present one is used up, so that reading and writing overlap. */
export async function* readAhead<T>(pieces: AsyncIterable<T>): AsyncGenerator<T, undefined> {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    let coming = iterator.next();
    for (;;) {
      const piece = await coming;
      if (piece.done === true) return;
      coming = iterator.next();
      // Awaited above one turn later; until then a failure must not count as unhandled.
      coming.catch(() => undefined);
      yield piece.value;
    }
  } finally {
    await iterator.return?.();
  }
}
