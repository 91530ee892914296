import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cli, Project } from "./_project.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab diagram ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create();
      await fn(project);
    },
  });
}

test("prints the types of a module's tasks, without a configuration", async (project) => {
  await Deno.remove(project.path("deno.json"));
  const { code, stdout, stderr } = await project.run("diagram", "study.ts", "--direction", "LR");
  assertEquals([code, stderr], [0, ""]);
  assertEquals(
    stdout,
    `classDiagram
    direction LR

    class Scaled {
        square: Square
        by: number
    }
    class Square {
        base: number
    }

    Scaled <-- Square : square
`,
  );
});

test("--run prints each task with its state", async (project) => {
  await project.run("run", "study.ts", "--tasks", "failing");
  const { code, stdout, stderr } = await project.run(
    ...["diagram", "study.ts", "--run", "--tasks", "failing"],
  );
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^flowchart BT\n {4}n0\["Scaled\(.*<br\/>failed"\]:::failed\n/);
  assertStringIncludes(stdout, 'n1["Square(base=3)<br/>ran"]:::run');
  assertStringIncludes(stdout, "n2 --> n0");
  const few = await project.run("diagram", "study.ts", "--run", "--limit", "1");
  assertStringIncludes(few.stdout, 'more["and 3 more tasks"]');
  assertEquals((await project.run("diagram", "study.ts", "--tasks", "nosuch")).code, 2);
});
