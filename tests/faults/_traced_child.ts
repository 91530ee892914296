// A process whose system calls are let fail, or are its last: it does what comes in line by line, and
// tells what came of it. The names of its files are known before: all random digits are `writer`, and the
// time stands still. So does the clock, or moves on by a second at each look: what a storage does depends
// on how long it took, and must be the same each time, however busy the machine is.
import { LocalStorage, SqliteStorage } from "../../storages/mod.ts";
import { saveVersion } from "../../testing/_fault_versions.ts";
import { clearUp } from "./_leftovers.ts";
import {
  databaseIn,
  KEY,
  NEW,
  NEW_IN_DATABASE,
  NOW,
  OLD,
  OLD_IN_DATABASE,
  type TracedOrder,
} from "./_traced_order.ts";

const encoder = new TextEncoder();
Date.prototype.toISOString = () => NOW;
let [clock, tick] = [0, 0];
performance.now = () => clock += tick;

for await (const piece of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const order: TracedOrder = JSON.parse(piece);
  tick = order.what === "save late" || order.storage === "sqlite" ? 1000 : 0;
  crypto.getRandomValues = ((array: Uint32Array) => array.fill(order.writer)) as never;
  let answer = "done";
  try {
    await follow(order);
  } catch (error) {
    answer = `${(error as Error).name}: ${(error as Error).message}`;
  }
  Deno.stdout.writeSync(encoder.encode(`${answer.replaceAll("\n", " ")}\n`));
}

async function follow(order: TracedOrder): Promise<void> {
  const { what, dir, durability } = order;
  const isDatabase = order.storage === "sqlite";
  await using storage = isDatabase
    ? new SqliteStorage({ file: databaseIn(dir), durability })
    : new LocalStorage({ dir, durability });
  const [before, after] = isDatabase ? [OLD_IN_DATABASE, NEW_IN_DATABASE] : [OLD, NEW];
  if (what === "delete") await storage.delete(KEY);
  else if (what === "set aside") await storage.setAside(KEY);
  else if (what === "clear up") await clearUp(storage);
  else await saveVersion(storage, KEY, what === "prepare" ? before : after);
}
