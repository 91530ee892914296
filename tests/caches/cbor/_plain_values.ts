import { Random } from "./_generator.ts";

function plainValue(random: Random, depth: number): unknown {
  switch (random.below(depth > 0 ? 9 : 6)) {
    case 0:
      return random.pick([null, true, false, undefined]);
    case 1:
      return random.below(2 ** 20) - 2 ** 19;
    case 2:
      return random.pick([2 ** 53 - 1, 1 - 2 ** 53, 2 ** 32, -(2 ** 32), 23, 24, 255, 256, 65536]);
    case 3:
      return random.pick([0.5, 0.1, 2 ** -24, 2 ** -149, 5e-324, 1e300, Infinity, NaN, -1.5]);
    case 4:
      return random.pick(["", "a", "äöü", "水", "😀", "x".repeat(300), "é".repeat(30_000)]);
    case 5:
      return random.bytes(random.below(300));
    case 6:
    case 7:
      return Array.from({ length: random.below(5) }, () => plainValue(random, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(5) }, () => [
          `k${random.below(99)}x`,
          plainValue(random, depth - 1),
        ]),
      );
  }
}

/** So many values of the types that every CBOR library knows. */
export function plainValues(seed: number, count: number): unknown[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => plainValue(random, 4));
}
