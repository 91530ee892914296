import { assertEquals, assertMatch } from "@std/assert";
import { cli, Project, STUDY } from "./_project.ts";

Deno.test({
  name: `lab run --dry-run tells what would run and why, and runs nothing${cli.reason}`,
  ignore: cli.ignore,
  async fn() {
    await using project = await Project.create();
    const before = await project.run("run", "--dry-run", "study.ts");
    assertEquals(before.code, 0);
    assertMatch(
      before.stdout,
      /\n\n4 tasks to run, 0 to load; how long that takes is not known\n$/,
    );
    assertEquals(before.stderr, "Nothing is known of how long Scaled, Square takes\n");
    assertEquals(JSON.parse((await project.run("ls", "--json")).stdout).entries, []);

    assertEquals((await project.run("run", "study.ts")).code, 0);
    const after = await project.run("run", "--dry-run", "study.ts");
    assertEquals(after, {
      ...{ code: 0, stderr: "" },
      stdout: "TYPE    RUN  LOAD  TIME  WHY\nScaled    0     3        cached 3\n\n" +
        "0 tasks to run, 3 to load, 1 not needed\n",
    });

    await project.write("study.ts", STUDY.replace('"v1"', '"v2"'));
    const { code, stdout } = await project.run("run", "--dry-run", "study.ts", "--limit", "2");
    assertEquals(code, 0);
    assertMatch(
      stdout,
      /^TYPE +RUN +LOAD +TIME +WHY\nScaled +3 +0 .* code changed 3\nSquare +0 +1 /,
    );
    assertMatch(
      stdout,
      /\nTO RUN +TIME +WHY\nScaled\(.*\) +\d.* m?s +The code of its type has changed/,
    );
    assertMatch(stdout, /\nand 1 more \(--limit\)\n\n3 tasks to run, 1 to load; about .*\n$/);
  },
});

Deno.test({
  name: `lab run --dry-run --json has the plan, of a run with the other flags${cli.reason}`,
  ignore: cli.ignore,
  async fn() {
    await using project = await Project.create();
    await project.run("run", "study.ts");
    const flags = ["--bust-cache", "--max-workers", "3"];
    const { code, stdout } = await project.run("run", "--dry-run", "study.ts", "--json", ...flags);
    assertEquals(code, 0);
    const { steps, estimate, ...plan } = JSON.parse(stdout);
    assertEquals([plan.run, plan.load, estimate.workers, estimate.same], [4, 0, 3, 4]);
    assertEquals(steps.map(({ reason }: { reason: string }) => reason), Array(4).fill("forced"));
    const { entries } = JSON.parse((await project.run("ls", "--json")).stdout);
    assertEquals(entries.length, 4);
  },
});
