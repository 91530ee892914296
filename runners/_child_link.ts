import { Patience } from "../patience.ts";
import type { LogLevel, TaskUsage } from "../progress/events.ts";
import type { Link, LinkListener, Setup, TakingBack } from "./_link.ts";
import { framed, MessageReader, newMarker, PacketReader } from "./_processes_frames.ts";
import { LineReader } from "./_processes_lines.ts";
import { decodeAnswer, encodeOrder, type FromChild, type ToChild } from "./_processes_messages.ts";
import type { WorkMessage } from "./_worker_protocol.ts";

/** How a child process is started. */
export interface ChildOptions {
  /** The flags of `deno run`. */
  readonly flags: readonly string[];
  /** How many MB tasks may take in all. */
  readonly memory: number | undefined;
}

const PROGRAM = import.meta.resolve("./_processes_child.ts");
const MEGABYTE = 2 ** 20;
// After the end of a child others that it started may hold its output: what it wrote itself is there when nothing
// came so many times in a row, that often in ms, or more has come than the system holds for it.
const LOOK = 10;
const SILENT = 10;
const MOST_HELD = 2 ** 20;
// How long, in ms, a child is given to end itself and what it started.
const PATIENCE = 2000;
// What V8 says before it ends a process.
const LAST_WORDS = /^<--- Last few GCs --->|^# *$|^# Fatal|^FATAL ERROR|^Fatal process/;
// What it was if nobody else was it.
const KILLED = " (as the system does where no memory is left)";
const OUT_OF_MEMORY = /out of memory|allocation failed/i;
const MAX_LAST_WORDS = 100;

/** The connection to a child process: orders by its standard input, answers by packets in its output. */
export class ChildLink implements Link {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #memory: number | undefined;
  readonly #startsOthers: boolean;
  readonly #begun = new Map<number, number>();
  readonly #overdue = new Set<number>();
  readonly #usages = new Map<number, TaskUsage>();
  /** What it said on standard error before it was ready, or when it died. */
  readonly #words: string[] = [];
  readonly #followed: Promise<void>;
  #listener: LinkListener | undefined;
  #reason: string | undefined;
  #isDying = false;
  /** How many bytes it has written. */
  #written = 0;
  #hasEnded = false;
  readonly #recalled = new Set<number>();

  /** Whether it is known to have started. */
  started = false;
  /** Whether it is dead, or dying. */
  ended = false;

