import type { ProgressDisplay } from "./events.ts";
import { LiveDisplay } from "./_live_display.ts";

/** Where {@linkcode routeConsole} finds what it routes. */
export interface RouteConsoleOptions {
  /**
   * Whether standard output is the terminal too. Where it goes to a file or pipe, what is meant for
   * it keeps going there.
   *
   * @default as it is
   */
  readonly stdout?: "terminal" | "elsewhere";
}

const TO_STDERR = ["warn", "error", "trace", "assert"] as const;
const TO_STDOUT = [
  ...["log", "info", "debug", "dir", "dirxml", "table"] as const,
  ...["group", "groupCollapsed", "groupEnd", "clear"] as const,
  ...["count", "countReset", "time", "timeLog", "timeEnd"] as const,
] as const;

/**
 * Sends what the program prints by `console` through a display as long as bars are on the screen,
 * so that it appears above them and garbles nothing. Does nothing, and loads nothing, for a display
 * without bars. Dispose what is returned to end it.
 *
 * What is written to `Deno.stdout` or `Deno.stderr` directly is not caught.
 */
export async function routeConsole(
  display: ProgressDisplay,
  options: RouteConsoleOptions = {},
): Promise<Disposable> {
  if (!(display instanceof LiveDisplay)) return { [Symbol.dispose]() {} };
  const [{ Console }, { Writable }] = await Promise.all([
    // Loaded here, since they take 20 ms. It knows groups, tables, timers and format strings.
    import("node:console"),
    import("node:stream"),
  ]);
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding: string, done: () => void) {
      display.print(text);
      done();
    },
  });
  const routed = new Console({ stdout: stream, stderr: stream, colorMode: display.color });
  // Its own would clear the screen.
  routed.clear = () => {};
  const stdout = options.stdout ?? (Deno.stdout.isTerminal() ? "terminal" : "elsewhere");
  return replaceMethods(routed, {
    names: stdout === "terminal" ? [...TO_STDERR, ...TO_STDOUT] : TO_STDERR,
    while: () => display.open,
  });
}

type ConsoleMethod = typeof TO_STDERR[number] | typeof TO_STDOUT[number];
type Methods = Record<ConsoleMethod, (...values: unknown[]) => void>;

function replaceMethods(
  routed: object,
  options: { names: readonly ConsoleMethod[]; while: () => boolean },
): Disposable {
  const target = console as unknown as Methods;
  const source = routed as Methods;
  let active = true;
  const undo = options.names.map((name) => {
    const original = target[name];
    const replacement = (...values: unknown[]): void => {
      const method = active && options.while() ? source[name] : original;
      method.apply(console, values);
    };
    target[name] = replacement;
    return () => {
      // Who replaced it after us keeps it, and reaches the original through us.
      if (target[name] === replacement) target[name] = original;
    };
  });
  return {
    [Symbol.dispose](): void {
      active = false;
      for (const restore of undo) restore();
    },
  };
}
