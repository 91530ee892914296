import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { plant, plantTorn } from "./_plant.ts";
import { cli, Project, QUICK } from "./_project.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab verify ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create({}, QUICK);
      await fn(project);
    },
  });
}

test("says that all is well, and ends with 0", async (project) => {
  await project.run("run", "study.ts");
  const { code, stdout, stderr } = await project.run("verify");
  assertEquals([code, stdout], [0, ""]);
  assertMatch(stderr, /^5 entries read, \d.* kB: all is well\n$/);
  assertMatch(
    (await project.run("verify", "--lab", "paper")).stderr,
    /^0 entries read, 0 bytes: all/,
  );
});

test("tells what is wrong, repairs what can be, and ends with 1 while problems remain", async (project) => {
  await project.run("run", "study.ts");
  await plantTorn(project, "Fit__torn");
  await Deno.mkdir(project.path("results/dead"));
  await project.write("results/dead/deadbeef-1-0-a.txt", "12345");
  const first = await project.run("verify", "--grace", "0s");
  assertEquals(first.code, 1);
  const lines = first.stdout.trimEnd().split("\n");
  assertMatch(lines[0]!, /^PROBLEM +WHERE +WHAT$/);
  assertMatch(lines[1]!, /^torn +Fit__torn +its record is damaged, or a file of it is missing/);
  assertMatch(lines[2]!, /^orphaned +\/.*deadbeef-1 +left by a program that died .*\(5 bytes\)$/);
  assertMatch(first.stderr, /^6 entries read, .*: 2 problems\n$/);

  const repaired = await project.run("verify", "--repair", "--grace", "0s");
  assertEquals(repaired.code, 0);
  assertMatch(repaired.stdout, /^torn +Fit__torn +set aside in \/.*\.aside\/.*: its record/m);
  assertMatch(repaired.stdout, /^orphaned .* removed: left by/m);
  assertStringIncludes(
    repaired.stderr,
    ": 2 problems, 2 repaired\nSet aside earlier or now: 1 entry",
  );
  const last = await project.run("verify");
  assertEquals(last.code, 0);
  assertStringIncludes(last.stderr, "lab gc removes them\n");
});

test("leaves what is foreign, and makes it safe to print", async (project) => {
  const evil = "\x1b[2Jevil";
  await plant(project, { name: "Fit", params: {} });
  await project.write(`results/${evil}`, "?");
  const { code, stdout } = await project.run("verify", "--repair");
  assertEquals(code, 1);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f]/.test(stdout), stdout);
  assertMatch(stdout, /^foreign +Fit__\S+ +its task is malformed: Task Fit__/m);
  assertMatch(stdout, /^foreign +\/.*evil +made by something else than this storage$/m);
  assertEquals(await Deno.readTextFile(project.path(`results/${evil}`)), "?");
});

test("--json prints the whole report", async (project) => {
  await plantTorn(project, "Fit__torn");
  const { code, stdout, stderr } = await project.run("verify", "--json");
  assertEquals([code, stderr], [1, ""]);
  const { problems, ...report } = JSON.parse(stdout);
  assertEquals(report, { entries: 1, bytes: 0, aside: { count: 0, bytes: 0 }, remaining: 1 });
  assertEquals(problems.map(({ kind, key }: { kind: string; key: string }) => [kind, key]), [
    ["torn", "Fit__torn"],
  ]);
});

test("says so where nothing is kept, and ends with 2", async (project) => {
  const { code, stderr } = await project.run("verify", "--lab", "nothing");
  assertEquals(code, 2);
  assertStringIncludes(stderr, "this lab keeps nothing");
});
