// Tries mutants of one decoder, in a process that may die of it:
//
//     deno run -A tests/faults/_fuzz_child.ts DECODER FIRST COUNT
//
// Says so every thousand mutants, and what came of them at the end.
import { deserialize, serialize } from "node:v8";
import { ValueGenerator } from "../caches/cbor/_generator.ts";
import { mutate } from "../caches/cbor/_mutate.ts";
import { type Decoder, fuzz } from "./_fuzz.ts";
import { makeDecoders } from "./_fuzz_decoders.ts";

/** V8's own reader, which is not promised to stand mutants: it is for data that one trusts. */
const v8: Decoder = {
  name: "v8",
  attempt(random) {
    try {
      deserialize(mutate(serialize(new ValueGenerator(random.below(6000)).value()), random));
      return true;
    } catch {
      return false;
    }
  },
};

const [name, first, count] = Deno.args;
const decoders = [...await makeDecoders(), v8];
const decoder = decoders.find((each) => each.name === name);
if (!decoder) throw new RangeError(`Expected one of ${decoders.map(({ name }) => name)}`);
let mutants = 0;
const found = await fuzz(decoder, {
  first: Number(first),
  count: Number(count),
  each: () => ++mutants % 1000 === 0 && console.log(mutants),
});
for (const each of decoders) await each.dispose?.();
console.log(JSON.stringify({ ...found, peak: peakMemory() }));

/** The most memory that the process ever had, in MiB, where the system tells. */
function peakMemory(): number {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
  } catch {
    return NaN;
  }
}
