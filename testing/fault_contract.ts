import { assertEquals } from "@std/assert";
import type { PluginSpec } from "../plugin.ts";
import { killSavers } from "./_fault_kills.ts";
import { killLabs } from "./_fault_labs.ts";
import { clearUpAfterKills } from "./_fault_leftovers.ts";
import type { Place } from "./_fault_orders.ts";
import { raceProcesses } from "./_fault_races.ts";

/** What is put to the test, and how. */
export interface FaultContract {
  /** What the tests are called by. */
  readonly name: string;
  /**
   * Gives an empty place, once for each test: the storage by its registered name and options, as it
   * would stand in a configuration. Paths in it are absolute. Every process opens the storage by that.
   */
  make(): PluginSpec | Promise<PluginSpec>;
  /** Removes a place that `make` gave, after each test. */
  remove?(spec: PluginSpec): void | Promise<void>;
  /**
   * The modules that register the storage: URLs, or what `import.meta.resolve` gives. They are imported
   * by the tests and by each process.
   *
   * @default none, which is enough for the storages of this library
   */
  readonly modules?: readonly (string | URL)[];
  /** How many processes are killed. @default {20} */
  readonly kills?: number;
  /**
   * How long a process may live once it is at work, in ms, before it is killed: about what ten saves take.
   *
   * @default {40}
   */
  readonly lifetime?: number;
  /**
   * For how long a draft must have written nothing to be taken for a dead one's, in ms. 0 where something
   * surer than time tells which writers live, such as a lock; then a draft is open all the while.
   *
   * @default {5000}
   */
  readonly grace?: number;
  /**
   * Names what lies in a place and is no part of an entry, as far as that can be told without the storage:
   * there must be nothing once all was cleared up. Left out, only the storage itself is asked.
   */
  readonly strangers?: (spec: PluginSpec) => readonly string[] | Promise<readonly string[]>;
  /** How often processes race for one key. @default {50} */
  readonly rounds?: number;
  /**
   * The flags of `deno run` for the processes; `--config` with an absolute path belongs here, where
   * the modules need one.
   *
   * @default {["--allow-all", "--no-lock"]}
   */
  readonly flags?: readonly string[];
  /** Is told what was done, with its counts. @default {console.log} */
  readonly report?: (line: string) => void;
  /**
   * Registers a test.
   *
   * @default {Deno.test, which without `--allow-run` registers them as skipped}
   */
  readonly test?: (name: string, run: () => Promise<void>) => void;
}

// A lockfile would be written by each of the many processes.
const FLAGS = ["--allow-all", "--no-lock"] as const;

type Counts = { readonly problems: readonly string[] };
type Case = (
  place: Place,
  contract: Required<Pick<FaultContract, Sizes>> & Pick<FaultContract, "strangers">,
) => Promise<Counts>;
type Sizes = "kills" | "lifetime" | "rounds" | "grace" | "flags";

const CASES: Readonly<Record<string, Case>> = {
  "a process that is killed while it saves and deletes leaves whole entries, and all it committed":
    killSavers,
  "a Lab that is killed leaves results that load, and the next run completes": killLabs,
  "of processes that save one key at once one wins whole, and readers see nothing else":
    raceProcesses,
  "what killed processes leave behind is found and removed, and never what a live one is at":
    clearUpAfterKills,
};

/**
 * Registers the tests that hold a storage to its promises when processes die or race: those of
 * `storageContract` are tried within one. It starts other processes, which open the storage by name
 * and options, so only storages that are registered can be tried.
 *
 * @example The tests of a storage that a module registers, 1,000 kills each
 * ```ts ignore
 * import { faultContract } from "@labtech/lab/testing";
 *
 * faultContract({
 *   name: "FtpStorage",
 *   modules: [import.meta.resolve("./ftp.ts")],
 *   make: async () => ({ type: "ftp", dir: await Deno.makeTempDir() }),
 *   remove: ({ dir }) => Deno.remove(String(dir), { recursive: true }),
 *   kills: 1000,
 * });
 * ```
 */
export function faultContract(contract: FaultContract): void {
  const { name, test = testWithRun } = contract;
  for (const [promise, run] of Object.entries(CASES)) {
    test(`${name}: ${promise}`, () => play(contract, run));
  }
}

async function play(contract: FaultContract, run: Case): Promise<void> {
  const { kills = 20, lifetime = 40, rounds = 50, flags = FLAGS } = contract;
  const { grace = 5000, strangers, report = console.log } = contract;
  const spec = await contract.make();
  try {
    const modules = (contract.modules ?? []).map(String);
    const { problems, ...counts } = await run(
      { spec, modules },
      { kills, lifetime, rounds, grace, strangers, flags },
    );
    report(`${contract.name}: ${JSON.stringify(counts)}, ${problems.length} problems`);
    assertEquals(problems, []);
  } finally {
    await contract.remove?.(spec);
  }
}

function testWithRun(name: string, fn: () => Promise<void>): void {
  const granted = Deno.permissions.querySync({ name: "run" }).state === "granted";
  Deno.test({
    name: granted ? name : `${name} (skipped: it needs --allow-run)`,
    ignore: !granted,
    fn,
  });
}
