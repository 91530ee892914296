/**
 * The workloads by npm's `cacache`: `deno run -A bench/peers/cacache.ts WORKLOAD DIR COUNT` prints the
 * seconds.
 *
 * @module
 */

const [workload, dir, size] = Deno.args as [string, string, string];
const count = Number(size);

// Not a literal, or everybody who checks this repository would download it.
const CACACHE: string = "npm:cacache@21.0.2";
const { default: cacache } = await import(CACACHE) as {
  default: {
    put(dir: string, key: string, data: string): Promise<unknown>;
    get(dir: string, key: string): Promise<{ data: Uint8Array }>;
    ls(dir: string): Promise<Record<string, unknown>>;
  };
};

const WORKLOADS: Readonly<Record<string, () => Promise<void>>> = {
  async cold() {
    for (let i = 0; i < count; i++) {
      await cacache.put(dir, `task-${i}`, JSON.stringify({ i, half: i / 2 }));
    }
  },
  async warm() {
    for (let i = 0; i < count; i++) JSON.parse(`${(await cacache.get(dir, `task-${i}`)).data}`);
  },
  async list() {
    await cacache.ls(dir);
  },
};

if (import.meta.main) {
  const start = performance.now();
  await WORKLOADS[workload]!();
  console.log((performance.now() - start) / 1000);
}
