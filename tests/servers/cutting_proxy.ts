/** What becomes of a call: it is passed on, or its answer is lost after so many bytes of it. */
export type Fate = { readonly answerBytes: number } | undefined;

/**
 * Passes connections on to a server of this machine, and cuts those that it is told to: as a network does
 * that fails when the server has done what was asked already.
 */
export class CuttingProxy implements AsyncDisposable {
  /** How many answers were cut off. */
  cuts = 0;
  readonly #listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  readonly #port: number;
  readonly #fate: (call: string) => Fate;
  readonly #before: (call: string) => Promise<void>;
  readonly #connections = new Set<Deno.Conn>();
  readonly #work: Promise<unknown>[] = [];
  #isOver = false;

  /**
   * `fate` is asked about each call, by its first line: `PUT /bucket/name?query HTTP/1.1`. It is passed on
   * when `before` has been through with it.
   */
  constructor(
    port: number,
    fate: (call: string) => Fate,
    before: (call: string) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#port = port;
    this.#fate = fate;
    this.#before = before;
    this.#work.push(this.#accept());
  }

  /** Its address, in place of the server's. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#listener.close();
    for (const connection of this.#connections) this.#close(connection);
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    try {
      for await (const client of this.#listener) this.#work.push(this.#serve(client));
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #serve(client: Deno.Conn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    this.#connections.add(client).add(server);
    // One that came last would be served for as long as its client lives.
    if (this.#isOver) return [client, server].forEach((each) => this.#close(each));
    const state = { left: Infinity };
    const close = () => {
      this.#close(client);
      this.#close(server);
    };
    await Promise.all([
      pass(client, server, async (bytes) => {
        const line = /^(?:GET|PUT|POST|DELETE|HEAD) [^\r\n]+/.exec(
          new TextDecoder("latin1").decode(bytes.subarray(0, 2000)),
        );
        const fate = line && this.#fate(line[0]);
        if (fate) state.left = fate.answerBytes;
        if (line) await this.#before(line[0]);
        return bytes;
      }).finally(close),
      pass(server, client, (bytes) => {
        if (bytes.length < state.left) {
          state.left -= bytes.length;
          return bytes;
        }
        this.cuts++;
        return undefined;
      }).finally(close),
    ]);
  }

  #close(connection: Deno.Conn): void {
    if (!this.#connections.delete(connection)) return;
    connection.close();
  }
}

/** Passes bytes on until the end, or until `each` gives none. */
async function pass(
  from: Deno.Conn,
  to: Deno.Conn,
  each: (bytes: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>,
): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let count; (count = await from.read(buffer)) !== null;) {
      const bytes = await each(buffer.subarray(0, count));
      if (!bytes) return;
      for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
    }
  } catch {
    // A connection that the other side closed.
  }
}
