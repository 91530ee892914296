import type { PluginSpec } from "@labtech/lab";
import { child } from "./_child.ts";
import type { Order } from "./programs/sharing.ts";
import { linesOf } from "./_scratch.ts";

const PROGRAM = new URL("./programs/sharing.ts", import.meta.url);
/** For how long a program may do nothing that is waited for, in ms. */
const PATIENCE = 150_000;

/** What a program says at its end. */
export interface Said {
  readonly run: number;
  readonly cached: number;
  readonly values: readonly string[];
}

/** A program that shares a storage with others. */
export interface Sharer extends AsyncDisposable {
  readonly process: Deno.ChildProcess;
  /** What it wrote to standard error so far. */
  stderr(): string;
  /** Gives what it said when it ends by itself. */
  end(): Promise<Said>;
}

/** Starts a program; it is killed at the end of the block. */
export function share(order: Order): Sharer {
  const process = child(PROGRAM, { args: [JSON.stringify(order)] }).spawn();
  const text = ["", ""];
  const collect = async (at: 0 | 1, stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) text[at] += piece;
  };
  const over = Promise.all([
    process.status,
    collect(0, process.stdout),
    collect(1, process.stderr),
  ]);
  return {
    process,
    stderr: () => text[1]!,
    async end() {
      const [{ code }] = await over;
      if (code !== 0) throw new Error(`${order.by} ended with code ${code}: ${text[1]}`);
      return JSON.parse(text[0]!);
    },
    async [Symbol.asyncDispose]() {
      try {
        process.kill("SIGKILL");
      } catch {
        // It ended by itself.
      }
      await over;
    },
  };
}

/** Waits until something holds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`Waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The tasks that were begun, as a trace tells. */
export function begunIn(trace: string): string[] {
  return linesOf(trace).filter((line) => line.startsWith("begin"));
}

/** Where programs share a storage. */
export interface SharedPlace {
  readonly storage: PluginSpec;
  readonly runner: string;
  readonly trace: string;
}

/** Has several programs want the same tasks at once. Gives what each ran, and what is wrong. */
export async function runShared(
  { storage, runner, trace }: SharedPlace,
  { programs, tasks, ms }: { programs: number; tasks: number; ms: number },
): Promise<{ readonly ran: readonly number[]; readonly problems: readonly string[] }> {
  await using stack = new AsyncDisposableStack();
  const sharers = Array.from(
    { length: programs },
    (_, n) => stack.use(share({ storage, runner, trace, tasks, ms, by: `program${n}` })),
  );
  const said = await Promise.all(sharers.map((sharer) => sharer.end()));
  const begun = begunIn(trace).map((line) => line.split(" ")[1]!);
  const problems: string[] = [];
  for (const [n, times] of Map.groupBy(begun, (n) => n)) {
    if (times.length > 1) problems.push(`Task ${n} ran ${times.length} times`);
  }
  if (new Set(begun).size !== tasks) problems.push(`${new Set(begun).size} of ${tasks} tasks ran`);
  for (const { run, cached, values } of said) {
    if (run + cached !== tasks) problems.push(`${run} ran, ${cached} cached, not ${tasks} in all`);
    if (values.join() !== said[0]!.values.join()) problems.push("Programs have other results");
  }
  return { ran: said.map(({ run }) => run), problems };
}

/** Kills a program within a task that another one waits for. Gives after how many ms that one began it. */
export async function takeOver({ storage, runner, trace }: SharedPlace): Promise<number> {
  const order = { storage, runner, trace, tasks: 1 };
  await using holder = share({ ...order, by: "holder", ms: 600_000 });
  await until("the holder begins", () => begunIn(trace).length === 1);
  await using heir = share({ ...order, by: "heir", ms: 1 });
  await until("the heir waits", () => /waiting for another process/i.test(heir.stderr()));
  const killed = performance.now();
  holder.process.kill("SIGKILL");
  await until("the heir begins", () => begunIn(trace).length === 2);
  const took = performance.now() - killed;
  const { run, values } = await heir.end();
  if (run !== 1 || values[0] !== "0 by heir") throw new Error(`The heir has ${values}`);
  return took;
}

/**
 * Stops a program within a task until another one took that over and saved it, then lets it go on. Gives
 * what each said.
 */
export async function wakeLate(
  { storage, runner, trace }: SharedPlace,
): Promise<{ readonly late: Said; readonly heir: Said; readonly after: Said }> {
  const order = { storage, runner, trace, tasks: 1 };
  const go = `${trace}.go`;
  await using holder = share({ ...order, by: "holder", ms: 1, until: go });
  await until("the holder begins", () => begunIn(trace).length === 1);
  holder.process.kill("SIGSTOP");
  await using heirs = share({ ...order, by: "heir", ms: 1 });
  const heir = await heirs.end();
  await Deno.writeTextFile(go, "");
  holder.process.kill("SIGCONT");
  const late = await holder.end();
  await using last = share({ ...order, by: "last", ms: 1 });
  return { late, heir, after: await last.end() };
}
