/** A chain of large results; tells how many of them are in memory: `memory.ts RUNNER STORAGE`. */
import { Lab, type Task, task } from "@labtech/lab";
import { wait } from "../tasks/trace.ts";

const LINKS = 40;
const MEBIBYTES = 1;

declare const gc: () => void;
const made: WeakRef<object>[] = [];

async function alive(): Promise<number> {
  for (let round = 0; round < 2; round++) {
    await wait(1); // what a WeakRef gave in this turn stays for it
    gc();
  }
  return made.filter((ref) => ref.deref() !== undefined).length;
}

interface Large {
  readonly data: Uint8Array;
  readonly alive: number;
}

export const Link = task(import.meta, {
  name: "Link",
  async run({ n, before }: { n: number; before?: Task<Large> }): Promise<Large> {
    const data = new Uint8Array(MEBIBYTES * 2 ** 20).fill(n);
    if (before !== undefined && before.result.data[0] !== n - 1) {
      throw new Error("not the link before");
    }
    made.push(new WeakRef(data));
    return { data, alive: Math.max(await alive(), before?.result.alive ?? 0) };
  },
});

export const Most = task(import.meta, {
  name: "Most",
  run: ({ last }: { last: Task<Large> }) => last.result.alive,
});

if (import.meta.main) {
  const [runner, storage] = Deno.args;
  await using lab = new Lab({ runner, maxWorkers: 2, storage: storage || null, progress: false });
  let last = Link({ n: 0 });
  for (let n = 1; n < LINKS; n++) last = Link({ n, before: last });
  let [external, samples] = [0, 0];
  const sampling = setInterval(async () => {
    gc();
    await wait(10); // what was let go of is counted a moment later
    gc();
    external = Math.max(external, Deno.memoryUsage().external);
    samples++;
  }, 40);
  const most = await lab.runTask(Most({ last }));
  clearInterval(sampling);
  console.log(
    JSON.stringify({ most, samples, mebibytes: external / 2 ** 20, total: LINKS * MEBIBYTES }),
  );
}
