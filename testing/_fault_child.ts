// A process that the fault suite starts, and mostly kills. It tells line by line what it does: before
// and after each change, so that whoever hears it knows what must be there, whenever it dies.
import { openPlace, type Order } from "./_fault_orders.ts";
import { saveVersion, versionNow } from "./_fault_versions.ts";
import { Sha256 } from "../digest.ts";
import type { Storage } from "../storages/storage.ts";
import { bytesOf, noise } from "./_storage_scene.ts";

/** Each so many changes is a deletion. */
const DELETE_EACH = 11;

/** The size of the pieces of an entry that takes long: more than any storage keeps in memory. */
const PIECE = 1_200_000;

const encoder = new TextEncoder();
const order: Order = JSON.parse(Deno.args[0]!);
const storage = await openPlace(order);
if (order.task === "save") await save(storage, order.keys, order.first);
else if (order.task === "lab") await runLab(storage, order.life, order.runner);
else if (order.task === "race") await race(storage, order);
else if (order.task === "hold") await hold(storage, order);
else await read(storage, order.key);

function say(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}

async function save(storage: Storage, keys: readonly string[], first: number): Promise<void> {
  say("ready");
  for (let version = first;; version++) {
    const key = keys[version % keys.length]!;
    if (version % DELETE_EACH === 0) {
      say(`delete ${key}`);
      await storage.delete(key);
      say(`deleted ${key}`);
    } else {
      say(`save ${key} ${version}`);
      await saveVersion(storage, key, version);
      say(`saved ${key} ${version}`);
    }
  }
}

async function runLab(storage: Storage, life: number, runner: string): Promise<void> {
  const [{ Lab }, { tasksOf }] = await Promise.all([
    import("../lab.ts"),
    import("./_fault_tasks.ts"),
  ]);
  await using lab = new Lab({ storage, runner, maxWorkers: 2, progress: false });
  const { parts, sum } = tasksOf(life);
  // Some storages load a client at the first call, for longer than a life lasts.
  await storage.exists("none");
  say("ready");
  await lab.runTasks([...parts, sum]);
  say("completed");
}

async function race(
  storage: Storage,
  { key, first, step }: { key: string; first: number; step: number },
): Promise<void> {
  say("ready");
  let version = first;
  for await (const _ of Deno.stdin.readable) {
    await saveVersion(storage, key, version);
    version += step;
    say("saved");
  }
}

async function read(storage: Storage, key: string): Promise<void> {
  let isOver = false;
  const input = (async () => {
    for await (const _ of Deno.stdin.readable);
    isOver = true;
  })();
  say("ready");
  const seen = new Set<number | undefined>();
  let reads = 0;
  for (let isLast = false; !isLast; reads++) {
    isLast = isOver;
    seen.add(await versionNow(storage, key));
    await new Promise((resolve) => setTimeout(resolve));
  }
  await input;
  say(JSON.stringify({ reads, seen: [...seen].map((version) => version ?? null) }));
}

async function hold(storage: Storage, { key }: { key: string }): Promise<void> {
  const { promise: told, resolve: tell } = Promise.withResolvers<void>();
  const input = (async () => {
    for await (const _ of Deno.stdin.readable) tell();
  })();
  const digest = new Sha256();
  const piece = noise(PIECE);
  const pieces = async function* () {
    for (let count = 1; count <= 4; count++) {
      digest.update(piece);
      yield piece;
      if (count !== 2) continue;
      say("ready");
      await told;
    }
  };
  {
    await using held = storage;
    await using draft = await held.create(key);
    await draft.write("a.txt", bytesOf(key));
    await draft.write("b.bin", ReadableStream.from(pieces()));
    await draft.commit();
  }
  say(`saved ${key} ${4 * PIECE} ${digest.hex()}`);
  await input;
}
