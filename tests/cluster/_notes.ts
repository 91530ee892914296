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
  async of(host: string): Promise<Note[]> {
    const text = await Deno.readTextFile(this.path(host)).catch(() => "");
    // The last line may be on its way.
    return text.split("\n").slice(0, -1).map((line): Note => {
      const [, what, seed, held, stamp, pid, at] = LINE.exec(line) ?? [];
      if (stamp === undefined) {
        throw new Error(`The notes of ${host} are torn: ${JSON.stringify(line)}`);
      }
      return {
        ...{ host, what: what as Note["what"], seed: Number(seed), isHeld: held === "held", stamp },
        ...{ pid: Number(pid), at: Number(at) },
      };
    });
  }
}
