import { decode, encode } from "../../caches/cbor/mod.ts";
import { SerializationError } from "../../errors.ts";
import { ValueGenerator } from "../../tests/caches/cbor/_generator.ts";
import { assertSame } from "../../tests/caches/cbor/_same.ts";
import { damageDatabase } from "../../tests/faults/_sqlite_damage.ts";
import { runScoped } from "../../tests/storages/_run_scoped.ts";
import type { Row } from "./row.ts";
import { runTests } from "./run_tests.ts";

/** The targets of permissions, and of what values and files become. */
export const FORMAT_ROWS: readonly Row[] = [
  {
    target: 9,
    storage: "sqlite",
    wanted: "100,000 flipped bits: each entry is right, a miss or a StorageError, never wrong",
    async run({ scale }) {
      const { flips, misses, right, refused, problems } = await damageDatabase({
        flips: Math.ceil(100_000 * scale),
      });
      const figure = `${flips} flips; of 3 entries each ${misses} misses, ${right} right, ` +
        `${refused} refused`;
      return { figure, problems };
    },
  },
  {
    target: 14,
    wanted: "the whole suite under --allow-read=DIR --allow-write=DIR passes",
    async run() {
      const { text, flags } = await runScoped();
      const problems = /^\d+ passed$/.test(text) ? [] : [text];
      return { figure: `local and sqlite: ${text}, with ${flags.length} flags`, problems };
    },
  },
  {
    target: 15,
    wanted: "100,000 generated values come back the same, or are refused by name",
    // deno-lint-ignore require-await
    async run({ scale }) {
      const values = Math.ceil(100_000 * scale);
      const problems: string[] = [];
      let refused = 0;
      for (let seed = 0; seed < values; seed++) {
        const value = new ValueGenerator(seed).value();
        try {
          assertSame(decode(encode(value)), value);
        } catch (error) {
          if (error instanceof SerializationError && /^value\b/.test(error.message)) refused++;
          else problems.push(`Seed ${seed}: ${error}`);
        }
      }
      const same = values - refused - problems.length;
      const what = "types, order, shared references, holes, -0";
      return { figure: `${same} the same (${what}), ${refused} refused`, problems };
    },
  },
  {
    target: 16,
    wanted: "golden files of every released format version load",
    run: () => runTests(["tests/caches/cbor/golden_test.ts", "tests/golden_test.ts"]),
  },
];
