import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cli, Project, QUICK } from "./_project.ts";
import { plant, plantTorn } from "./_plant.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab show ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create({}, QUICK);
      await fn(project);
    },
  });
}

test("tells the task, when and on what it ran, its files and nested tasks", async (project) => {
  const ran = await project.run("run", "study.ts", "--json");
  const { key, id } = JSON.parse(ran.stdout).tasks[1];
  const { code, stdout, stderr } = await project.run("show", key);
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.split("\n");
  assertEquals(lines[0], "Scaled(square=Square(base=42), by=2)");
  assertEquals(lines[2], `key           ${key}`);
  assertEquals(lines[3], `id            ${id}`);
  assertEquals(lines[4], "code version  v1");
  assertEquals(lines[5], "cache         structured, format 1");
  assertMatch(stdout, /^cached +\d{4}-\d\d-\d\d \d\d:\d\d \(\d+ s ago\)$/m);
  assertMatch(stdout, new RegExp(`^on .*Deno ${Deno.version.deno}`, "m"));
  assertMatch(stdout, /^files +.*metadata\.json \(.*bytes together$|kB together$/m);
  assertStringIncludes(stdout, "\nparams:\n  { square: Square(base=42), by: 2 }\n");
  assertStringIncludes(stdout, "\nnested tasks (1):\n  Square(base=42)\n");
});

test("loads the result where asked, without the module that defines the task", async (project) => {
  await project.run("run", "study.ts");
  await Deno.remove(project.path("study.ts"));
  const { stdout } = await project.run("show", "Square", "--result");
  assertMatch(stdout, /\nresult:\n {2}1764\n$/);
  const json = JSON.parse((await project.run("show", "Square", "--result", "--json")).stdout);
  assertEquals([json.result, json.task.tasks[json.task.id].params], [1764, { base: 42 }]);
  const [{ key }] = JSON.parse((await project.run("ls", "Scaled", "--json")).stdout).entries;
  const other = JSON.parse((await project.run("show", key, "--result", "--json")).stdout);
  assertMatch(other.resultText, /^\{ value: \d+, at: 1970-01-01T00:00:00.000Z \}$/);
});

test("takes the beginning of the key, of the type and of the digest", async (project) => {
  const { stdout } = await project.run("run", "study.ts", "--tasks", "one", "--json");
  const [{ key }] = JSON.parse(stdout).tasks;
  for (const given of [key.slice(0, -30), "Squ", key.slice(-40, -34)]) {
    assertStringIncludes((await project.run("show", given)).stdout, key);
  }
});

test("refuses what is unknown or ambiguous, and exits with 2", async (project) => {
  await project.run("run", "study.ts");
  assertEquals(await project.run("show", "Cube"), {
    code: 2,
    stdout: "",
    stderr: 'There is no entry "Cube"; lab ls lists those that there are\n',
  });
  const { code, stderr } = await project.run("show", "Scaled");
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /^"Scaled" is the beginning of 3 keys; write more of it:\n( {2}\S*Scaled__[0-9a-f]{40}\n){3}$/,
  );
  const [{ key }] = JSON.parse((await project.run("ls", "Square", "--json")).stdout).entries;
  const mistyped = await project.run("show", key.replace("Square", "Sqare"));
  assertStringIncludes(mistyped.stderr, `did you mean ${key}?`);
});

test("says what is wrong with an entry, and exits with 1", async (project) => {
  await plantTorn(project, "Fit__torn");
  const torn = await project.run("show", "Fit__torn");
  assertEquals(torn.code, 1);
  assertStringIncludes(torn.stderr, "is damaged and counts as not there; lab rm Fit__torn");
  const key = await plant(project, { name: "Fit", params: {} });
  const forged = await project.run("show", key, "--result");
  assertEquals([forged.code, forged.stdout], [1, ""]);
  assertStringIncludes(forged.stderr, "does not have the params that its id stands for");
});

test("makes what comes from the storage safe to print", async (project) => {
  await project.write(
    "evil.ts",
    `import { task } from "@labtech/lab";
    const Evil = task(import.meta, {
      name: "Evil",
      run: ({ text }: { text: string }) => new Map([[text, { [text]: new Error(text) }]]),
    });
    export default [Evil({ text: "\\x1b[2J\\x1b]0;title\\x07\\u202e\\x9b31m" })];`,
  );
  assertEquals((await project.run("run", "evil.ts")).code, 0);
  const { code, stdout } = await project.run("show", "Evil", "--result");
  assertEquals(code, 0);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/.test(stdout), stdout);
  assertStringIncludes(stdout, "title");
});
