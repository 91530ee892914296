import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cli, Project } from "./_project.ts";
import { plant, plantTorn } from "./_plant.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab rm ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create();
      await fn(project);
    },
  });
}

const DAY = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * DAY).toISOString();

async function left(project: Project): Promise<string[]> {
  await using lab = await project.lab();
  return (await Array.fromAsync(lab.storage!.findKeys())).sort();
}

test("says first what would be lost, and removes it with --yes only", async (project) => {
  const key = await plant(project, {
    name: "Fit",
    params: { depth: 3 },
    duration: 7000,
    extra: 900,
  });
  const other = await plant(project, { name: "Fit", params: { depth: 4 } });
  const preview = await project.run("rm", key);
  assertEquals([preview.code, preview.stderr], [0, ""]);
  assertMatch(
    preview.stdout,
    new RegExp(`^${key} +Fit\\(depth=3\\) .* 7\\.0 s +1\\.\\d+ kB$`, "m"),
  );
  assertMatch(
    preview.stdout,
    /\n\nWould remove 1 entry \(1\.\d+ kB, 7\.0 s of computing\); add --yes to do it\n$/,
  );
  assertEquals(await left(project), [key, other].sort());
  const { stdout } = await project.run("rm", key, "--yes");
  assertMatch(stdout, /^Removed 1 entry \(1\.\d+ kB, 7\.0 s of computing\)\n$/);
  assertEquals(await left(project), [other]);
});

test("takes a type, and an age", async (project) => {
  const [old, recent, other] = [
    await plant(project, { name: "Fit", params: { n: 1 }, start: ago(31) }),
    await plant(project, { name: "Fit", params: { n: 2 }, start: ago(29) }),
    await plant(project, { name: "OtherFit", params: { n: 1 }, start: ago(40) }),
  ];
  const keys = async (...args: string[]) => {
    const { stdout } = await project.run("rm", "--json", ...args);
    const { entries, removed } = JSON.parse(stdout);
    return [entries.map(({ key }: { key: string }) => key).sort(), removed];
  };
  assertEquals(await keys("--type", "Fit"), [[old, recent].sort(), 0]);
  assertEquals(await keys("--older-than", "30d"), [[old, other].sort(), 0]);
  assertEquals(await keys("--type", "Fit", "--older-than", "30d", "-y"), [[old], 1]);
  assertEquals(await left(project), [recent, other].sort());
  assertEquals((await project.run("rm", "--type", "None")).stdout, "Nothing to remove\n");
});

test("removes what is damaged by its key", async (project) => {
  await plantTorn(project, "Fit__torn");
  assertStringIncludes((await project.run("rm", "Fit__torn")).stdout, "(damaged)");
  assertEquals((await project.run("rm", "Fit__torn", "--yes")).code, 0);
  assertEquals(await left(project), []);
});

test("refuses what is unclear, all mistakes at once, and removes nothing", async (project) => {
  const key = await plant(project, { name: "Fit", params: {} });
  const refused = async (args: string[], message: string) => {
    const { code, stderr } = await project.run("rm", "--yes", ...args);
    assertStringIncludes(stderr, message);
    assertEquals([code, await left(project)], [2, [key]]);
  };
  await refused([], "Expected keys of entries to remove, or --type or --older-than");
  await refused([key, "--type", "Fit"], "got both");
  await refused([key, "A", "B"], '2 mistakes:\n  There is no entry "A"');
  await refused([""], 'There is no entry ""');
});
