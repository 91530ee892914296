import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cli, outcomeOf, Project } from "./_project.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab permissions ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create();
      await fn(project);
    },
  });
}

test("prints flags on one line, which the shell takes as they are", async (project) => {
  await project.write("spaced.json", `{ "storage": "my 'results'", "runner": "serial" }`);
  const { code, stdout, stderr } = await project.run("permissions", "--config", "spaced.json");
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^[^\n]*\n$/);
  assertStringIncludes(stdout, `my '\\''results'\\''`);
  const json = await project.run("permissions", "--config", "spaced.json", "--json");
  const { flags, permissions } = JSON.parse(json.stdout);
  assert(permissions.write.includes(project.path("my 'results'")));
  if (Deno.build.os === "windows") return;
  const shell = new Deno.Command("sh", {
    args: ["-c", `for word in ${stdout.trim()}; do printf '%s\\n' "$word"; done`],
    stdout: "piped",
    stderr: "piped",
  });
  assertEquals((await outcomeOf(shell.spawn())).stdout.trimEnd().split("\n"), flags);
});

test("knows the types of the modules, and asks for what workers import", async (project) => {
  const [without, with_] = await Promise.all([
    project.run("permissions"),
    project.run("permissions", "study.ts"),
  ]);
  assert(!without.stdout.includes("study.ts"));
  assertStringIncludes(with_.stdout, "study.ts");
});

test("refuses a module that is not there", async (project) => {
  const { code, stderr } = await project.run("permissions", "nowhere.ts");
  assertEquals(code, 2);
  assertStringIncludes(stderr, "There is no module");
});
