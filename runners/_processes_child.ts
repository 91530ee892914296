// The program that a child process of the processes runner runs. Tasks run in a thread of it, so that this
// thread always hears the Lab: it passes messages on, and ends the process when the Lab is gone.
import {
  BEGUN,
  isOverdue,
  PASSED_ON,
  QUEUED,
  SharedPlaces,
  STOP,
  TAKEN,
  TOLD,
} from "./_worker_protocol.ts";
import type { FromWorker, WorkMessage } from "./_worker_protocol.ts";
import { watchThread } from "./_thread_watch.ts";
import { framed, MessageReader, PacketWriter } from "./_processes_frames.ts";
import { UsageMeter } from "./_process_usage.ts";
import { decodeOrder, encodeAnswer, type FromChild, type ToChild } from "./_processes_messages.ts";

// How often, in ms, to look which job began, and how much memory is taken.
const LOOK = 50;
// How long, in ms, the thread of the tasks has to release what it held, in so many parts: none of them passes while
// this process stands still.
const PATIENCE = 500;
const PARTS = 10;
// How often, in ms, to tell what the task takes.
const MEASURE = 1000;
const MEGABYTE = 2 ** 20;

const worker = new Worker(new URL("./_processes_worker.ts", import.meta.url), {
  type: "module",
  name: "labtech",
});
const inHand = new Set<number>();
const told = new Set<number>();
let places = new SharedPlaces();
let packets: PacketWriter | undefined;
let isReady = false;
let hasJoined = false;
let memory: { readonly least: number; readonly limit: number } | undefined;
let limit: number | undefined;
let measured: { readonly begun: number; readonly meter: UsageMeter; at: number } | undefined;

worker.onmessage = ({ data }: MessageEvent<FromWorker | { readonly kind: "ready" }>) => {
  if (data.kind === "ready") {
    isReady = true;
    watchMemory();
    if (packets !== undefined) answer(data);
  } else if (data.kind === "broken") {
    answer(data);
  } else if (data.kind === "report") {
    const begun = data.outcomes.map(({ place }) => places.begun[place] ?? 0);
    for (const { place } of data.outcomes) inHand.delete(place);
    answer({ ...data, begun });
    for (const { place } of data.outcomes) {
      Atomics.compareExchange(places.states, place, BEGUN, PASSED_ON);
      Atomics.notify(places.states, place);
    }
  } else {
    end("a task sent what no worker sends");
  }
};
worker.onerror = (event) => {
  event.preventDefault();
  end(event.message);
};
watchThread(worker, () => end("the thread of its tasks ended without a word"));
worker.onmessageerror = () => end("a message of a task's thread could not be read");

const reader = new MessageReader((message) => take(decodeOrder(message)));
try {
  for await (const chunk of Deno.stdin.readable) reader.push(chunk);
} finally {
  await leave();
  die(); // the Lab is done with this child, or gone
}

/** Has the thread release what it held, such as the lock of its storage, if no task keeps it from that. */
async function leave(): Promise<void> {
  const isBusy = [...inHand].some((place) => Atomics.load(places.states, place) === BEGUN);
  if (isBusy || !hasJoined) return;
  worker.postMessage({ kind: "leave" });
  for (let part = 0; part < PARTS; part++) {
    const { value } = Atomics.waitAsync(places.states, STOP, 0, PATIENCE / PARTS);
    if (await value !== "timed-out") return;
  }
}

function take(order: ToChild): void {
  switch (order.kind) {
    case "hello":
      packets = new PacketWriter(order.marker, writeWhole);
      limit = order.memory;
      watchMemory();
      if (isReady) answer({ kind: "ready" });
      setInterval(look, LOOK);
      return;
    case "setup":
      places = new SharedPlaces();
      hasJoined = true;
      inHand.clear();
      // So what is told stands in order with what tasks write past the console, and a task that ends this
      // process does not take the outcome of the one before with it.
      return worker.postMessage({ ...order, places: places.buffer, isRelayed: true });
    case "work":
      for (const { place } of order.jobs) {
        Atomics.store(places.states, place, QUEUED);
        inHand.add(place);
        told.delete(place);
      }
      return worker.postMessage(order, memoryIn(order));
    case "recall":
      return recall(order.places);
    case "abort":
      Atomics.store(places.states, STOP, TOLD);
      worker.postMessage(order);
  }
}

// Results were read into memory of their own.
function memoryIn({ jobs }: WorkMessage): ArrayBuffer[] {
  return jobs.flatMap(({ dependencies }) =>
    dependencies.flatMap(({ result }) =>
      result !== undefined && "cbor" in result.value
        ? [result.value.cbor.buffer as ArrayBuffer]
        : []
    )
  );
}

function recall(wanted: readonly number[]): void {
  const taken = wanted.filter((place) =>
    Atomics.compareExchange(places.states, place, QUEUED, TAKEN) === QUEUED
  );
  if (taken.length > 0) answer({ kind: "taken", places: taken });
  tellBegun();
}

/** Begins to count what tasks take, once the limit is known and the thread has started: in either order. */
function watchMemory(): void {
  if (isReady && limit !== undefined) memory = { least: Deno.memoryUsage().rss, limit };
}

function look(): void {
  tellBegun();
  const overdue = [...inHand].filter((place) => isOverdue(places, place));
  if (overdue.length > 0) answer({ kind: "overdue", places: overdue });
  measure();
  if (memory === undefined || inHand.size === 0) return;
  const used = Deno.memoryUsage().rss - memory.least;
  if (used > memory.limit) {
    end(`its memory ran out: tasks took ${Math.ceil(used / MEGABYTE)} MB`);
  }
}

/** Tells what the task takes: one that goes on for a while. */
function measure(): void {
  const running = [...inHand].find((place) => Atomics.load(places.states, place) === BEGUN);
  const begun = running === undefined ? undefined : places.begun[running]!;
  if (begun !== measured?.begun) {
    measured = begun === undefined ? undefined : { begun, meter: new UsageMeter(), at: Date.now() };
    return;
  }
  if (measured === undefined || Date.now() - measured.at < MEASURE) return;
  measured.at = Date.now();
  const { cpu = 0, memory = 0 } = measured.meter.read();
  answer({ kind: "usage", place: running!, cpu, memory });
}

function tellBegun(): void {
  const fresh = [...inHand].filter((place) =>
    !told.has(place) && Atomics.load(places.states, place) === BEGUN
  );
  if (fresh.length === 0) return;
  for (const place of fresh) told.add(place);
  answer({ kind: "begun", places: fresh, at: fresh.map((place) => places.begun[place]!) });
}

function writeWhole(packet: Uint8Array): void {
  for (let at = 0; at < packet.length;) at += Deno.stdout.writeSync(packet.subarray(at));
}

function answer(message: FromChild): void {
  packets?.write(framed(encodeAnswer(message)));
}

function end(reason: string): void {
  try {
    answer({ kind: "ending", reason });
  } finally {
    die();
  }
}

// With all that tasks started, where this child may end other processes.
function die(): never {
  try {
    Deno.kill(-Deno.pid, "SIGKILL");
  } catch {
    // it may not: then it may start nothing, or only what the program named
  }
  Deno.exit(1);
}
