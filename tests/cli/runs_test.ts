import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cli, Project, QUICK } from "./_project.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab runs ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create({}, QUICK);
      await fn(project);
    },
  });
}

test("lists the runs that left records, newest first", async (project) => {
  assertEquals(await project.run("runs"), {
    code: 0,
    stdout: "",
    stderr: "There are no records of runs\n",
  });
  await project.run("run", "study.ts");
  await project.run("run", "study.ts"); // all is in the cache
  await project.run("run", "study.ts", "--tasks", "failing");
  const { code, stdout, stderr } = await project.run("runs");
  assertEquals([code, stderr], [0, "2 runs\n"]);
  const lines = stdout.trimEnd().split("\n");
  assertMatch(lines[0]!, /^RUN +BEGAN +TOOK +RAN +CACHED +FAILED +SKIPPED +ENDED +ON$/);
  assertMatch(
    lines[1]!,
    /^[0-9a-f]{8} {2}\d{4}-\d\d-\d\d \d\d:\d\d +.*s +1 +1 +1 +0 +incomplete +host .*labtech/,
  );
  assertMatch(lines[2]!, /^[0-9a-f]{8} .* 4 +0 +0 +0 +complete /);
  assertEquals((await project.run("runs", "--limit", "1")).stderr, "1 of 2 runs\n");
});

test("tells of one what failed, was skipped, and took longest", async (project) => {
  await project.write(
    "broken.ts",
    `import { failing, Scaled } from "./study.ts";
     import { task, type Task } from "@labtech/lab";
     const Sum = task(import.meta, {
       name: "Sum",
       run: ({ of }: { of: Task<unknown> }) => of.result,
     });
     export const tasks = [Sum({ of: failing[0] as Task<unknown> })];`,
  );
  await project.run("run", "broken.ts");
  const { code, stdout, stderr } = await project.run("runs", "latest");
  assertEquals([code, stderr], [0, ""]);
  assertMatch(
    stdout,
    /^run {5}[0-9a-f-]{36}\nkey {5}run__\d{8}t\d{9}z-[0-9a-f]{8}\nbegan {3}\d{4}-/,
  );
  assertMatch(stdout, /\nended {3}incomplete\ntasks {3}3 tasks: 1 run, 0 from cache, 1 failed, 1 /);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f]/.test(stdout), "safe to print");
  assertStringIncludes(
    stdout,
    `
failed (1):
  Scaled(square=Square(base=42), by=13)
    RangeError: unlucky␛[2J

skipped (1):
  Sum(of=Scaled(square=Square(base=42), by=13))
    for lack of Scaled(square=Square(base=42), by=13)

slowest:
`,
  );
  const whole = JSON.parse((await project.run("runs", "latest", "--json")).stdout);
  assertEquals(whole.tasks.map(({ state }: { state: string }) => state), [
    ...["failed", "skipped", "run"],
  ]);
  const id = whole.id as string;
  for (const name of [id, id.slice(0, 5), whole.key, whole.start.slice(0, 10), whole.start]) {
    const named = JSON.parse((await project.run("runs", name, "--json")).stdout);
    assertEquals(named.id, id, name);
  }
  const { runs, total, unreadable } = JSON.parse((await project.run("runs", "--json")).stdout);
  const { tasks: _, ...head } = whole;
  assertEquals({ runs, total, unreadable }, { runs: [head], total: 1, unreadable: 0 });
});

test("refuses what names no run, or several, and counts records of no use", async (project) => {
  await project.run("run", "study.ts", "--tasks", "one");
  await project.run("run", "study.ts");
  const none = await project.run("runs", "nosuch");
  assertEquals(none.code, 2);
  assertStringIncludes(none.stderr, 'There is no record of a run "nosuch"; lab runs lists those');
  const several = await project.run("runs", "run__");
  assertEquals(several.code, 2);
  assertMatch(several.stderr, /"run__" is the beginning of 2 runs; write more of it:\n {2}run__2/);
  assertEquals((await project.run("runs", "--lab", "nothing")).code, 2);

  await using lab = await project.lab();
  const [latest, first] = await lab.runs();
  {
    await using draft = await lab.storage!.create(latest!.key);
    await draft.write("run.json", new TextEncoder().encode("{}"));
    await draft.commit();
  }
  const { stdout, stderr } = await project.run("runs");
  assertEquals(stdout.trimEnd().split("\n").length, 2);
  assertStringIncludes(stdout, first!.key.slice(-8));
  assertStringIncludes(stderr, "Left out: 1 record is damaged or not trusted; lab verify tells");
  assertEquals((await project.run("runs", "latest")).code, 1);
});

test("is completed; other commands leave records alone, or say what they are", async (project) => {
  await project.run("run", "study.ts", "--tasks", "one");
  await using lab = await project.lab();
  const { key } = (await lab.runs())[0]!;
  const complete = async (...words: string[]) => {
    const { stdout } = await project.run("complete", "--", ...words);
    return stdout.trimEnd().split("\n");
  };
  assertEquals(await complete("runs", ""), ["latest", key.slice(-8)]);
  assertEquals(await complete("ls", ""), ["Square"]);
  assertMatch((await complete("show", "")).join(), /^structured__Square__[0-9a-f]{40}$/);
  assertMatch((await project.run("ls")).stderr, /^1 entry, /);
  const show = await project.run("show", key);
  assertEquals(show.code, 1);
  assertStringIncludes(show.stderr, `${key} is the record of a run; lab runs ${key} shows it`);
  assertStringIncludes((await project.run("rm", "--older-than", "0s")).stdout, "1 entry");
  assertStringIncludes((await project.run("rm", key)).stdout, "(the record of a run)");
  const young = await project.run("gc", "--older-than", "1d", "--json");
  assertEquals(JSON.parse(young.stdout).entries, []);
  const gone = await project.run("gc", "--older-than", "0s", "--yes");
  assertStringIncludes(gone.stdout, "Removed 2 entries");
  assertEquals((await lab.runs()).length, 0);
});
