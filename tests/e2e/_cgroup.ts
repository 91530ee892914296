// Groups of processes that have a part of the machine's memory, as containers do: cgroups(7).

const V1 = "/sys/fs/cgroup/memory";
const V2 = "/sys/fs/cgroup";

/** A group of processes that may take so much memory in all. */
export interface MemoryGroup extends AsyncDisposable {
  /** Its directory; a process joins by writing its id to `cgroup.procs` there. */
  readonly path: string;
}

/** Makes a group; it is removed at the end of the block, when its processes have ended. */
export function memoryGroup(bytes: number): MemoryGroup {
  const isFirst = exists(`${V1}/memory.limit_in_bytes`);
  const path = `${isFirst ? V1 : V2}/labtech-${crypto.randomUUID()}`;
  Deno.mkdirSync(path);
  try {
    const limit = `${path}/${isFirst ? "memory.limit_in_bytes" : "memory.max"}`;
    Deno.writeTextFileSync(limit, String(bytes), { create: false });
  } catch (error) {
    Deno.removeSync(path);
    throw error;
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      while (Deno.readTextFileSync(`${path}/cgroup.procs`) !== "") {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      Deno.removeSync(path);
    },
  };
}

/** Why no group can be made here; `undefined` where one can. */
export async function whyNoMemoryGroup(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "it needs Linux";
  for (const name of ["run", "read", "write"] as const) {
    if (Deno.permissions.querySync({ name }).state !== "granted") return `it needs --allow-${name}`;
  }
  try {
    await using _group = memoryGroup(2 ** 30);
    return undefined;
  } catch {
    return "it needs to make cgroups that limit memory, as root may where they are not read-only";
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
