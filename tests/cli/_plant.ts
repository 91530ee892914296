import type { Project } from "./_project.ts";

/** What an entry that a test writes says of itself. */
export interface Planted {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly codeVersion?: string;
  readonly id?: string;
  readonly start?: string;
  readonly duration?: number;
  /** How many bytes a file beside the metadata has. */
  readonly extra?: number;
}

let planted = 0;

/** Writes an entry as no cache does: with whatever metadata. Gives its key. */
export async function plant(project: Project, entry: Planted): Promise<string> {
  const { name, params, codeVersion, start, duration = 1, extra = 0 } = entry;
  const digest = (++planted).toString(16).padStart(8, "0").padEnd(40, "0");
  const key = `${name.replaceAll(/[^\w-]/g, "")}__${digest}`;
  const id = entry.id ?? `${name}__${digest}`;
  const metadata = {
    key,
    cache: { name: "structured", version: 1 },
    task: { id, tasks: { [id]: { name, codeVersion, params } } },
    start: start ?? new Date().toISOString(),
    duration,
    environment: {},
    files: {},
  };
  await using lab = await project.lab();
  await using draft = await lab.storage!.create(key);
  if (extra > 0) await draft.write("extra.bin", new Uint8Array(extra));
  await draft.write("metadata.json", new TextEncoder().encode(JSON.stringify(metadata)));
  await draft.commit();
  return key;
}

/** Writes an entry, and damages its record. */
export async function plantTorn(project: Project, key: string): Promise<void> {
  await using lab = await project.lab();
  {
    await using draft = await lab.storage!.create(key);
    await draft.write("metadata.json", new TextEncoder().encode("{}"));
    await draft.commit();
  }
  const results = project.path("results");
  for await (const { name: folder } of Deno.readDir(results)) {
    if (!folder.toLowerCase().includes("torn")) continue;
    for await (const { name } of Deno.readDir(`${results}/${folder}`)) {
      await Deno.writeTextFile(`${results}/${folder}/${name}`, "torn");
    }
  }
}
