/**
 * The same work by labtech 1.0, joblib.Memory, npm's cacache, plain file calls, and this library, in
 * turns, each in a process of its own: medians, and how many times as long as ours the others take.
 *
 *     deno task bench:peers [rounds] [--only=P1,P6]
 *
 * It makes a Python environment for the peers in the folder for temporary files, and keeps it there.
 *
 * @module
 */

import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";

const PACKAGES = ["labtech==1.0.0", "joblib==1.5.2"];
const HERE = fromFileUrl(new URL(".", import.meta.url));

const rounds = Number(Deno.args.find((arg) => /^\d+$/.test(arg)) ?? 5);
const only = Deno.args.find((arg) => arg.startsWith("--only="))?.slice(7).split(",");

/** One way to do a workload: `command` prints the seconds that it took. */
interface Peer {
  readonly name: string;
  /** Gives the program and its arguments, for a round. */
  readonly command: (round: number) => readonly string[];
  /** How many rounds it takes part in, where it is too slow for all. */
  readonly rounds?: number;
}

interface Workload {
  readonly name: string;
  /** By what the seconds are divided, and the unit of that. */
  readonly per: readonly [count: number, unit: string];
  /** The first is ours, which the others are compared with. */
  readonly peers: readonly Peer[];
}

/** A Python with the peers; made once. */
async function python(): Promise<string> {
  const dir = join(Deno.env.get("TMPDIR") ?? "/tmp", `labtech-peers-${PACKAGES.join("-")}`);
  const program = join(dir, "bin", "python");
  try {
    await Deno.stat(join(dir, "ready"));
  } catch {
    await output("python3", ["-m", "venv", "--clear", dir]);
    await output(program, ["-m", "pip", "install", "--quiet", ...PACKAGES]);
    await Deno.writeTextFile(join(dir, "ready"), "");
  }
  return program;
}

