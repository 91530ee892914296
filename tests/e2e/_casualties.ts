import { runChild } from "./_child.ts";
import type { Order, Said } from "./programs/casualties.ts";
import { linesOf, scratch } from "./_scratch.ts";

const PROGRAM = new URL("./programs/casualties.ts", import.meta.url);
/** After how many ms a program is taken to hang. */
const PATIENCE = 600_000;
/** How long processes may take to end when they are to, in ms. */
const LAST = 120_000;

/** What came of workers that were lost. */
export interface Casualties {
  /** How many workers, or programs, were lost. */
  readonly lost: number;
  /** How many jobs failed of it. */
  readonly failed: number;
  /** How many processes were left behind by it, and ended by themselves. */
  readonly processes: number;
  /** What is wrong. */
  readonly problems: readonly string[];
}

/** Where and how it is tried. */
type Scene = Omit<Order, "fate"> & { readonly fate?: Order["fate"] };

/**
 * Has every fifth job lose its worker: its process is killed, or its thread ends without a word or hangs.
 * Then runs what is left.
 */
export async function loseWorkers(
  { runner, jobs }: Pick<Order, "runner" | "jobs">,
): Promise<Casualties> {
  await using place = await scratch();
  const scene = { runner, jobs, storage: place.path("results"), trace: place.path("trace") };
  const problems: string[] = [];
  const { said } = await play({ ...scene, fate: "lost" }, problems, (trace) => {
    for (const { what, pid } of trace) if (what === "doomed") kill(pid);
  });
  const doomed = Array.from({ length: jobs }, (_, n) => n).filter((n) => n % 5 === 0);
  const failed = new Map(said.failures.toSorted(([a], [b]) => a - b));
  if ([...failed.keys()].join() !== doomed.join()) {
    problems.push(`These failed: ${[...failed.keys()]}, not ${doomed}`);
    for (const [n, message] of failed) if (n % 5 !== 0) problems.push(message);
  }
  const told = runner === "processes"
    ? /SIGKILL ended its process/
    : /ended without a word|timeout/;
  for (const message of failed.values()) if (!told.test(message)) problems.push(message);
  problems.push(...wrongIn(said, (n) => n % 5 !== 0, jobs));
  const processes = await waitForEnds(scene.trace, problems);
  await completes(scene, { missing: doomed.length }, problems);
  return { lost: doomed.length, failed: failed.size, processes, problems };
}

/** Kills processes at random, of those that have begun a job; jobs are tried again. */
export async function killAtRandom(
  { jobs, kills }: { readonly jobs: number; readonly kills: number },
): Promise<Casualties> {
  await using place = await scratch();
  const scene: Scene = {
    ...{ runner: "processes", jobs, retriedUntil: place.path("enough") },
    ...{ storage: place.path("results"), trace: place.path("trace") },
  };
  const problems: string[] = [];
  const killed = new Set<number>();
  let begun = 0;
  const { said } = await play(scene, problems, (trace) => {
    begun += trace.filter(({ what }) => what === "begin").length;
    // Evenly over the run.
    if (killed.size >= kills || begun * kills < killed.size * jobs) return;
    const alive = pidsIn(scene.trace).filter((pid) => !killed.has(pid) && isAlive(pid));
    const pid = alive[Math.floor(Math.random() * alive.length)];
    if (pid === undefined) return;
    killed.add(pid);
    kill(pid);
    if (killed.size === kills) Deno.writeTextFileSync(place.path("enough"), "");
  });
  if (killed.size < kills) problems.push(`Only ${killed.size} of ${kills} could be killed`);
  for (const [n, message] of said.failures) problems.push(`Job ${n} failed: ${message}`);
  problems.push(...wrongIn(said, () => true, jobs));
  const processes = await waitForEnds(scene.trace, problems);
  return { lost: killed.size, failed: said.failures.length, processes, problems };
}

