import { assertEquals, assertStringIncludes } from "@std/assert";
import { caches, runners, storages } from "@labtech/lab";
import { cli, Project } from "./_project.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab plugins ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create();
      await fn(project);
    },
  });
}

test("lists all that is registered, with options as their schemas tell", async (project) => {
  const { code, stdout } = await project.run("plugins", "--json");
  assertEquals(code, 0);
  const listed = JSON.parse(stdout);
  const names = (kind: string) =>
    listed.filter((plugin: { kind: string }) => plugin.kind === kind)
      .map(({ name }: { name: string }) => name);
  assertEquals(names("storage"), storages.names());
  assertEquals(names("cache"), caches.names());
  assertEquals(names("runner"), runners.names());
  const { options } = listed.find(({ name }: { name: string }) => name === "local");
  assertEquals(options.map(({ name }: { name: string }) => name), [
    "dir",
    "gitignore",
    "durability",
    "shared",
  ]);
  assertEquals(options[2].type, '"auto" | "always" | "never"');
  assertEquals([options[0].required, options[1].default], [true, true]);
});

test("lists the plugins of the configuration, of whatever schema library", async (project) => {
  const plugin = (schema: string, name: string) =>
    `import { caches } from "@labtech/lab/registry";
    import { JsonCache } from "@labtech/lab/caches";
    ${schema}
    caches.register({
      name: "${name}",
      summary: "Small numbers",
      options,
      create: () => new JsonCache(),
    });`;
  const zod = `import * as z from "zod";
    const options = z.strictObject({
      digits: z.int().default(3).describe("How many digits"),
      signs: z.array(z.string()).optional(),
    });`;
  const own = `const options = {
      "~standard": { version: 1, vendor: "own", validate: (value: unknown) => ({ value }) },
    } as const;`;
  await project.write("zod.ts", plugin(zod, "zoddish"));
  await project.write("own.ts", plugin(own, "owned"));
  await project.write("deno.json", `{ "labtech": { "plugins": ["./zod.ts", "./own.ts"] } }`);
  const { stdout } = await project.run("plugins", "zoddish", "owned");
  assertEquals(
    stdout,
    `cache
  zoddish: Small numbers
      digits (integer, default 3): How many digits
      signs (list of string)
  owned: Small numbers
      (its schema does not tell its options)
`,
  );
});

test("works without a configuration, and refuses unknown names", async (project) => {
  await project.write("deno.json", "{}");
  assertEquals((await project.run("plugins", "memory")).code, 0);
  const { code, stderr } = await project.run("plugins", "memry");
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'There is no plugin "memry"; did you mean "memory"?');
});