  constructor({ flags, memory }: ChildOptions) {
    this.#memory = memory;
    this.#startsOthers = flags.some((flag) => flag.startsWith("--allow-run="));
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, PROGRAM],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true, // Ctrl-C is for the Lab alone, and what a child starts can be ended with it
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#input.closed.catch(() => {}); // its end is seen elsewhere
    const marker = newMarker();
    this.#send({
      kind: "hello",
      marker,
      memory: memory === undefined ? memory : memory * MEGABYTE,
    });
    this.#followed = this.#follow(marker);
  }

  join(setup: Setup, listener: LinkListener): void {
    this.#listener = listener;
    this.#begun.clear();
    this.#usages.clear();
    this.#process.ref();
    const { storage, plugins, sources, context } = setup;
    this.#send({ kind: "setup", storage, plugins, sources, context });
  }

  leave(): void {
    this.#listener = undefined;
    this.#process.unref(); // an idle child does not keep the program from its end
  }

  queue(place: number): void {
    this.#begun.delete(place);
    this.#overdue.delete(place);
    this.#usages.delete(place);
    // Another job is there now than the one that was to be asked for.
    this.#recalled.delete(place);
  }

  send(work: WorkMessage): void {
    this.#send(work);
  }

  // After the jobs themselves, which may be on their way.
  takeBack(place: number): TakingBack {
    if (this.#recalled.size === 0) {
      setTimeout(() => {
        this.#send({ kind: "recall", places: [...this.#recalled] });
        this.#recalled.clear();
      });
    }
    this.#recalled.add(place);
    return "asked";
  }

  beginOf(place: number): number | undefined {
    return this.#begun.get(place);
  }

  usageOf(place: number): TaskUsage | undefined {
    const usage = this.#usages.get(place);
    this.#usages.delete(place); // what was told once is not told again
    return usage;
  }

  isOverdue(place: number): boolean {
    return this.#overdue.has(place);
  }

  async terminate(jobs: number): Promise<void> {
    this.#listener = undefined;
    if (!this.ended) {
      this.#process.ref(); // its end is waited for
      if (jobs === 0) await this.#dismiss();
    }
    if (!this.#hasEnded) this.#kill();
    await this.#followed;
  }

  /** Lets an idle child end by itself, which releases what it held, such as the lock of its storage. */
  async #dismiss(): Promise<void> {
    this.ended = true;
    this.#input.close().catch(() => {});
    using patience = new Patience(PATIENCE, undefined);
    const late = new Promise((resolve) => patience.signal.addEventListener("abort", resolve));
    await Promise.race([this.#followed, late]);
  }

  #send(message: ToChild): void {
    for (const piece of framed(encodeOrder(message))) {
      this.#input.write(piece as Uint8Array<ArrayBuffer>).catch(() => {}); // its end is seen elsewhere
    }
  }

  /** Takes in all that it writes, until it has ended. */
  async #follow(marker: Uint8Array): Promise<void> {
    const messages = new MessageReader((message) => {
      const answer = decodeAnswer(message);
      // What a task leaves without an end is its own last line.
      if (answer.kind === "report" && answer.outcomes.length > 0) output.end();
      this.#take(answer);
    });
    const output = new LineReader((line) => this.#output("info", line));
    const errors = new LineReader((line) => this.#output("warn", line));
    const packets = new PacketReader(marker, {
      content: (bytes) => messages.push(bytes),
      output: (bytes) => output.push(bytes),
    });
    const { stdout, stderr, status } = this.#process;
    const readers = [stdout, stderr].map((stream) => stream.getReader());
    const read = Promise.all([
      this.#read(readers[0]!, (bytes) => packets.push(bytes)),
      this.#read(readers[1]!, (bytes) => errors.push(bytes)),
    ]);
    const { code, signal } = await status;
    // What it started ends with it, also where it was killed by others and could not see to that itself.
    if (!this.ended) this.#killGroup();
    this.ended = true;
    this.#hasEnded = true;
    await this.#untilSilent(read);
    for (const reader of readers) await reader.cancel().catch(() => {});
    await read;
    await this.#input.abort().catch(() => {});
    for (const lines of [output, errors]) lines.end();
    this.#listener?.died(this.#reasonOf(code, signal));
    this.#listener = undefined;
  }

  /**
   * Waits until what was written is read. A child may hold outcomes that nobody has heard of; so the looks are
   * counted, as a program that stands still meanwhile reads nothing.
   */
  async #untilSilent(read: Promise<unknown>): Promise<void> {
    const { promise: silent, resolve } = Promise.withResolvers<void>();
    const written = this.#written;
    let [before, looks] = [written, 0];
    const timer = setInterval(() => {
      looks = this.#written === before ? looks + 1 : 0;
      before = this.#written;
      if (looks === SILENT || before - written > MOST_HELD) resolve();
    }, LOOK);
    await Promise.race([read, silent]);
    clearInterval(timer);
  }

  async #read(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    take: (bytes: Uint8Array) => void,
  ): Promise<void> {
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        this.#written += next.value.length;
        take(next.value);
      }
    } catch (error) {
      // Whoever does not keep to the protocol is not spoken to any more.
      this.#reason ??= `it sent what no worker sends (${(error as Error).message})`;
      this.#kill();
    }
  }

  #take(message: FromChild): void {
    switch (message.kind) {
      case "ready":
        this.started = true;
        for (const line of this.#words.splice(0)) this.#listener?.output("warn", line);
        return;
      case "begun":
        message.places.forEach((place, i) => this.#begun.set(place, message.at[i]!));
        return this.#listener?.begun?.(message.places);
      case "overdue":
        for (const place of message.places) this.#overdue.add(place);
        return;
      case "usage":
        this.#usages.set(message.place, { cpu: message.cpu, memory: message.memory });
        return;
      case "taken":
        return this.#listener?.taken(message.places);
      case "ending":
        this.#reason ??= message.reason;
        return;
      case "report":
        message.outcomes.forEach(({ place }, i) => this.#begun.set(place, message.begun[i]!));
        return this.#listener?.message(message);
      case "broken":
        return this.#listener?.message(message);
    }
  }

  #output(level: LogLevel, line: string): void {
    this.#isDying ||= level === "warn" && LAST_WORDS.test(line);
    if (this.started && !this.#isDying) this.#listener?.output(level, line);
    else if (this.#words.length < MAX_LAST_WORDS) this.#words.push(line);
  }

  #reasonOf(code: number, signal: Deno.Signal | null): string {
    const isFull = this.#reason?.startsWith("its memory ran out") ||
      this.#words.some((line) => OUT_OF_MEMORY.test(line));
    if (isFull) {
      const limit = this.#memory === undefined ? "V8's own" : `${this.#memory} MB`;
      return `${this.#reason ?? "its memory ran out"}; the limit is ${limit}: raise it by the ` +
        `runner's option "memory" (MB a worker), or let the task use less`;
    }
    if (this.#reason !== undefined) return this.#reason;
    const said = this.#words.find((line) => line.trim() !== "");
    const end = signal === null
      ? `its process ended with code ${code}`
      : `${signal} ended its process${signal === "SIGKILL" ? KILLED : ""}`;
    return said === undefined ? end : `${end}: ${said}`;
  }

  /** Ends it, and all that it started. Gives whether it could: else that is under way, where it matters. */
  #killGroup(): boolean {
    const { pid } = this.#process;
    try {
      Deno.kill(-pid, "SIGKILL");
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      if (this.#startsOthers) killGroup(pid);
      return false;
    }
  }

  #kill(): void {
    this.ended = true;
    if (!this.#killGroup()) {
      // Without leave to end other processes: the child does it when nobody speaks to it any more, unless it
      // has leave to start some only.
      this.#input.close().catch(() => {});
      const timer = setTimeout(() => {
        try {
          this.#process.kill("SIGKILL");
        } catch {
          // it has ended
        }
      }, PATIENCE);
      this.#process.status.finally(() => clearTimeout(timer));
    }
  }
}

// Deno lets only programs end process groups that may start whatever they like, as this one may.
function killGroup(id: number): void {
  new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", `Deno.kill(${-id}, "SIGKILL")`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn().unref();
}
