/** Does something with each of the items, a few at a time; stops at the first that fails. */
export async function atOnce<T>(
  items: AsyncIterable<T> | Iterable<T>,
  count: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  let hasFailed = false;
  const source = Symbol.asyncIterator in items
    ? items[Symbol.asyncIterator]()
    : items[Symbol.iterator]();
  const work = async () => {
    try {
      for (let next = await source.next(); !next.done && !hasFailed; next = await source.next()) {
        await act(next.value);
      }
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: count }, work));
  await source.return?.();
  for (const each of settled) if (each.status === "rejected") throw each.reason;
}
