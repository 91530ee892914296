import { task } from "@labtech/lab";

/** How many tasks there are, and how many numbers the result of the largest has. */
export const COUNT = 24;
const MOST = 200_000;

/** Results of all sizes: some are copied whole, some piece by piece. Without a module, for any version. */
export function large(codeVersion: string) {
  return task(null, {
    name: "AcceptedLarge",
    codeVersion,
    run: ({ n }: { n: number }) => new Float64Array(n % 6 === 5 ? MOST : n).fill(n),
  });
}
