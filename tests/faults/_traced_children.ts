import { fastScratch } from "./_fast_scratch.ts";
import type { TracedOrder } from "./_traced_order.ts";

const CHILD = new URL("./_traced_child.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** A running child. */
export class Child {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;

  constructor() {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", "--quiet", "--config", CONFIG, CHILD],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Gives the answer; `undefined` when it died. */
  async ask(order: TracedOrder): Promise<string | undefined> {
    await this.#input.write(new TextEncoder().encode(JSON.stringify(order)));
    return (await this.#output.read()).value?.trimEnd();
  }

  async end({ isDead }: { readonly isDead: boolean }): Promise<void> {
    if (!isDead) this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#output.cancel();
    await this.#input.abort().catch(() => {});
  }
}

/** Children, one of them started ahead of the need for it; and the places that they work in. */
export class Children implements AsyncDisposable {
  readonly #scratch = fastScratch();
  readonly #warmUp: readonly TracedOrder["what"][];
  readonly #storage: TracedOrder["storage"];
  #places = 0;
  #spare: Promise<Child>;
  #current?: Promise<Child>;

  /** Children that have done something before, on the storage in question. */
  constructor(warmUp: readonly TracedOrder["what"][], storage: TracedOrder["storage"] = "local") {
    this.#warmUp = warmUp;
    this.#storage = storage;
    this.#spare = this.#start();
  }

  /** Gives a directory that is not there yet, and a log beside it; both go at the end of the block. */
  newPlace(): Disposable & { readonly dir: string; readonly log: string } {
    const folder = `${this.#scratch.dir}/${++this.#places}`;
    Deno.mkdirSync(folder);
    return {
      dir: `${folder}/results`,
      log: `${folder}/log`,
      [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
    };
  }

  async take(): Promise<Child> {
    if (!this.#current) {
      this.#current = this.#spare;
      this.#spare = this.#start();
    }
    return await this.#current;
  }

  async putBack(child: Child, { isDead }: { readonly isDead: boolean }): Promise<void> {
    if (!isDead) return;
    await child.end({ isDead });
    this.#current = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [await this.#spare, await this.#current]) {
      await child?.end({ isDead: false });
    }
    this.#scratch[Symbol.dispose]();
  }

  /** Starts a child, and has it do everything once, so that later it only makes calls of ours. */
  async #start(): Promise<Child> {
    const child = new Child();
    using place = this.newPlace();
    for (const what of this.#warmUp) {
      const storage = this.#storage;
      await child.ask({ what, storage, dir: place.dir, durability: "always", writer: 3 });
    }
    return child;
  }
}
