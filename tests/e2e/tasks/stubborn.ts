import { task } from "@labtech/lab";
import { note, spin, wait } from "./trace.ts";

/** Does not care whether it is to stop. */
export const Stubborn = task(import.meta, {
  name: "Stubborn",
  async run({ ms, spins }: { ms: number; spins: boolean }, { context }) {
    note(context, "begin");
    if (spins) spin(ms);
    else await wait(ms);
    note(context, "end");
    return ms;
  },
});
