import { linesOf } from "../../testing/_fault_process.ts";

/** What a bomb did. */
export interface BombReport {
  /** Which one. */
  readonly name: string;
  /** Whether it was refused. */
  readonly refused: boolean;
  /** An error that nobody should see, in words. */
  readonly problem: string;
  /** The shortest time of a few tries that the processor worked for it, in ms. */
  readonly ms: number;
  /** The most memory beside what it takes itself, in MiB. */
  readonly mib: number;
}

const CHILD = new URL("./_bomb_child.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Sets off all bombs in a process of their own, each so many times. */
export async function setOffAll(
  { times }: { readonly times: number },
): Promise<BombReport[]> {
  const flags = ["-A", "--quiet", "--v8-flags=--expose-gc", "--config", CONFIG];
  const args = ["run", ...flags, CHILD, `${times}`];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" })
    .spawn();
  const errors = new Response(child.stderr).text();
  const lines = await Array.fromAsync(linesOf(child.stdout));
  const reports = lines.map((line): BombReport => JSON.parse(line));
  const { success, signal } = await child.status;
  if (success) return reports;
  throw new Error(
    `The process died (${signal ?? "by itself"}) after ${reports.at(-1)?.name}: ${await errors}`,
  );
}
