import type { LogLevel, ProgressDisplay } from "./events.ts";
import { LiveDisplay } from "./_live_display.ts";
import type { Notebook } from "./_notebook_display.ts";
import type { ProgressOutput } from "./output.ts";
import { stderrOutput } from "./output.ts";
import { PlainDisplay } from "./_plain_display.ts";

/** How a run is shown. */
export interface ProgressOptions {
  /**
   * Whether progress is shown. Log lines are, in any case.
   *
   * @default whether the output is a terminal, or the program a notebook
   */
  readonly enabled?: boolean;
  /**
   * The width to draw for, in characters.
   *
   * @default that of the terminal, asked anew at each drawing
   */
  readonly columns?: number;
  /**
   * The least time between two drawings on a terminal or in a notebook, in ms; at least 100.
   *
   * @default 100
   */
  readonly refresh?: number;
  /**
   * Log lines that are less grave than this are left out.
   *
   * @default "info"
   */
  readonly logLevel?: LogLevel;
  /**
   * Whether to use colours.
   *
   * @default on a terminal, unless the environment has `NO_COLOR` (https://no-color.org/)
   */
  readonly color?: boolean;
  /**
   * Where to write.
   *
   * @default standard error; in a Jupyter notebook, the output of the cell
   */
  readonly output?: ProgressOutput;
}

const LEAST_REFRESH = 100;

// A terminal has one end only: a second run that shows itself there meanwhile writes plain lines
// above the bars of the first.
const onTerminals = new WeakMap<ProgressOutput, LiveDisplay>();

/**
 * Opens what shows a run: bars that are redrawn in place on a terminal; plain lines elsewhere, if
 * progress was asked for; log lines alone if not. The display needs no permission, never fails the
 * run, and keeps no process alive. Dispose it when the run is over, however it ended.
 *
 * While the bars are on the screen, what the program prints by itself must go above them: see
 * `routeConsole`.
 */
export function createDisplay(options: ProgressOptions = {}): ProgressDisplay {
  const output = options.output ?? stderrOutput;
  const { terminal } = output;
  const enabled = options.enabled ?? terminal;
  const logLevel = options.logLevel ?? "info";
  const color = options.color ?? (terminal && !Deno.noColor);
  const now = () => Date.now();
  const shows = enabled ? "progress" : "logs";
  const other = onTerminals.get(output);
  if (other?.open) {
    const above: ProgressOutput = { terminal: false, write: (text) => other.print(text) };
    return new PlainDisplay({ output: above, shows, logLevel, color, now });
  }
  if (!terminal || !enabled) return new PlainDisplay({ output, shows, logLevel, color, now });
  const refresh = Math.max(LEAST_REFRESH, options.refresh ?? LEAST_REFRESH);
  const { columns } = options;
  const live = new LiveDisplay({ output, columns, refresh, logLevel, color, now });
  onTerminals.set(output, live);
  return live;
}

/**
 * Opens what shows a run, as {@linkcode createDisplay} does; in a notebook on Deno's Jupyter kernel an
 * output of the cell, as HTML, that is drawn again in place.
 */
export async function openDisplay(options: ProgressOptions = {}): Promise<ProgressDisplay> {
  const notebook = options.output === undefined ? currentNotebook() : undefined;
  if (notebook === undefined) return createDisplay(options);
  const { enabled = true, refresh = LEAST_REFRESH, logLevel = "info" } = options;
  // Loaded here, since programs outside of a notebook need not wait for it at their start.
  const { NotebookDisplay } = await import("./_notebook_display.ts");
  return new NotebookDisplay({
    notebook,
    shows: enabled ? "progress" : "logs",
    refresh: Math.max(LEAST_REFRESH, refresh),
    logLevel,
    now: () => Date.now(),
  });
}

/** Gives the notebook that the program runs in; `undefined` outside of one. */
function currentNotebook(): Notebook | undefined {
  try {
    // Outside of a notebook, asking for it throws.
    const { jupyter } = Deno as unknown as { jupyter?: Partial<Notebook> };
    return typeof jupyter?.broadcast === "function" ? jupyter as Notebook : undefined;
  } catch {
    return undefined;
  }
}
