import { assert, assertEquals } from "@std/assert";
import { type Draft, MemoryStorage } from "@labtech/lab/storages";
import { faultContract, storageContract } from "@labtech/lab/testing";
import { testWithRun } from "../storages/_scratch.ts";
import { CARE } from "./_careless_storage.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
// Each kill but the few that come too early finds the process midway in a commit, where it stopped.
const KILLS = 12;

for (const care of CARE) {
  testWithRun(
    `faultContract ${care === "careful" ? "finds nothing" : "notices"}: ${care}`,
    async () => {
      const problem = await firstProblem(care);
      console.log(`${care}: ${problem ?? "nothing found"}`);
      assertEquals(problem === undefined, care === "careful");
    },
  );
}

/** What the suite says of processes that are killed while they save. */
async function firstProblem(care: string): Promise<string | undefined> {
  const tests: (() => Promise<void>)[] = [];
  faultContract({
    name: care,
    make: async () => ({ type: "careless", dir: await Deno.makeTempDir(), care }),
    remove: ({ dir }) => Deno.remove(String(dir), { recursive: true }),
    modules: [import.meta.resolve("./_careless_storage.ts")],
    flags: ["--allow-all", "--no-lock", "--config", CONFIG],
    kills: KILLS,
    report: () => {},
    test: (_name, run) => tests.push(run),
  });
  const [savers] = tests;
  try {
    await savers!();
  } catch (error) {
    return String(error).replaceAll(/\s+/g, " ").slice(0, 300);
  }
}

/** Storages that break one promise each, without any kill or race. */
const CARELESS: Readonly<Record<string, typeof MemoryStorage>> = {
  "the files of a replaced entry stay": class extends MemoryStorage {
    override async create(...args: Parameters<MemoryStorage["create"]>): Promise<Draft> {
      const earlier = await this.open(args[0]);
      const draft = await super.create(...args);
      const written = new Set<string>();
      return wrapped(draft, {
        write(file, ...rest) {
          written.add(file);
          return draft.write(file, ...rest);
        },
        async commit(options) {
          for (const file of earlier?.files.keys() ?? []) {
            if (!written.has(file)) await draft.write(file, await earlier!.read(file));
          }
          await draft.commit(options);
        },
      });
    }
  },
  "each file appears when it is written": class extends MemoryStorage {
    override async create(...args: Parameters<MemoryStorage["create"]>): Promise<Draft> {
      const [draft, early] = [await super.create(...args), await super.create(...args)];
      return wrapped(draft, {
        async write(file, data, options) {
          await draft.write(file, data, options);
          if (data instanceof Uint8Array) await early.write(file, data).catch(() => {});
          await early.commit().catch(() => {});
        },
      });
    }
  },
  "a discarded draft is committed": class extends MemoryStorage {
    override async create(...args: Parameters<MemoryStorage["create"]>): Promise<Draft> {
      const draft = await super.create(...args);
      return wrapped(draft, {
        async [Symbol.asyncDispose]() {
          await draft.commit().catch(() => {});
          await draft[Symbol.asyncDispose]();
        },
      });
    }
  },
  "what is deleted stays": class extends MemoryStorage {
    override delete(...args: Parameters<MemoryStorage["delete"]>): Promise<boolean> {
      return super.exists(...args);
    }
  },
  "exists says more than open": class extends MemoryStorage {
    override async exists(...args: Parameters<MemoryStorage["exists"]>): Promise<boolean> {
      await super.exists(...args);
      return true;
    }
  },
};

for (const [what, Careless] of Object.entries(CARELESS)) {
  Deno.test(`storageContract notices: ${what}`, async () => {
    const broken = await firstBroken(Careless);
    console.log(broken);
    assert(broken);
  });
}

Deno.test("storageContract finds nothing in the storage that these were made of", async () => {
  assertEquals(await firstBroken(MemoryStorage), undefined);
});

async function firstBroken(of: typeof MemoryStorage): Promise<string | undefined> {
  const tests = new Map<string, () => Promise<void>>();
  storageContract({
    name: "S",
    make: () => new of(),
    test: (name, run) => void tests.set(name.slice("S: ".length), run),
  });
  for (const [name, run] of tests) {
    try {
      await run();
    } catch {
      return name;
    }
  }
}

function wrapped(draft: Draft, changes: Partial<Draft>): Draft {
  return {
    key: draft.key,
    write: (...args) => draft.write(...args),
    commit: (...args) => draft.commit(...args),
    [Symbol.asyncDispose]: () => draft[Symbol.asyncDispose](),
    ...changes,
  };
}
