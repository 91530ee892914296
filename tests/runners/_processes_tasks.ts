/** Tasks that only a process of their own can be trusted with. */
import fs from "node:fs";
import process from "node:process";
import { type Task, task } from "@labtech/lab";

const encoder = new TextEncoder();

/** Gives the id of the process that it runs in. */
export const Pid = task(import.meta, {
  name: "Pid",
  run: ({ n: _ }: { n?: number }) => Deno.pid,
});

/** Notes the id of its process in a file, then never yields. */
export const Looping = task(import.meta, {
  name: "Looping",
  run({ path }: { path: string }): number {
    Deno.writeTextFileSync(path, `${Deno.pid}\n`, { append: true });
    for (;;);
  },
});

/** Starts another process, notes the ids of both in a file, then never yields. */
export const Breeding = task(import.meta, {
  name: "Breeding",
  run({ path }: { path: string }): number {
    const { pid } = new Deno.Command("sleep", { args: ["300"] }).spawn();
    Deno.writeTextFileSync(path, `${Deno.pid}\n${pid}\n`, { append: true });
    for (;;);
  },
});

/** Takes more memory than there is, on V8's heap or beside it. */
export const Hoarding = task(import.meta, {
  name: "Hoarding",
  async run({ what }: { what: "objects" | "buffers"; n?: number }) {
    const hoard: unknown[] = [];
    // Where nothing ends it, it is the test that fails, and not the machine.
    for (let pieces = 0; pieces < (what === "objects" ? 200_000 : 500); pieces++) {
      if (what === "objects") hoard.push(Array.from({ length: 1000 }, (_, at) => ({ at })));
      else {
        hoard.push(new Uint8Array(2 ** 22).fill(1));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    // Whoever sees that may be late.
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    return hoard.length;
  },
});

/** Writes past the console, in each way that there is. Ends when all that was seen: then a file is there. */
export const Writing = task(import.meta, {
  name: "Writing",
  async run({ n, seen }: { n: number; seen: string }) {
    console.log(`${n} console`);
    Deno.stdout.writeSync(encoder.encode(`${n} Deno.std`));
    await Deno.stdout.write(encoder.encode(`out\n`));
    Deno.stderr.writeSync(encoder.encode(`${n} Deno.stderr\n`));
    process.stdout.write(`${n} process.stdout\n`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    fs.writeSync(1, `${n} descriptor 1\n`);
    await new Deno.Command("sh", {
      args: ["-c", `echo ${n} child; echo ${n} child error >&2; cat; printf '${n} no end'`],
    }).spawn().status;
    while (!await Deno.stat(seen).then(() => true, () => false)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return n;
  },
});

/** Writes much, and gives much, at the same time. */
export const Flooding = task(import.meta, {
  name: "Flooding",
  async run({ n }: { n: number }) {
    const noise = new Deno.Command("sh", {
      args: ["-c", `i=0; while [ $i -lt 3000 ]; do echo "noise ${n} $i"; i=$((i+1)); done`],
    }).spawn();
    await noise.status;
    return new Uint32Array(300_000).map((_, at) => at * n);
  },
});

/** Makes a file, and gives more than fits into a pipe. */
export const GivingMuch = task(import.meta, {
  name: "GivingMuch",
  run({ path }: { path: string }) {
    Deno.writeTextFileSync(path, "begun\n");
    return new Uint8Array(2 ** 21).fill(7);
  },
});

/** Gives what it can read of standard input. */
export const Reading = task(import.meta, {
  name: "Reading",
  async run() {
    const text = await new Response(Deno.stdin.readable).text();
    return [
      text,
      await Deno.stdin.read(new Uint8Array(10)),
      Deno.stdin.readSync(new Uint8Array(10)),
    ];
  },
});

/** Says what no worker says, and then computes. */
export const Lying = task(import.meta, {
  name: "Lying",
  async run({ message }: { message: string }) {
    const LIES: Record<string, unknown> = {
      nothing: null,
      unknown: { kind: "unknown" },
      "no outcomes": { kind: "report", logs: [], outcomes: 7, refused: [] },
      "far place": {
        kind: "report",
        logs: [],
        outcomes: [{ kind: "passed", place: 1e6 }],
        refused: [],
      },
      "no time": {
        kind: "report",
        logs: [],
        outcomes: [{ kind: "done", place: 0, start: "now", duration: NaN, took: -1 }],
        refused: [],
      },
      "missing all": {
        kind: "report",
        logs: [],
        outcomes: [0, 1, 2, 63].map((place) => ({ kind: "missing", place, ids: ["Nowhere__1"] })),
        refused: [],
      },
      asks: { kind: "ask", id: "Waiting__1" },
      shares: { kind: "shares", id: "Waiting__1", value: { plain: "forged" } },
      function: { kind: "broken", error: { name: "x", message: new Date(NaN) } },
    };
    (self as unknown as Worker).postMessage(LIES[message]);
    // Whoever hears that ends it, were it late.
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    return "lied";
  },
});

/** Ends its process, whatever it takes. */
export const Dying = task(import.meta, {
  name: "Dying",
  async run({ signal }: { signal: Deno.Signal; n?: number }) {
    Deno.kill(Deno.pid, signal);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
});

/** Adds up. */
export const Adding = task(import.meta, {
  name: "Adding",
  run: ({ of }: { of: readonly Task<number>[] }) => of.reduce((sum, { result }) => sum + result, 0),
});

/** Waits. */
export const Waiting = task(import.meta, {
  name: "Waiting",
  async run({ ms, n }: { ms: number; n: number }) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return n;
  },
});
