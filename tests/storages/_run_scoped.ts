import { scratch } from "./_scratch.ts";

const SCRIPT = new URL("./_scoped_all.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Runs the whole suite in a program that may read and write one directory, and nothing else. */
export async function runScoped(): Promise<{ readonly text: string; readonly flags: string[] }> {
  await using place = await scratch();
  const flags = [`--allow-read=${place.dir}`, `--allow-write=${place.dir}`];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-lock",
      "--config",
      CONFIG,
      ...flags,
      SCRIPT,
      place.dir,
    ],
    cwd: place.dir,
  }).output();
  const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  return { text: text || errors!, flags };
}
