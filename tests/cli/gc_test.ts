import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { plant, plantTorn } from "./_plant.ts";
import { cli, Project } from "./_project.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab gc ${name}${cli.reason}`,
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

async function planned(project: Project, ...args: string[]): Promise<string[]> {
  const { entries } = JSON.parse((await project.run("gc", "--json", ...args)).stdout);
  return entries.map(({ key, reason }: { key: string; reason: string }) => `${reason} ${key}`)
    .sort();
}

test("says first what would go, and removes it with --yes only", async (project) => {
  const old = await plant(project, { name: "Fit", params: {}, start: ago(31), duration: 7000 });
  const recent = await plant(project, { name: "Fit", params: { n: 2 } });
  await Deno.mkdir(project.path("results/dead"));
  await project.write("results/dead/deadbeef-1-0-a.txt", "12345");
  const flags = ["gc", "--older-than", "30d", "--grace", "0s"];
  const preview = await project.run(...flags);
  assertEquals([preview.code, preview.stderr], [0, ""]);
  assertMatch(
    preview.stdout,
    new RegExp(`^${old} +Fit\\(\\) +old +\\S+ \\S+ +7\\.0 s +\\d+ bytes$`, "m"),
  );
  assertMatch(preview.stdout, /^1 left by programs that died, 5 bytes$/m);
  assertMatch(
    preview.stdout,
    /\n\nWould remove 1 entry and 1 leftover \(\d+ bytes, 7\.0 s of computing\); 1 entry stays, \d+ bytes; add --yes to do it\n$/,
  );
  assertEquals(await left(project), [old, recent].sort());
  const done = await project.run(...flags, "--yes");
  assertMatch(
    done.stdout,
    /^Removed 1 entry and 1 leftover \(\d+ bytes, 7\.0 s of computing\); 1 entry/,
  );
  assertEquals(await left(project), [recent]);
  assertEquals((await project.run("gc", "--grace", "0s")).stdout, "Nothing to remove\n");
});

test("removes only leftovers without other flags", async (project) => {
  await plant(project, { name: "Fit", params: {}, start: ago(1000) });
  await plantTorn(project, "Fit__torn");
  await project.run("verify", "--repair");
  const { stdout } = await project.run("gc", "-y");
  assertMatch(stdout, /^Removed 1 leftover \(\d+ bytes\)\n$/);
  assertEquals((await left(project)).length, 1);
  assertEquals([...Deno.readDirSync(project.path("results"))].length, 2);
});

test("takes types, stale code versions, and a size to come down to", async (project) => {
  await project.run("run", "study.ts");
  const current = await left(project);
  const stale = await plant(project, { name: "Scaled", codeVersion: "v0", params: { by: 1 } });
  const gone = await plant(project, { name: "Gone", params: {}, start: ago(9), duration: 10 ** 6 });
  const cheap = await plant(project, {
    name: "Gone",
    params: { n: 1 },
    duration: 0,
    extra: 90_000,
  });
  assertEquals(await planned(project, "--stale", "study.ts"), [`stale ${stale}`]);
  assertEquals(await planned(project, "--older-than", "1d", "--types", "Scaled"), []);
  assertEquals(await planned(project, "--older-than", "1d", "--types", "Scaled,Gone"), [
    `old ${gone}`,
  ]);
  assertEquals(await planned(project, "--down-to", "50kB"), [`cheap ${cheap}`]);
  assertEquals((await planned(project, "--down-to", "0")).length, 7);
  await project.run("gc", "--stale", "study.ts", "--down-to", "50kB", "-y");
  assertEquals(await left(project), [...current, gone].sort());
});

test("counts what it passes over, and refuses what it cannot read", async (project) => {
  await plantTorn(project, "Fit__torn");
  const { stderr } = await project.run("gc", "--older-than", "30d");
  assertEquals(stderr, "1 entry was passed over, torn or foreign; lab verify tells more\n");
  const refused = await project.run("gc", "--down-to", "10 apples");
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "expected a number and one of kB, MB, GB, TB, as in 10GB");
});

test("--json prints the plan, and what was removed", async (project) => {
  const key = await plant(project, { name: "Fit", params: {}, start: ago(31), duration: 5 });
  const report = async (...args: string[]) =>
    JSON.parse((await project.run("gc", "--older-than", "1d", "--json", ...args)).stdout);
  const { entries, removed, kept, ...rest } = await report();
  assertEquals([entries[0].key, entries[0].reason, removed], [key, "old", null]);
  assertEquals(kept, { entries: 0, bytes: 0 });
  assertEquals(rest, { leftovers: [], bytes: entries[0].bytes, duration: 5, passedOver: 0 });
  assertEquals((await report("--yes")).removed, {
    entries: 1,
    leftovers: 0,
    bytes: entries[0].bytes,
    spared: 0,
  });
});
