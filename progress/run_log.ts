import type { ProgressDisplay, RunEvent, RunSummary, TaskLabel } from "./events.ts";

/**
 * A line of a log file: what happened, when, in which run. JSON has no `undefined`: what does not apply
 * is left out.
 */
export interface RunLogLine {
  /** When, in ISO 8601, UTC. */
  readonly at: string;
  /** The run: a random UUID, the same in all of its lines. */
  readonly run: string;
  /** What happened; see {@linkcode RunEvent}. A log starts with `begun`, which tells of the program. */
  readonly event: "begun" | Exclude<RunEvent["kind"], "usage">;
  /** The task that it happened to. */
  readonly task?: TaskLabel;
  /** `planned`: the name of a task type. */
  readonly type?: string;
  /** `planned`: how many tasks of the type were added. */
  readonly count?: number;
  /** `done`: whether the task ran or its result was in the cache. */
  readonly from?: "run" | "cache";
  /** `done`: how long `run` took, in ms. */
  readonly duration?: number;
  /** `retrying`: which attempt failed, from 1. */
  readonly attempt?: number;
  /** `retrying`: how many there are at most. */
  readonly attempts?: number;
  /** `retrying`: how long until the next one, in ms. */
  readonly delay?: number;
  /** `failed` and `retrying`: the error and its causes, the outermost first. */
  readonly errors?: readonly { readonly name: string; readonly message: string }[];
  /** `failed`: the stack of the innermost error. */
  readonly stack?: string;
  /** `skipped`: the task whose failure is the reason. */
  readonly cause?: TaskLabel;
  /** `log`: how grave. */
  readonly level?: string;
  /** `log`: what was logged. */
  readonly text?: string;
  /** `ended`: the run in numbers. */
  readonly summary?: RunSummary;
  /** `done`, `failed`, `log` and `usage`: the worker that runs the task, where that is another program. */
  readonly worker?: string;
  /** `begun`: the number of the process. */
  readonly pid?: number;
}

/** For how long lines are kept together before they are written, in ms. */
const FLUSH_AFTER = 200;
/** How many characters are kept together at most. */
const FLUSH_AT = 64 * 1024;
/** No more causes of an error are told. */
const CAUSES = 10;

/** Where the lines go, and who is told when they cannot. */
export interface RunLogOptions {
  /** The file: lines are added at its end, so that several runs, of several programs, may share one. */
  readonly path: string;
  /** The run: a UUID. @default {a random one} */
  readonly run?: string;
  /** Is told once when the file cannot be written; the run goes on without. */
  readonly warn: (text: string) => void;
}

/**
 * Writes what happens in a run to a file, a JSON object a line (https://jsonlines.org/), in order. Lines
 * of one write are never torn apart by those of another program on the same machine.
 */
export class RunLog implements ProgressDisplay {
  readonly #path: string;
  readonly #warn: (text: string) => void;
  readonly #run: string;
  #waiting = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #file: Deno.FsFile | undefined;
  #broken = false;

  /** Begins a log. The file is opened by the first line. */
  constructor({ path, warn, run = crypto.randomUUID() }: RunLogOptions) {
    this.#path = path;
    this.#run = run;
    this.#warn = warn;
    this.#add({ at: Date.now(), event: "begun", pid: Deno.pid });
  }

  /** Writes an event. */
  handle(event: RunEvent): void {
    const { kind, at } = event;
    // Of what tasks take there is more than of all else; it is for the screen.
    if (kind === "usage") return;
    if (kind === "failed" || kind === "retrying") {
      const { kind: _, at: __, error, ...rest } = event;
      this.#add({ at, event: kind, ...rest, ...told(error) });
    } else if (kind === "log") {
      const { kind: _, at: __, isUrgent, ...rest } = event;
      this.#add({ at, event: kind, ...rest });
      if (isUrgent) this.#flush();
    } else {
      const { kind: _, at: __, ...rest } = event;
      this.#add({ at, event: kind, ...rest });
    }
  }

  /** Writes what is left, and closes the file. */
  [Symbol.dispose](): void {
    this.#flush();
    this.#file?.close();
    this.#file = undefined;
  }

  #add({ at, ...line }: Omit<RunLogLine, "at" | "run"> & { readonly at: number }): void {
    if (this.#broken) return;
    const whole: RunLogLine = { at: new Date(at).toISOString(), run: this.#run, ...line };
    this.#waiting += `${JSON.stringify(whole)}\n`;
    if (this.#waiting.length >= FLUSH_AT) return this.#flush();
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#flush(), FLUSH_AFTER);
    Deno.unrefTimer(this.#timer);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const bytes = new TextEncoder().encode(this.#waiting);
    this.#waiting = "";
    if (bytes.length === 0 || this.#broken) return;
    try {
      this.#file ??= Deno.openSync(this.#path, { append: true, create: true });
      for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
    } catch (error) {
      this.#broken = true;
      const reason = error instanceof Error ? error.message : String(error);
      this.#warn(`Cannot write the log "${this.#path}" (${reason}); the run goes on without it`);
    }
  }
}

/** Tells an event to each of some displays. */
export class Displays implements ProgressDisplay {
  readonly #displays: readonly ProgressDisplay[];

  /** The displays are disposed with it, the last one first. */
  constructor(displays: readonly ProgressDisplay[]) {
    this.#displays = displays;
  }

  /** Tells an event to each of them. */
  handle(event: RunEvent): void {
    for (const display of this.#displays) display.handle(event);
  }

  /** Resolves when all of them are done. */
  async settle(): Promise<void> {
    for (const display of this.#displays) await display.settle?.();
  }

  /** Disposes them all. */
  [Symbol.dispose](): void {
    using stack = new DisposableStack();
    for (const display of this.#displays) stack.use(display);
  }
}

function told(error: Error): Pick<RunLogLine, "errors" | "stack"> {
  const errors: { name: string; message: string }[] = [];
  let stack: string | undefined;
  for (
    let each: unknown = error;
    each instanceof Error && errors.length < CAUSES;
    each = each.cause
  ) {
    errors.push({ name: String(each.name), message: String(each.message) });
    stack = typeof each.stack === "string" ? each.stack : stack;
  }
  return { errors, stack };
}