async function output(program: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  const text = new TextDecoder().decode(stdout);
  if (code === 0) return text;
  throw new Error(`${program} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
}

function workloads(root: string, py: string): Workload[] {
  const deno = (file: string, ...args: (string | number)[]) => [
    Deno.execPath(),
    "run",
    "-A",
    "--no-lock",
    `--config=${join(HERE, "..", "..", "deno.json")}`,
    join(HERE, file),
    ...args.map(String),
  ];
  const peers = (...args: (string | number)[]) => [py, join(HERE, "peers.py"), ...args.map(String)];
  const at = (name: string) => (round: number) => join(root, `${name}-${round}`);
  const runs = (count: number, warm: boolean): Peer[] => {
    // A cold run has a place of its own; a warm one finds what the cold one of its round left.
    const of = (name: string) => at(`runs-${name}`);
    const floor = warm ? "warm" : "cold";
    return [
      {
        name: "ours, 2 workers",
        command: (n) => deno("ours.ts", "run", of("workers")(n), count, "workers"),
      },
      {
        name: "ours, serial",
        command: (n) => deno("ours.ts", "run", of("serial")(n), count, "serial"),
      },
      {
        name: "ours, serial, sqlite",
        command: (n) => deno("ours.ts", "run", `${of("sqlite")(n)}.db`, count, "serial"),
      },
      {
        name: "labtech, fork",
        command: (n) => peers("labtech-fork", "run", of("fork")(n), count),
        rounds: 2,
      },
      {
        name: "labtech, serial",
        command: (n) => peers("labtech-serial", "run", of("lab")(n), count),
      },
      { name: "joblib", command: (n) => peers("joblib", "run", of("joblib")(n), count) },
      { name: "cacache", command: (n) => deno("cacache.ts", floor, of("cacache")(n), count) },
      { name: "plain file calls", command: (n) => deno("floor.ts", floor, of("floor")(n), count) },
    ];
  };
  const gather = (count: number): Workload => ({
    name: `P4 a task over ${count.toLocaleString("en")} cached ones`,
    per: [count, "µs a dependency"],
    peers: [
      {
        name: "ours, serial",
        command: (n) => deno("ours.ts", "gather", at(`gather-${count}`)(n), count, "serial"),
      },
      ...(count > 2000 ? [] : [{
        name: "labtech, serial",
        command: (n: number) =>
          peers("labtech-serial", "gather", at(`gather-lab-${count}`)(n), count),
        rounds: 2,
      }]),
    ],
  });
  const codec = (way: string): Workload => ({
    name: `P6 200,000 records: ${way}`,
    per: [0.001, "ms"],
    peers: [
      { name: "ours, structured", command: () => deno("ours.ts", way, "-", 200_000, "-") },
      { name: "pickle", command: () => peers("pickle", way, "-", 200_000) },
    ],
  });
  return [
    { name: "P1 2,000 trivial tasks, cold", per: [2000, "µs a task"], peers: runs(2000, false) },
    { name: "P2 the same, from the cache", per: [2000, "µs a task"], peers: runs(2000, true) },
    {
      name: "P3 list these tasks",
      per: [2000, "µs an entry"],
      peers: [
        {
          name: "ours, local",
          command: (n) => deno("ours.ts", "list", at("runs-serial")(n), 2000, "serial"),
        },
        {
          name: "ours, sqlite",
          command: (n) => deno("ours.ts", "list", `${at("runs-sqlite")(n)}.db`, 2000, "serial"),
        },
        {
          name: "labtech",
          command: (n) => peers("labtech-serial", "list", at("runs-lab")(n), 2000),
        },
        {
          name: "cacache",
          command: (n) => deno("cacache.ts", "list", at("runs-cacache")(n), 2000),
        },
      ],
    },
    gather(1000),
    gather(2000),
    gather(8000),
    codec("encode"),
    codec("decode"),
    {
      name: "P9 64 tasks of 100 ms on 2 workers",
      per: [0.001, "ms"],
      peers: [
        { name: "ours, workers", command: () => deno("ours.ts", "busy", "-", 64, "workers") },
        {
          name: "labtech, fork",
          command: (n) => peers("labtech-fork", "busy", at("busy")(n), 64),
        },
        { name: "two bare workers", command: () => deno("floor.ts", "busy", "-", 64) },
      ],
    },
  ];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** One after the other, each round in another order. */
async function measure({ peers }: Workload): Promise<Map<string, number>> {
  const times = new Map<string, number[]>(peers.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < peers.length; n++) {
      const { name, command, rounds: most = rounds } = peers[(n + round) % peers.length]!;
      if (round >= most) continue;
      const [program, ...args] = command(round) as [string, ...string[]];
      times.get(name)!.push(Number(await output(program, args)));
    }
  }
  return new Map(Array.from(times, ([name, values]) => [name, median(values)]));
}

if (import.meta.main) {
  const root = await Deno.makeTempDir({ prefix: "labtech_peers_" });
  try {
    const py = await python();
    const version = (await output(py, ["--version"])).trim();
    console.log(
      `Deno ${Deno.version.deno}, ${version}, ${PACKAGES.join(", ")}, cacache 21.0.2, ` +
        `${navigator.hardwareConcurrency} cores, medians of ${rounds} rounds\n`,
    );
    console.log("| workload | by | median | unit | times the first |");
    console.log("| --- | --- | ---: | --- | ---: |");
    for (const workload of workloads(root, py)) {
      // Listing and warm runs need what the cold ones left.
      const isBase = workload.name.startsWith("P1");
      const isAsked = only === undefined || only.some((each) => workload.name.startsWith(each));
      if (!isAsked && !(isBase && only?.some((each) => each === "P2" || each === "P3"))) continue;
      const medians = await measure(workload);
      const [count, unit] = workload.per;
      const ours = medians.values().next().value!;
      for (const [name, seconds] of medians) {
        const shown = (seconds / count * (count < 1 ? 1 : 1e6)).toFixed(1);
        console.log(
          `| ${workload.name} | ${name} | ${shown} | ${unit} | ${(seconds / ours).toFixed(2)} |`,
        );
      }
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}
