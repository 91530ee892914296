import { setOffAll } from "../../tests/faults/_set_off.ts";
import type { Row } from "./row.ts";

/** How much time a bomb may cost, in ms of the processor, and memory, in MiB, beside its own. */
const TIME = 100, MEMORY = 64;

/** The target of bombs. */
export const BOMB_ROW: Row = {
  target: 11,
  wanted: "bombs: each refused within 100 ms, and under 64 MiB beside its own size",
  async run() {
    if (Deno.build.os !== "linux") {
      return { figure: "not tried", problems: ["only Linux tells how much memory it took"] };
    }
    const reports = await setOffAll({ times: 5 });
    const problems = reports.filter(({ refused, problem, ms, mib }) =>
      !refused || problem !== "" || ms > TIME || mib > MEMORY
    ).map((report) => JSON.stringify(report));
    const [ms, mib] = [reports.map((each) => each.ms), reports.map((each) => each.mib)]
      .map((each) => Math.round(Math.max(...each)));
    return { figure: `${reports.length} bombs, at most ${ms} ms and ${mib} MiB`, problems };
  },
};
