import { builtin } from "../builtin.ts";
import { sha256Hex } from "../digest.ts";

const TOKEN = /^[0-9a-f]{32}(?:-([0-9a-f]{16})-(\d{1,10}))?$/;
/** Why a process cannot be signalled: there is none. */
const NO_PROCESS = "ESRCH";
/** What it takes to read what the system tells of processes. */
const ALL = ["read", "write", "net", "env", "run", "sys", "ffi"] as const;

/**
 * Makes the tokens of claims that are kept by a server. Each names the machine and the process that has it,
 * where the program may know both: so another program on that machine need not wait for the claim to run
 * out when the process is gone. Where it may not, or on another machine, nobody is taken for dead.
 */
export class Holders {
  #machine?: { readonly id: string | undefined };

  /** Gives a token that no other is equal to. */
  newToken(): string {
    const random = crypto.randomUUID().replaceAll("-", "");
    const machine = this.#here();
    return machine === undefined ? random : `${random}-${machine}-${Deno.pid}`;
  }

  /** Whether the process that a token names is known to be gone. */
  isGone(token: string): boolean {
    const [, machine, pid] = TOKEN.exec(token) ?? [];
    if (machine === undefined || machine !== this.#here()) return false;
    if (Number(pid) === Deno.pid || !isAllowed("run")) return false;
    return hasEnded(Number(pid));
  }

  #here(): string | undefined {
    this.#machine ??= { id: idOfMachine() };
    return this.#machine.id;
  }
}

/** Whether a text can be a token. */
export function isToken(text: unknown): text is string {
  return typeof text === "string" && TOKEN.test(text);
}

/** Tells this machine from all others, and containers on it from each other, as their processes are numbered anew. */
function idOfMachine(): string | undefined {
  try {
    // Each boot has another one; who sees the same processes is in the same namespace.
    const parts = Deno.build.os === "linux"
      ? isAllowed(...ALL) && [
        Deno.readTextFileSync("/proc/sys/kernel/random/boot_id"),
        Deno.readLinkSync("/proc/self/ns/pid"),
      ]
      : isAllowed("sys") && [
        Deno.hostname(),
        ...Deno.networkInterfaces().map(({ mac }) => mac).sort(),
      ];
    return parts ? sha256Hex(parts.join("\n")).slice(0, 16) : undefined;
  } catch {
    return undefined;
  }
}

function hasEnded(pid: number): boolean {
  try {
    builtin<typeof import("node:process")>("node:process").kill(pid, 0); // asks only
  } catch (error) {
    return (error as { readonly code?: string }).code === NO_PROCESS;
  }
  return Deno.build.os === "linux" && isZombie(pid);
}

/** Whether a process has ended, and its parent was not told yet: its state follows the name, in parentheses. */
function isZombie(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return /^\) [ZX]/.test(stat.slice(stat.lastIndexOf(")")));
  } catch {
    return false;
  }
}

/** Asks nobody. */
function isAllowed(...names: readonly Deno.PermissionName[]): boolean {
  return names.every((name) => Deno.permissions.querySync({ name }).state === "granted");
}
