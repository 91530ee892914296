/** A study of which one task waits until a file `go` lies in the working directory: `lab run _study.ts`. */
import { type Task, task } from "../../mod.ts";

export const Load = task(import.meta, {
  name: "Load",
  run({ file }: { file: string }, { log }) {
    log.info(`reading ${file}`);
    return file.length;
  },
});

export const Fit = task(import.meta, {
  name: "Fit",
  async run({ data, fold }: { data: Task<number>; fold: number }) {
    if (fold === 1) console.warn("größe is missing in 2 rows");
    if (fold === 2) throw new RangeError("singular matrix");
    while (fold === 3 && !await isThere("go")) await new Promise((done) => setTimeout(done, 20));
    return data.result + fold;
  },
});

export const Score = task(import.meta, {
  name: "Score",
  run: ({ fits }: { fits: Task<number>[] }) => fits.reduce((sum, { result }) => sum + result, 0),
});

async function isThere(file: string): Promise<boolean> {
  return await Deno.stat(file).then(() => true, () => false);
}

const data = Load({ file: "penguins.csv" });
const fits = [0, 1, 2, 3].map((fold) => Fit({ data, fold }));

export default [Score({ fits }), data];
