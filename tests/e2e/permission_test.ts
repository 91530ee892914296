import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runChild } from "./_child.ts";
import { scratch, testWith } from "./_scratch.ts";

const PROGRAM = new URL("./programs/scoped.ts", import.meta.url);
// The library's own modules are many; each of these stands for others.
const SAMPLE = /\/(mod|lab|task|runners\/_worker|caches\/cbor\/decode|storages\/local|errors)\.ts$/;
const OWN = /\/tests\/e2e\//;

for (const runner of ["serial", "async", "workers"]) {
  testWith(
    "run",
    `${runner}: permissionFlags() are enough, and each of them is needed`,
    async () => {
      await using place = await scratch();
      const run = async (flags: readonly string[], args: readonly string[] = []) =>
        await runChild(PROGRAM, { flags, args: [runner, "results", ...args], cwd: place.dir });
      const { stdout } = await run(["-A"], ["flags"]);
      const flags: string[] = JSON.parse(stdout);
      const clear = () => Deno.remove(place.path("results"), { recursive: true }).catch(() => {});

      const { stdout: result, stderr } = await run(flags);
      assertEquals(result, "42\n", stderr);

      const needed = flags.flatMap((flag) => {
        const [name, list = ""] = flag.split("=");
        const items = list.split(",");
        return items.map((dropped) => ({
          name,
          dropped,
          rest: items.filter((item) => item !== dropped),
        }));
      });
      assertEquals(needed.filter(({ dropped }) => dropped === "results").length, 2);
      const own = needed.filter(({ dropped }) => OWN.test(dropped));
      assertEquals(own.length, runner === "workers" ? 3 : 0);
      let tried = 0;
      for (const { name, dropped, rest } of needed) {
        if (dropped !== "results" && !OWN.test(dropped) && !SAMPLE.test(dropped)) continue;
        await clear();
        const kept = flags.filter((flag) => flag.split("=")[0] !== name);
        const { code, stderr } = await run(rest.length > 0 ? [...kept, `${name}=${rest}`] : kept);
        assert(code !== 0, `${name}=${dropped} is not needed`);
        assertStringIncludes(stderr, "allow-");
        tried++;
      }
      assertEquals(tried >= 10, runner === "workers");
    },
  );
}

testWith("run", "without a permission the error gives the flag that is missing", async () => {
  await using place = await scratch();
  for (const runner of ["async", "workers"]) {
    const args = [runner, "results"];
    const { code, stderr } = await runChild(PROGRAM, { flags: [], args, cwd: place.dir });
    assert(code !== 0);
    assertStringIncludes(stderr, "--allow-read=results --allow-write=results");
  }
});
