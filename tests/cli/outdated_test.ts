import { assertEquals, assertMatch } from "@std/assert";
import { plant } from "./_plant.ts";
import { cli, Project, QUICK, STUDY } from "./_project.ts";

Deno.test({
  name: `lab outdated tells what moved on, and the command that removes just that${cli.reason}`,
  ignore: cli.ignore,
  async fn() {
    await using project = await Project.create({}, QUICK);
    assertEquals((await project.run("outdated", "study.ts")).stderr, "Nothing is outdated\n");
    const gone = await plant(project, { name: "Gone", params: {}, codeVersion: "v0" });
    await project.run("run", "study.ts");
    await project.write("study.ts", STUDY.replace('"v1"', '"v2"'));
    const { code, stdout, stderr } = await project.run("outdated", "study.ts");
    assertEquals(code, 0);
    assertMatch(stdout, /^TYPE +CODE VERSION +ENTRIES +TOOK +SIZE\nScaled +v1 → v2 +3 +\d/);
    assertMatch(
      stderr,
      /^3 entries, \S+ \S+, .+ of computing; lab gc --stale study\.ts --yes removes them\n$/,
    );
    const { entries, types } = JSON.parse(
      (await project.run("outdated", "study.ts", "--json")).stdout,
    );
    assertEquals(entries.length, 3);
    assertEquals(entries[0].because, [{ taskName: "Scaled", stored: "v1", current: "v2" }]);
    assertEquals(types.length, 2);
    await project.run("gc", "--stale", "study.ts", "--yes");
    const { entries: left } = JSON.parse((await project.run("ls", "--json")).stdout);
    assertEquals(left.length, 2);
    assertEquals(left.some(({ key }: { key: string }) => key === gone), true);
    assertEquals((await project.run("outdated", "study.ts")).stderr, "Nothing is outdated\n");
    assertEquals((await project.run("outdated")).code, 2);
  },
});
