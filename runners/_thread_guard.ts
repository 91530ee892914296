import { builtin } from "../builtin.ts";
import { RunnerError } from "../errors.ts";

interface NodeProcess {
  /** What `process.kill` calls, however it was imported. */
  _kill(pid: number, signal: number | string): unknown;
}

/** What would end the thread without a word ends the task with one. Node's `process` goes by way of Deno's. */
export function guardThread(): void {
  const refuse = (name: string) => () => {
    throw new RunnerError(
      `${name} was called in a task; throw an error to fail, or return to end it`,
    );
  };
  Deno.exit = refuse("Deno.exit") as typeof Deno.exit;
  (self as unknown as { close: () => void }).close = refuse("self.close");
}

/**
 * What would end, or disturb, the program that the thread is one of fails the task. Deno 2.9.6 lets everybody
 * end the process that it runs in, and move its working directory.
 */
export function guardProgram(): void {
  const { kill } = Deno;
  Deno.kill = (pid, signal) => {
    refuseOwn(pid, signal);
    kill(pid, signal);
  };
  const process = builtin<NodeProcess>("node:process");
  const { _kill } = process;
  process._kill = (pid, signal) => {
    refuseOwn(pid, signal);
    return _kill(pid, signal);
  };
  Deno.chdir = () => {
    throw new RunnerError(
      "Deno.chdir was called in a task, which would move all threads of the program; pass whole paths, or " +
        'take the runner "processes"',
    );
  };
}

function refuseOwn(pid: number, signal: number | string | undefined): void {
  const isOwn = pid === 0 || Math.abs(pid) === Deno.pid;
  if (!isOwn || signal === 0) return;
  throw new RunnerError(
    "A task was about to end the whole program by a signal; throw an error to fail, or take the runner " +
      '"processes", where it ends its own process',
  );
}
