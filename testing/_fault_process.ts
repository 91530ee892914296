import type { Order } from "./_fault_orders.ts";

/** How child processes are started. */
export interface ChildFlags {
  /** The flags of `deno run`. */
  readonly flags: readonly string[];
}

const CHILD = new URL("./_fault_child.ts", import.meta.url).href;
const encoder = new TextEncoder();

/** A process that does what it was ordered to, and tells of it in lines. */
export class FaultProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #errors: Promise<string>;

  /** Starts it. */
  constructor(order: Order, { flags }: ChildFlags) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--quiet", ...flags, CHILD, JSON.stringify(order)],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#lines = linesOf(this.#process.stdout);
    this.#input = this.#process.stdin.getWriter();
    this.#errors = new Response(this.#process.stderr).text();
  }

  /** Gives the next line; throws, with what it said of it, where the process ended before. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (!done) return value;
    throw new Error(`The child process ended by itself: ${await this.#errors}`);
  }

  /** Gives all lines until the process has ended. */
  async rest(): Promise<string[]> {
    return await Array.fromAsync(this.#lines);
  }

  /** Sends it a line. */
  async tell(text: string): Promise<void> {
    await this.#input.write(encoder.encode(`${text}\n`));
  }

  /** Tells it that no line comes any more. */
  async end(): Promise<void> {
    await this.#input.close();
  }

  /** Kills it, as nobody can prevent. */
  kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** How it ended; and what it said, where that was not by our signal. */
  async status(): Promise<{ readonly killed: boolean; readonly errors: string }> {
    const { signal, success } = await this.#process.status;
    return { killed: signal === "SIGKILL", errors: success ? "" : await this.#errors };
  }

  /** Kills it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#process.status;
    await this.#errors;
    await this.#lines.return(undefined);
    await this.#input.abort().catch(() => {});
  }
}

/** Gives what comes from a process line by line. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
