import { join } from "@std/path/join";

/** A line of the notes of a host: what was computed, and by which computation. */
export interface Note {
  readonly host: string;
  readonly what: "begin" | "end";
  /** The task. */
  readonly seed: number;
  /** Whether it was held up. */
  readonly isHeld: boolean;
  readonly stamp: string;
  /** The number of the process. */
  readonly pid: number;
  /** When, in ms since the epoch. */
  readonly at: number;
}

const LINE = /^(begin|end) (\d+) (held|free) (\S{36}) (\d+) (\d+)$/;

/** What hosts note of their computations, each in a file of its own. */
export class Notes {
  readonly #dir: string;
  readonly #hosts: readonly string[];
  /** What was read of each host, which others are added to. */
  readonly #known = new Map<string, Promise<Known>>();

  constructor(dir: string, hosts: readonly string[]) {
    this.#dir = dir;
    this.#hosts = hosts;
  }

  /** The file of a host. */
  path(host: string): string {
    return join(this.#dir, `${host}.notes`);
  }

  /** All of them, in their order host by host. */
  async read(): Promise<Note[]> {
    return (await Promise.all(this.#hosts.map((host) => this.of(host)))).flat();
  }

  /** Those of a host. */
  async of(host: string): Promise<readonly Note[]> {
    // One after the other: each reads on from where the one before has ended.
    const before = this.#known.get(host) ?? Promise.resolve({ bytes: 0, notes: [] });
    const reading = before.then((known) => this.#readOn(host, known));
    this.#known.set(host, reading);
    return (await reading).notes;
  }

  async #readOn(host: string, { bytes, notes }: Known): Promise<Known> {
    const text = await textFrom(this.path(host), bytes);
    // The last line may be on its way.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const fresh = whole.split("\n").slice(0, -1).map((line) => noteOf(host, line));
    return { bytes: bytes + whole.length, notes: fresh.length > 0 ? notes.concat(fresh) : notes };
  }
}

/** What was read of a file: so many bytes, and the notes in them. */
interface Known {
  readonly bytes: number;
  readonly notes: readonly Note[];
}

/** The text of a file from a byte on; all of it is ASCII. */
async function textFrom(path: string, start: number): Promise<string> {
  try {
    using file = await Deno.open(path);
    await file.seek(start, Deno.SeekMode.Start);
    return await new Response(file.readable).text();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

function noteOf(host: string, line: string): Note {
  const [, what, seed, held, stamp, pid, at] = LINE.exec(line) ?? [];
  if (stamp === undefined) {
    throw new Error(`The notes of ${host} are torn: ${JSON.stringify(line)}`);
  }
  return {
    ...{ host, what: what as Note["what"], seed: Number(seed), isHeld: held === "held", stamp },
    ...{ pid: Number(pid), at: Number(at) },
  };
}
