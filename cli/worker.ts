import { buildCommand, type Command } from "@stricli/core";
import { ConfigError, RunnerError } from "../errors.ts";
import { type Lab, partsOf } from "../lab.ts";
import { refusalText } from "../refusal_text.ts";
import { neutralize } from "../progress/neutralize.ts";
import { runners } from "../registry.ts";
import type { QueueWorker } from "../runners/_bullmq_worker.ts";
import { checkedTags } from "../runners/_bullmq_queues.ts";
import { refuseStorage } from "../runners/_bullmq_storage.ts";
import { declaredPermissions } from "../runners/_declared_permissions.ts";
import { didYouMean } from "../suggest.ts";
import { findTaskType, type TaskTypeInfo, taskTypeNames } from "../task.ts";
import { placeOfLab } from "./_bullmq_place.ts";
import { INTERRUPTED, TERMINATED } from "./_exit_codes.ts";
import { type Health, type HealthPlace, serveHealth } from "./_health.ts";
import { type LabFlags, labFlags, openLab } from "./_lab_flags.ts";
import { importModules } from "./_modules.ts";
import type { LabContext } from "./_process.ts";
import { count, parseCount } from "./_quantities.ts";
import { WorkerLife } from "./_worker_life.ts";

interface Flags extends LabFlags {
  readonly concurrency?: number;
  readonly types?: readonly string[];
  readonly tags?: readonly string[];
  readonly name?: string;
  readonly health?: HealthAddress;
  readonly idleExit?: number;
}

interface HealthAddress {
  readonly hostname: string;
  readonly port: number;
}

const list = {
  kind: "parsed",
  parse: (input: string): string => input,
  optional: true,
  variadic: ",",
} as const;

/** `lab worker`: runs tasks that programs on other machines ask for. */
export const workerCommand: Command<LabContext> = buildCommand<Flags, string[], LabContext>({
  func: work,
  parameters: {
    flags: {
      concurrency: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        placeholder: "n",
        brief: "How many tasks to run at once [default = the number of processors]",
      },
      types: {
        ...list,
        placeholder: "type",
        brief: "Take tasks of these types only [default = all that the modules define]",
      },
      tags: {
        ...list,
        placeholder: "tag",
        brief: "What this machine has, for tasks that need it: gpu, …",
      },
      name: {
        kind: "parsed",
        parse: (input: string) => input,
        optional: true,
        placeholder: "name",
        brief: "Name of the worker [default = worker- and the number of the process]",
      },
      health: {
        kind: "parsed",
        parse: parseAddress,
        optional: true,
        placeholder: "[host:]port",
        brief: "Answer /healthz and /readyz there, by HTTP",
      },
      idleExit: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        placeholder: "seconds",
        brief: "End when there was nothing to do for so long",
      },
      ...labFlags,
    },
    aliases: { j: "concurrency" },
    positional: {
      kind: "array",
      parameter: {
        parse: (input: string) => input,
        placeholder: "module",
        brief: "Modules that define the task types to take tasks of",
      },
    },
  },
  docs: {
    brief: "Run tasks that programs on other machines ask for (runner bullmq)",
    customUsage: ["[flags] <module>..."],
    fullDescription:
      "Takes tasks from the queue of the configuration's runner (bullmq), runs them on this machine, and\n" +
      "keeps their results in the configuration's storage. The modules named are imported for their task\n" +
      "types; what comes from the queue names no module.\n\n" +
      "SIGTERM or Ctrl-C finishes what runs, takes nothing more, and ends with exit code 0. A second one\n" +
      "stops what runs, puts it back into the queue, and ends at once.\n\n" +
      "Exit codes: 0 ended as told, or idle, 1 it could not go on (the broker cannot be reached), 2 a\n" +
      "mistake in the command line, the configuration or a module, 130 and 143 stopped at once",
  },
});

async function work(this: LabContext, flags: Flags, ...modules: string[]): Promise<void> {
  const say = (text: string) => this.process.stderr.write(`${neutralize(text)}\n`);
  await importModules(modules);
  await using lab = await openLab(flags);
  const types = chosenTypes(flags.types);
  const name = flags.name ?? `worker-${Deno.pid}`;
  const host = hostName();
  const worker = await startWorker({ lab, types, name, host, flags, say });
  using life = new WorkerLife(worker, say, flags.idleExit);
  using _signals = onSignals((exitCode) => life.told(exitCode));
  const ended = new AbortController();
  const health = flags.health && await answering(
    { ...flags.health, signal: ended.signal },
    { worker, name, host, state: () => life.state },
  );
  if (health) say(`Answers at ${addressOf(health.addr)}/healthz and /readyz`);
  const taken = types.map(({ taskName }) => taskName).join(", ");
  say(`Worker ${name} on ${host} takes tasks of ${taken}, ${concurrencyOf(flags)} at once`);
  try {
    this.process.exitCode = await life.ended();
  } finally {
    ended.abort();
    await health?.finished;
  }
  const { done, failed } = worker.counts;
  say(`Ended: ${count(done, "task", "tasks")} done, ${failed} failed`);
}

