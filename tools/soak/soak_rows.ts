import type { Row } from "./row.ts";

/**
 * Tries the rows that the command line asks for, by `--only`, `--storage` and `--scale`, prints what was
 * reached, and ends the program with 1 where a target is missed.
 */
export async function soak(rows: readonly Row[]): Promise<void> {
  const only = option("only")?.split(",").map(Number);
  const storages = option("storage")?.split(",");
  const scale = Number(option("scale") ?? 1);
  if (!(scale > 0 && scale <= 1)) throw new RangeError(`Expected --scale of 0 to 1, got ${scale}`);
  let missed = 0;
  for (const { target, storage, wanted, run, missing } of rows) {
    if (only && !only.includes(target)) continue;
    if (storages && storage && !storages.includes(storage)) continue;
    const why = await missing?.();
    if (why !== undefined) {
      console.log(`${String(target).padStart(2)}  skipped  ${storage}: ${why}`);
      continue;
    }
    const start = performance.now();
    const { figure, problems } = await run({ scale });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (problems.length > 0) missed++;
    console.log(
      `${String(target).padStart(2)}  wanted   ${storage ? `${storage}: ` : ""}${wanted}`,
    );
    console.log(`    reached  ${figure}; ${problems.length} problems (${seconds} s)`);
    for (const problem of problems.slice(0, 10)) console.log(`    PROBLEM  ${problem}`);
  }
  console.log(missed === 0 ? "All targets met" : `${missed} targets missed`);
  if (missed > 0) Deno.exit(1);
}

function option(name: string): string | undefined {
  return Deno.args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
}
