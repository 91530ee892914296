import { sha256Hex } from "../digest.ts";
import { VERSION } from "../version.ts";

/** What a task ran on. */
export interface Environment {
  /** The version of this library. */
  readonly labtech: string;
  /** The version of Deno. */
  readonly deno: string;
  /** Operating system and processor, e.g. `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  /** A digest of the host's name, where the program may ask for it. */
  readonly host?: string;
  /** The commit checked out in the working directory, where the program may read it. */
  readonly commit?: string;
}

let known: Environment | undefined;

/** Says what this process runs on; asks for no permission that was not given. */
export function environment(): Environment {
  return known ??= {
    labtech: VERSION,
    deno: Deno.version.deno,
    target: Deno.build.target,
    host: hostDigest(),
    commit: currentCommit(),
  };
}

function granted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

function hostDigest(): string | undefined {
  if (!granted({ name: "sys", kind: "hostname" })) return undefined;
  return sha256Hex(`host:${Deno.hostname()}`).slice(0, 16);
}

function currentCommit(): string | undefined {
  if (!granted({ name: "read", path: ".git" })) return undefined;
  try {
    const head = Deno.readTextFileSync(".git/HEAD").trim();
    const ref = head.startsWith("ref: ") ? head.slice("ref: ".length) : undefined;
    const commit = ref === undefined ? head : readRef(ref);
    return commit !== undefined && /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
  } catch {
    return undefined; // not a repository of the usual layout: the commit stays unknown
  }
}

function readRef(ref: string): string | undefined {
  try {
    return Deno.readTextFileSync(`.git/${ref}`).trim();
  } catch {
    const packed = Deno.readTextFileSync(".git/packed-refs").split("\n");
    return packed.find((line) => line.endsWith(` ${ref}`))?.split(" ")[0];
  }
}
