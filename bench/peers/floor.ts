/**
 * The least that the workloads can take: the same bytes by plain synchronous file calls, and two bare
 * workers. `deno run -A bench/peers/floor.ts WORKLOAD DIR COUNT` prints the seconds.
 *
 * @module
 */

import { join } from "@std/path/join";

const [workload, dir, size] = Deno.args as [string, string, string];
const count = Number(size);

// What a trivial task leaves behind, in bytes.
const DATA = new Uint8Array(24);
const RECORD = new Uint8Array(900);

const WORKLOADS: Readonly<Record<string, () => void | Promise<void>>> = {
  cold() {
    Deno.mkdirSync(dir);
    for (let i = 0; i < count; i++) {
      const entry = join(dir, `entry-${i}`);
      Deno.mkdirSync(entry);
      Deno.writeFileSync(join(entry, "data"), DATA);
      Deno.writeFileSync(join(entry, "record.tmp"), RECORD);
      Deno.renameSync(join(entry, "record.tmp"), join(entry, "record"));
    }
  },
  warm() {
    for (let i = 0; i < count; i++) {
      Deno.readFileSync(join(dir, `entry-${i}`, "data"));
      Deno.readFileSync(join(dir, `entry-${i}`, "record"));
    }
  },
  async busy() {
    const url = new URL("./_busy_worker.ts", import.meta.url);
    const workers = [0, 1].map(() => new Worker(url, { type: "module" }));
    await Promise.all(workers.map(async (worker) => {
      for (let i = 0; i < count / 2; i++) {
        worker.postMessage(100);
        await new Promise((resolve) => worker.onmessage = resolve);
      }
      worker.terminate();
    }));
  },
};

if (import.meta.main) {
  const start = performance.now();
  await WORKLOADS[workload]!();
  console.log((performance.now() - start) / 1000);
}