async function startWorker({ lab, types, name, host, flags, say }: {
  readonly lab: Lab;
  readonly types: readonly TaskTypeInfo[];
  readonly name: string;
  readonly host: string;
  readonly flags: Flags;
  readonly say: (text: string) => void;
}): Promise<QueueWorker> {
  const place = placeOfLab(lab);
  const tags = asMistake(() => checkedTags(flags.tags ?? [], "--tags"));
  asMistake(() => refuseStorage(lab.storage, place.sharedStorage));
  // Versions that follow the code are found out before threads import it.
  for (const type of types) await lab.codeVersionOf(type);
  const { context, plugins, sources, singleFlight, signing } = await partsOf(lab);
  const isBounded = types.some((type) => declaredPermissions(type) !== undefined);
  const local = place.local ?? (isBounded ? "processes" : "workers");
  const { QueueWorker } = await import("../runners/_bullmq_worker.ts");
  return await QueueWorker.start({
    ...{ place, types, context, plugins, sources, singleFlight, storage: lab.storage },
    name: { worker: name, host },
    tags,
    concurrency: concurrencyOf(flags),
    runner: runners.create(local, { path: "runner.local" }),
    cacheOf: (type) => lab.cacheOf(type),
    versionOf: (type) => lab.codeVersionOf(type),
    ...(signing && {
      signing: {
        keys: signing.keys,
        refused: (key, why) => say(refusalText(new Map([[key, why]]))),
      },
    }),
    log: (level, text) => say(`${level}: ${text}`),
  });
}

function chosenTypes(chosen: readonly string[] | undefined): TaskTypeInfo[] {
  const known = taskTypeNames();
  if (known.length === 0) {
    throw mistake("There are no task types to take tasks of; name the modules that define them");
  }
  return (chosen ?? known).map((name) => {
    const type = findTaskType(name);
    if (type !== undefined) return type;
    throw mistake(
      `The modules define no task type ${JSON.stringify(name)}${didYouMean(name, known) || ";"} ` +
        `they define ${known.join(", ")}`,
    );
  });
}

function concurrencyOf({ concurrency = navigator.hardwareConcurrency }: Flags): number {
  return concurrency;
}

function parseAddress(input: string): HealthAddress {
  const [, host, port = ""] = /^(?:(.+):)?(\d{1,5})$/.exec(input) ?? [];
  if (port === "" || Number(port) > 65_535) throw new SyntaxError("expected [HOST:]PORT");
  return { hostname: host?.replace(/^\[(.*)\]$/, "$1") ?? "0.0.0.0", port: Number(port) };
}

/** Serves the health endpoint; where it cannot, the worker does not go on. */
async function answering(
  address: HealthPlace,
  health: Health,
): Promise<Deno.HttpServer<Deno.NetAddr>> {
  try {
    return serveHealth(address, health);
  } catch (cause) {
    await health.worker.stop();
    const message =
      `Cannot answer at ${addressOf(address)}: ${(cause as Error).message}; take another ` +
      "port for --health";
    throw new RunnerError(message, { cause });
  }
}

function addressOf({ hostname, port }: HealthAddress): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function hostName(): string {
  try {
    return Deno.hostname();
  } catch {
    return "unknown"; // it takes --allow-sys=hostname
  }
}

function onSignals(told: (exitCode: number) => void): Disposable {
  const signals = { SIGINT: () => told(INTERRUPTED), SIGTERM: () => told(TERMINATED) } as const;
  const names = Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const;
  for (const name of names) Deno.addSignalListener(name, signals[name]);
  return {
    [Symbol.dispose]: () => {
      for (const name of names) Deno.removeSignalListener(name, signals[name]);
    },
  };
}

/** Does what refuses what a person gave: that is a mistake, and trying again is no use. */
function asMistake<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw error instanceof RunnerError ? mistake(error.message, error) : error;
  }
}

function mistake(message: string, cause?: Error): ConfigError {
  return new ConfigError([{ path: "", message }], undefined, { cause });
}
