/** So many small records, as `records.py` makes them too. */
export function records(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    id: i,
    name: `record ${i % 1000}`,
    score: i / 7,
    tags: ["a", "b"],
    ok: i % 2 === 0,
  }));
}
