import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const README = new URL("../README.md", import.meta.url);

// Programs import the library by name, which works below the folder of its deno.json only.
const BELOW = new URL("./", import.meta.url).pathname;

async function programs(): Promise<
  { name: string; code: string; output: string; flags: string[] }[]
> {
  const text = await Deno.readTextFile(README);
  const form =
    /<!-- file: (\S+) -->\s*```ts\n([\s\S]*?)```\s*<!-- output: (.*?) -->\s*```sh\ndeno run (.*?) \S+\n```/g;
  return [...text.matchAll(form)].map(([, name, code, output, flags]) => ({
    name: name!,
    code: code!,
    output: output!,
    flags: flags!.split(" "),
  }));
}

const run = await Deno.permissions.query({ name: "run", command: Deno.execPath() });
const mayRun = run.state === "granted";
if (!mayRun) console.log("README programs are not run: that needs --allow-run");

Deno.test("the README has a program that says what it prints", async () => {
  assert((await programs()).length > 0);
});

Deno.test({
  name: "the programs of the README run with the flags given there, and print what it says",
  ignore: !mayRun,
  async fn() {
    const dir = await Deno.makeTempDir({ dir: BELOW, prefix: "readme_" });
    try {
      for (const { name, code, output, flags } of await programs()) {
        await Deno.writeTextFile(`${dir}/${name}`, code);
        for (const ran of ["4 ran", "0 ran"]) {
          const child = new Deno.Command(Deno.execPath(), {
            args: ["run", "--no-prompt", ...flags, name],
            cwd: dir,
            env: { NO_COLOR: "1" },
          });
          const { code: status, stdout, stderr } = await child.output();
          const text = new TextDecoder().decode(stdout);
          assertEquals(status, 0, new TextDecoder().decode(stderr));
          assertStringIncludes(text, output);
          assertStringIncludes(text, ran);
        }
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
