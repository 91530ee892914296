/// <reference lib="deno.worker" />
import { LocalStorage } from "../../storages/mod.ts";
import { save } from "../../testing/_storage_scene.ts";
import { clearUp } from "../faults/_leftovers.ts";

/** What a worker of the race is told. */
export interface RaceOrder {
  readonly dir: string;
  readonly tag: string;
  readonly rounds: number;
  readonly runners: number;
  /** How many have come to the start of each round. */
  readonly arrived: Int32Array<SharedArrayBuffer>;
}

self.onmessage = async ({ data }: MessageEvent<RaceOrder>) => {
  const { dir, tag, rounds, runners, arrived } = data;
  const storage = new LocalStorage(dir);
  for (let round = 0; round < rounds; round++) {
    start(round);
    const files = { "a.txt": `${round}-${tag}`, "b.txt": `${round}-${tag}` };
    if (tag === "delete") await storage.delete("Key");
    else if (tag === "clear up") await clearUp(storage);
    else await save(storage, "Key", { ...files, "metadata.json": `"${round}-${tag}"` });
    start(rounds + round);
    if (round % 3 === 0 && tag === "0") await storage.delete("Key");
  }
  self.postMessage("done");
  self.close();

  /** Waits until all have come here. */
  function start(at: number): void {
    Atomics.add(arrived, at, 1);
    Atomics.notify(arrived, at);
    for (let there; (there = Atomics.load(arrived, at)) < runners;) {
      Atomics.wait(arrived, at, there);
    }
  }
};