/** Kills the program itself while its children compute, some with children of their own. Then runs it again. */
export async function killPrograms(
  { jobs, kills }: { readonly jobs: number; readonly kills: number },
): Promise<Casualties> {
  const problems: string[] = [];
  let processes = 0;
  for (let n = 0; n < kills; n++) {
    await using place = await scratch();
    const scene: Scene = {
      ...{ runner: "processes", jobs },
      ...{ storage: place.path("results"), trace: place.path("trace") },
    };
    let begun = 0;
    let bred = 0;
    // The first ones await their kill, one of them with a process of its own, while others come and go.
    const after = 4 + Math.floor(Math.random() * Math.min(30, jobs - 5));
    await play({ ...scene, fate: "lost" }, problems, (trace, program) => {
      begun += trace.filter(({ what }) => what === "begin").length;
      bred += trace.filter(({ what }) => what === "bred").length;
      for (const { what, n, pid } of trace) {
        // What is left alive is what the program is killed with.
        if (what === "doomed" && n % 25 !== 0) kill(pid);
      }
      if (begun >= after && bred > 0) kill(program.pid);
    });
    processes += await waitForEnds(scene.trace, problems);
    await completes(scene, {}, problems);
  }
  return { lost: kills, failed: 0, processes, problems };
}

interface Note {
  readonly what: string;
  readonly n: number;
  readonly pid: number;
}

/** Runs the program to its end, and shows each new part of its trace. */
async function play(
  scene: Scene,
  problems: string[],
  seen: (trace: readonly Note[], program: Deno.ChildProcess) => void,
): Promise<{ readonly said: Said }> {
  let isOver = false;
  const { code, signal, stdout, stderr } = await runChild(PROGRAM, {
    args: [JSON.stringify({ fate: "safe", ...scene })],
    patience: PATIENCE,
    async meanwhile(program) {
      program.status.then(() => isOver = true);
      for (let at = 0; !isOver;) {
        const trace = notesIn(scene.trace).slice(at);
        at += trace.length;
        if (!isOver) seen(trace, program);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  });
  if (signal === "SIGKILL") return { said: { results: [], failures: [], run: 0, cached: 0 } };
  if (code !== 0) problems.push(`The program ended with code ${code}, ${signal}: ${stderr}`);
  return { said: JSON.parse(stdout) };
}

/** Runs it once more, with nothing in its way: what was finished is there. */
async function completes(
  scene: Scene,
  { missing }: { readonly missing?: number },
  problems: string[],
): Promise<void> {
  const { said } = await play({ ...scene, fate: "safe" }, problems, () => {});
  problems.push(...wrongIn(said, () => true, scene.jobs));
  if (missing !== undefined && said.run !== missing) {
    problems.push(`${said.run} ran again, not ${missing}`);
  }
  if (said.run + said.cached !== scene.jobs) problems.push(`${said.run} and ${said.cached}`);
}

function wrongIn({ results }: Said, isWanted: (n: number) => boolean, jobs: number): string[] {
  const values = new Map(results);
  const wrong: string[] = [];
  for (let n = 0; n < jobs; n++) {
    const wanted = isWanted(n) ? n * n : undefined;
    if (values.get(n) !== wanted) wrong.push(`Job ${n} gave ${values.get(n)}, not ${wanted}`);
  }
  return wrong;
}

function notesIn(trace: string): Note[] {
  return linesOf(trace).map((line) => {
    const [what, n, pid] = line.split(" ");
    return { what: what!, n: Number(n), pid: Number(pid) };
  });
}

function pidsIn(trace: string): number[] {
  return [...new Set(notesIn(trace).map(({ pid }) => pid))];
}

/** Waits until all processes of a trace have ended. Gives how many there were. */
async function waitForEnds(trace: string, problems: string[]): Promise<number> {
  const pids = pidsIn(trace);
  for (const end = performance.now() + LAST; pids.some(isAlive) && performance.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const pid of pids.filter(isAlive)) {
    problems.push(`Process ${pid} is left behind`);
    kill(pid);
  }
  return pids.length;
}

/** Whether a process is there, and not only its name. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
