import type { TaskUsage } from "../progress/events.ts";

/** The clock of `/proc`, in ticks a second: 100 on all systems that Deno runs on (`getconf CLK_TCK`). */
const TICKS = 100;

/** What a process takes, with all that it started, where that can be seen. */
interface Taken {
  /** Time of processors since it began, in ms. */
  readonly time: number;
  /** Resident memory, in bytes. */
  readonly memory: number;
}

/**
 * Measures what this process takes from one call to the next. On Linux, where it may look at `/proc`, what it
 * started counts too; elsewhere it alone does.
 */
export class UsageMeter {
  #time = (usageOfTree() ?? ownUsage()).time;
  #at = performance.now();

  /** What was taken since the call before. */
  read(): TaskUsage {
    const { time, memory } = usageOfTree() ?? ownUsage();
    const now = performance.now();
    // What ended without being waited for takes its time with it.
    const cpu = Math.max(0, time - this.#time) / Math.max(1, now - this.#at);
    [this.#time, this.#at] = [time, now];
    return { cpu, memory };
  }
}

function ownUsage(): Taken {
  const { process } = globalThis as unknown as {
    process: { cpuUsage(): { user: number; system: number } };
  };
  const { user, system } = process.cpuUsage();
  return { time: (user + system) / 1000, memory: Deno.memoryUsage().rss };
}

function usageOfTree(): Taken | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    let ticks = ticksOf(Deno.pid);
    let { rss: memory } = Deno.memoryUsage();
    const toVisit = childrenOf(Deno.pid);
    for (let pid = toVisit.pop(); pid !== undefined; pid = toVisit.pop()) {
      try {
        ticks += ticksOf(pid);
        memory += memoryOf(pid);
        toVisit.push(...childrenOf(pid));
      } catch {
        // it has ended meanwhile
      }
    }
    return { time: ticks * 1000 / TICKS, memory };
  } catch {
    return undefined; // only a program that may do everything may look
  }
}

// Fields of proc(5): 14 to 17 are the time of the process itself, and of children that it waited for.
function ticksOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

function memoryOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

function childrenOf(pid: number): number[] {
  const children: number[] = [];
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    const list = Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`);
    children.push(...list.split(" ").filter((id) => id !== "").map(Number));
  }
  return children;
}
