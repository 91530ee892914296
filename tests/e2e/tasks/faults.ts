/** Tasks that go wrong in every way that is known. */
import process, { exit } from "node:process";
import { registerClass, type Task, task } from "@labtech/lab";
import { wait } from "./trace.ts";

/** An error class of one's own. */
export class ModelError extends Error {
  override readonly name = "ModelError";
}

/** A class that results may hold. */
export class Point {
  constructor(readonly x: number, readonly y: number) {}
}
registerClass("Point", Point, {
  encode: ({ x, y }) => [x, y] as const,
  decode: ([x, y]) => new Point(x, y),
});

/** A class that is not registered. */
export class Unknown {
  constructor(readonly x: number) {}
}

const KINDS: Record<string, () => unknown> = {
  "TypeError": () => {
    throw new TypeError("not a type");
  },
  "own error": () => {
    throw new ModelError("diverged", { cause: new RangeError("step", { cause: "too large" }) });
  },
  "string": () => {
    throw "just a string";
  },
  "undefined": () => {
    throw undefined;
  },
  "object": () => {
    throw { code: 7 };
  },
  "no text": () => {
    throw Object.assign(Object.create(null), { code: 8 });
  },
  "rejection": () => Promise.reject(new URIError("later")),
  "hostile error": () => {
    throw Object.defineProperties(new Error("x"), {
      message: { get: () => "got" },
      stack: { value: { not: "text" } },
      extra: { value: () => {} },
    });
  },
};

/** Throws. */
export const Throwing = task(import.meta, {
  name: "Throwing",
  run: ({ kind }: { kind: string; n?: number }) => KINDS[kind]!(),
});

/** Tries to end the thread, or leaves an error behind that nobody waits for. */
export const Ending = task(import.meta, {
  name: "Ending",
  async run({ by }: { by: string }) {
    switch (by) {
      case "Deno.exit":
        Deno.exit(3);
        break;
      case "process.exit":
        process.exit(3);
        break;
      case "exit of node:process":
        exit(3);
        break;
      case "process.reallyExit":
        (process as unknown as { reallyExit(code: number): void }).reallyExit(3);
        break;
      case "process.abort":
        process.abort();
        break;
      case "Deno.kill":
        Deno.kill(Deno.pid, "SIGCONT"); // which harms nobody
        break;
      case "process.kill":
        process.kill(process.pid, "SIGCONT");
        break;
      case "Deno.chdir":
        Deno.chdir("/");
        break;
      case "self.close":
        self.close();
        break;
      case "close later":
        setTimeout(() => self.close());
        break;
      case "rejection":
        Promise.reject(new Error("left behind"));
        break;
      case "error":
        setTimeout(() => {
          throw new Error("thrown later");
        });
        break;
      case "reported":
        reportError(new Error("reported"));
    }
    await wait(30);
    return by;
  },
});

/** Gives what not every cache can hold. */
export const Giving = task(import.meta, {
  name: "Giving",
  run: ({ what }: { what: string }, { context }) => resultOf(String(context.instead ?? what)),
});

/** The same, never kept. */
export const GivingFresh = task(import.meta, {
  name: "GivingFresh",
  cache: null,
  run: ({ what }: { what: string }) => resultOf(what),
});

/** What a result looks like from above. */
export const Looking = task(import.meta, {
  name: "Looking",
  cache: null,
  run: ({ at }: { at: Task }) => {
    const value = at.result;
    return value instanceof Point ? `Point ${value.x} ${value.y}` : Deno.inspect(value);
  },
});

function resultOf(what: string): unknown {
  switch (what) {
    case "function":
      return { deep: [() => 1] };
    case "NaN":
      return NaN;
    case "point":
      return new Point(1, 2);
    case "points":
      return new Map([["a", [new Point(3, 4)]]]);
    case "unknown":
      return new Unknown(1);
    case "symbol":
      return Symbol("s");
    case "undefined":
      return undefined;
    case "cycle": {
      const value: Record<string, unknown> = { n: 1 };
      value.self = value;
      return value;
    }
    case "large":
      return new Float64Array(3e5).map((_, i) => i);
    default:
      return what;
  }
}

/** Leaves something behind that keeps the thread from all else, and goes on. */
export const LeavingLoop = task(import.meta, {
  name: "LeavingLoop",
  run: () => {
    setTimeout(() => {
      for (;;);
    });
    return "left a loop";
  },
});

/** Says things by the means of the thread itself, as a library may that knows threads of its own. */
export const Posting = task(import.meta, {
  name: "Posting",
  async run({ message }: { message: string }) {
    const thread = self as unknown as Worker;
    thread.onmessage = () => console.log("heard what was for others");
    const MESSAGES: Record<string, unknown> = {
      text: "progress: 50%",
      nothing: null,
      unknown: { kind: "unknown" },
      "no outcomes": { kind: "report", logs: [], outcomes: 7, refused: [] },
      "far place": {
        kind: "report",
        logs: [],
        outcomes: [{ kind: "passed", place: 1e6 }],
        refused: [],
      },
      shares: { kind: "shares", id: "Leaf__1", value: { plain: "forged" } },
    };
    thread.postMessage(MESSAGES[message]);
    await wait(30);
    return message;
  },
});
