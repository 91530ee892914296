import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { flagsFor } from "../../storages/_local_failure.ts";
import { scratch, testWithRun } from "./_scratch.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

Deno.test("the flags for a directory are relative below the working one, and safe in a shell", () => {
  const cwd = Deno.cwd();
  const flags = (path: string) => flagsFor(path).join(" ");
  assertEquals(flags(`${cwd}/results`), "--allow-read=results --allow-write=results");
  assertEquals(flags(`${cwd}/a/b`), "--allow-read=a/b --allow-write=a/b");
  assertEquals(flags(cwd), "--allow-read=. --allow-write=.");
  assertEquals(flags("/data"), "--allow-read=/data --allow-write=/data");
  assertEquals(flags(`${cwd}/..results`), `--allow-read=..results --allow-write=..results`);
  assertEquals(flags("/a b"), '"--allow-read=/a b" "--allow-write=/a b"');
  assertEquals(flags("/data/a,b"), "--allow-read=/data --allow-write=/data");
});

testWithRun("works with the permissions it asks for, and nothing wider", async () => {
  await using place = await scratch();
  const flags = [`--allow-read=${place.dir}`, `--allow-write=${place.dir}`];
  assertMatch(
    await deno("_scoped.ts", { flags, args: [place.dir], cwd: place.dir }),
    /^\d+ passed$/,
  );
});

testWithRun(
  "without permission an error names the flags, which are enough and needed",
  async () => {
    await using place = await scratch();
    for (const [dir, shown] of [["results", "results"], [`${place.dir}/deep/down`, "deep/down"]]) {
      const run = (...flags: string[]) =>
        deno("_saver.ts", { flags, args: [dir!], cwd: place.dir });
      const [read, write] = [`--allow-read=${shown}`, `--allow-write=${shown}`];
      for (const flags of [[], [read], [write]]) {
        const text = await run(...flags);
        assertStringIncludes(text, "StorageError: Cannot");
        assertStringIncludes(text, `"${place.dir}/${shown}"`);
        assertStringIncludes(text, `run with ${read} ${write}`);
      }
      assertEquals(await run(read, write), '{"a.txt":"a","metadata.json":"{}"}');
      const reading = { flags: [read], args: [dir!, "read"], cwd: place.dir };
      assertEquals(await deno("_saver.ts", reading), '{"a.txt":"a","metadata.json":"{}"}');
    }
  },
);

async function deno(
  script: string,
  { flags, args, cwd }: { flags: string[]; args: string[]; cwd: string },
): Promise<string> {
  const url = new URL(script, import.meta.url).href;
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-lock",
      "--config",
      CONFIG,
      ...flags,
      url,
      ...args,
    ],
    cwd,
  });
  const { stdout, stderr } = await command.output();
  return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
}
