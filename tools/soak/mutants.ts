import { linesOf } from "../../testing/_fault_process.ts";
import type { FuzzCount } from "../../tests/faults/_fuzz.ts";
import { SHARES } from "../../tests/faults/_fuzz_decoders.ts";
import { LANES } from "./places.ts";
import type { Reached, Row } from "./row.ts";

const CHILD = new URL("../../tests/faults/_fuzz_child.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Who says nothing for so long, in ms, hangs: a thousand mutants take half a second. */
const PATIENCE = 120_000;
/** How much memory a process may take, in MiB. */
const MEMORY = 512;

/** The target of mutants, each decoder in processes of its own. */
export const MUTANT_ROW: Row = {
  target: 10,
  wanted: "1,000,000 mutants, their digests made to fit: 0 crashes, none over 1 s, under 512 MB, " +
    "no prototype polluted, no code run",
  async run({ scale }) {
    const problems: string[] = [];
    const counts: string[] = [];
    let [mutants, longest, peak] = [0, 0, 0];
    for (const [name, share] of Object.entries(SHARES)) {
      const found = await inProcesses(name, Math.ceil(10_000 * share * scale));
      problems.push(...found.flatMap((each) => each.problems));
      const tried = found.reduce((sum, each) => sum + each.mutants, 0);
      const accepted = found.reduce((sum, each) => sum + each.accepted, 0);
      const most = Math.max(...found.map((each) => each.peak));
      counts.push(`${name} ${tried} (${accepted} good, ${most} MiB)`);
      mutants += tried;
      longest = Math.max(longest, ...found.map((each) => each.longest));
      peak = Math.max(peak, most);
    }
    if (peak > MEMORY) problems.push(`${peak} MiB of memory`);
    const figure = `${mutants} mutants, at most ${Math.round(longest)} ms and ${peak} MiB; ` +
      counts.join(", ");
    return { figure, problems };
  },
};

/** V8's own reader: what is found of it is told, and is no problem of ours. */
export const V8_ROW: Row = {
  target: 10,
  wanted:
    "V8's own reader, which the cache v8 is for data that one trusts: exempt, tried all the same",
  async run({ scale }): Promise<Reached> {
    const found = await inProcesses("v8", Math.ceil(100_000 * scale));
    const mutants = found.reduce((sum, each) => sum + each.mutants, 0);
    const faults = found.flatMap((each) => each.problems);
    const peak = Math.max(...found.map((each) => each.peak));
    const figure = `${mutants} mutants, ${peak} MiB; of note: ${faults.length} ` +
      faults.map((each) => each.split("\n")[0]).slice(0, 2).join("; ");
    return { figure, problems: [] };
  },
};

async function inProcesses(
  name: string,
  count: number,
): Promise<(FuzzCount & { readonly peak: number })[]> {
  const part = Math.ceil(count / LANES);
  return await Promise.all(
    Array.from({ length: LANES }, (_, lane) => inProcess(name, lane * part, part)),
  );
}

async function inProcess(
  name: string,
  first: number,
  count: number,
): Promise<FuzzCount & { readonly peak: number }> {
  const args = ["run", "-A", "--quiet", "--config", CONFIG, CHILD, name, `${first}`, `${count}`];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" })
    .spawn();
  const errors = new Response(child.stderr).text();
  const hang = () => child.kill("SIGKILL");
  let [timer, last] = [setTimeout(hang, PATIENCE), ""];
  for await (const line of linesOf(child.stdout)) {
    clearTimeout(timer);
    timer = setTimeout(hang, PATIENCE);
    last = line;
  }
  clearTimeout(timer);
  const { success, signal } = await child.status;
  if (success) return JSON.parse(last);
  const from = first + Number(last || 0);
  const how = `${signal ?? "an error"}, ${(await errors).slice(0, 500)}`;
  const problems = [`${name}: the process ended by ${how} within 1,000 mutants from ${from} on`];
  return { mutants: from - first, accepted: 0, longest: 0, peak: 0, problems };
}
