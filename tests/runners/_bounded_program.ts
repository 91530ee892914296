// A program with tasks that may touch only what they declare: `_bounded_program.ts RUNNER STEP`. Its working
// directory has the folder `data`; results go to `results`.
import { Lab, LabError, type Task, task } from "@labtech/lab";

// Which process or thread this is.
const where = crypto.randomUUID();

export const Free = task(import.meta, {
  name: "Free",
  run: () => ({ where, of: [1n, 2n] }),
});

export const Peeking = task(import.meta, {
  name: "Peeking",
  permissions: { read: ["data/"] },
  run: ({ path }: { path: string }) => Deno.readTextFile(path),
});

export const Minding = task(import.meta, {
  name: "Minding",
  permissions: { read: ["data/"] },
  run: (
    { free, peeking }: { free: Task<{ where: string; of: bigint[] }>; peeking: Task<string> },
  ) => ({
    own: free.result.where !== where,
    of: free.result.of,
    peeked: peeking.result,
  }),
});

const TRIES: Record<string, () => unknown> = {
  read: () => Deno.readDirSync("results")[Symbol.iterator]().next(),
  write: () => Deno.writeTextFileSync("results/forged", ""),
  env: () => Deno.env.get("PATH"),
  net: () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
  run: () => new Deno.Command(Deno.execPath(), { args: ["eval", "1"] }).outputSync(),
  sys: () => Deno.hostname(),
  ffi: () => Deno.dlopen("libc.so.6", {}),
  import: () => import(`https://esm.sh/${"secret"}@1`),
  worker: () =>
    import(`data:text/javascript,export const a = ${"Deno.readTextFileSync('secret')"}`),
};

export const Trying = task(import.meta, {
  name: "Trying",
  permissions: "none",
  async run({ n: _ }: { n?: number }) {
    const refused: Record<string, string> = {};
    for (const [name, attempt] of Object.entries(TRIES)) {
      try {
        await attempt();
        refused[name] = "allowed";
      } catch (error) {
        refused[name] = (error as Error).message.split("\n")[0]!;
      }
    }
    return { where, refused };
  },
});

export const Overreaching = task(import.meta, {
  name: "Overreaching",
  permissions: { read: ["/etc/hostname"], env: ["LABTECH_SECRET"] },
  run: () => "overreached",
});

const STEPS: Record<string, () => Task[]> = {
  peek: () => [Peeking({ path: "data/a.txt" })],
  breakout: () => [Peeking({ path: "secret" }), Peeking({ path: "data/a.txt" })],
  nested: () => [Minding({ free: Free(), peeking: Peeking({ path: "data/a.txt" }) })],
  try: () => [Trying({})],
  share: () => [Trying({ n: 1 }), Trying({ n: 2 }), Free()],
  overreach: () => [Overreaching()],
  free: () => [Free()],
};

if (import.meta.main) {
  const [spec, step] = Deno.args as [string, string];
  const runner = spec.startsWith("{") ? JSON.parse(spec) : spec;
  await using lab = new Lab({ runner, storage: "results", maxWorkers: 1, progress: true });
  if (step === "flags") console.log(JSON.stringify({ flags: lab.permissionFlags() }));
  else {
    const tasks = STEPS[step]!();
    try {
      const results = await lab.runTasks(tasks);
      const cached = await Promise.all(tasks.map((task) => lab.isCached(task)));
      console.log(JSON.stringify({ results: [...results.values()], cached }, shown));
    } catch (error) {
      const { failures, results } = error instanceof LabError ? error : {};
      const failed = failures && [...failures.values()].map(({ cause }) => String(cause));
      const there = results && [...results.values()];
      console.log(JSON.stringify({ error: String(error), failed, results: there }, shown));
    }
  }
}

function shown(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}
