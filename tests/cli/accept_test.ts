import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cli, Project, QUICK } from "./_project.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab accept ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create({}, QUICK);
      await project.write("edited.ts", edited("v1"));
      await project.run("run", "edited.ts");
      await fn(project);
    },
  });
}

const edited = (version: string, fields = "") => `
import { task, type Task } from "@labtech/lab";

export const Fit = task(import.meta, {
  name: "EditedFit",
  codeVersion: "${version}",
  run: ({ n }: { n: number; depth?: number }) => n * 2,
  ${fields}
});
export const Best = task(import.meta, {
  name: "EditedBest",
  run: ({ of }: { of: Task<number>[] }) => Math.max(...of.map(({ result }) => result)),
});
const DEPTH = ${fields === "" ? "undefined" : 3};
export const tasks = [Best({ of: [1, 2].map((n) => Fit({ n, depth: DEPTH })) })];
`;

const ACCEPT = ["accept", "edited.ts", "--types", "EditedFit", "--why", "Only names changed"];

test("says first what would be taken over, and does so with --yes; then nothing runs", async (project) => {
  await project.write("edited.ts", edited("v2"));
  const preview = await project.run(...ACCEPT);
  assertEquals([preview.code, preview.stderr], [0, ""]);
  assertMatch(
    preview.stdout,
    /^structured__EditedFit__[0-9a-f]{40} +EditedFit\(n=1\) +EditedFit v1 → v2 +\S+ \S+ +\S+ .* bytes$/m,
  );
  assertMatch(
    preview.stdout,
    /\n\nWould take over 3 results \(.+ kB, .+ of computing\); add --yes to do it\n$/,
  );
  const done = await project.run(...ACCEPT, "--yes");
  assertMatch(done.stdout, /^Took over 3 results \(/);
  assertMatch((await project.run("run", "edited.ts")).stdout, /1 task: 0 run, 1 from cache/);
  const again = await project.run(...ACCEPT, "--yes");
  assertEquals(again.stdout, "Nothing to take over; 3 have a result already\n");
});

test("records the reason, which lab show prints", async (project) => {
  await project.write("edited.ts", edited("v2"));
  await project.run(...ACCEPT.slice(0, -1), "Tidy \u001b[2Jup", "-y");
  const { entries } = JSON.parse(
    (await project.run("ls", "--json", "--modules", "edited.ts")).stdout,
  );
  const current = entries.find((entry: Record<string, string>) =>
    entry.state === "current" && entry.type === "EditedBest"
  );
  const { stdout } = await project.run("show", current.key);
  assertMatch(stdout, /^accepted +\d{4}-\d\d-\d\d \d\d:\d\d EditedFit v1 → v2: Tidy \S+up$/m);
  const shown = JSON.parse((await project.run("show", current.key, "--json")).stdout);
  assertEquals(shown.accepted[0].why, "Tidy \u001b[2Jup");
});

test("chooses a code version by --from, and tells what it left", async (project) => {
  await project.write("edited.ts", edited("v1b").replace("[1, 2]", "[1]"));
  await project.run("run", "edited.ts");
  await project.write("edited.ts", edited("v2"));
  const latest = await project.run(...ACCEPT);
  assertStringIncludes(latest.stdout, "EditedFit v1b → v2");
  assertEquals(latest.stderr, "Left: 2 entries of other earlier code versions (--from chooses)\n");
  assertStringIncludes((await project.run(...ACCEPT, "--from", "v1")).stdout, "EditedFit v1 → v2");
  const { entries, accepted, versions } = JSON.parse(
    (await project.run(...ACCEPT, "--from", "v1b", "--json")).stdout,
  );
  assertEquals([entries.length, accepted], [2, 0]);
  assertEquals(versions.map(({ version }: { version: string }) => version), ["v1b", "v1"]);
  const refused = await project.run(...ACCEPT, "--from", "v7");
  assertEquals([refused.code, refused.stderr], [
    2,
    'There are no results of the code version "v7"; there are results of v1b, v1\n',
  ]);
  assertEquals((await project.run(...ACCEPT, "--from", "none")).stdout, "Nothing to take over\n");
});

test("refuses what makes no sense with exit code 2", async (project) => {
  const refusal = async (...args: string[]) => {
    const { code, stdout, stderr } = await project.run("accept", ...args);
    assertEquals([code, stdout], [2, ""]);
    return stderr;
  };
  assertMatch(await refusal("edited.ts", "--types", "EditedFit"), /why/);
  assertMatch(await refusal("edited.ts", "--why", "a"), /types/);
  assertMatch(await refusal("--types", "EditedFit", "--why", "a"), /Expected a module/);
  assertEquals(
    await refusal("edited.ts", "--types", "EditedFitt", "--why", "a"),
    'The modules define no task type "EditedFitt"; did you mean EditedFit?\n',
  );
  assertEquals(
    await refusal("edited.ts", "--types", "Zzzzzz", "--why", "a"),
    'The modules define no task type "Zzzzzz"; they define EditedBest, EditedFit\n',
  );
  assertMatch(await refusal("edited.ts", "--types", "EditedFit", "--why", " "), /Expected --why/);
});

test("leaves what migrate does to the run, and lab show tells where a result came from", async (project) => {
  await project.write(
    "edited.ts",
    edited("v2", `migrate: { from: "v1", params: (old) => ({ ...old, depth: 3 }) },`),
  );
  const { stdout } = await project.run("run", "edited.ts");
  assertMatch(stdout, /1 task: 0 run, 1 from cache/);
  const { entries } = JSON.parse(
    (await project.run("ls", "--json", "--modules", "edited.ts")).stdout,
  );
  const { key } = entries.find(({ state }: Record<string, string>) => state === "current");
  assertMatch(
    (await project.run("show", key)).stdout,
    /^migrated +\S+ \S+ from EditedBest\(of=\[EditedFit\(n=1\), EditedFit\(n=2\)\]\), structured__EditedBest__[0-9a-f]{40}$/m,
  );
});

test("takes over across the edit of a helper, where versions follow the code", async (project) => {
  const helper = (body: string) =>
    project.write("helper.ts", `export const twice = (n: number) => ${body};`);
  const module = (name: string) => `
import { task } from "@labtech/lab";
import { twice } from "./helper.ts";

export const Twice = task(import.meta, {
  name: "${name}",
  codeVersion: "auto",
  formerly: ["FollowsCode"].filter((name) => name !== "${name}"),
  run: ({ n }: { n: number }) => twice(n),
});
export const tasks = [1, 2].map((n) => Twice({ n }));
`;
  await helper("n * 2");
  await project.write("auto.ts", module("FollowsCode"));
  await project.run("run", "auto.ts");
  await helper("2 * n");
  const accept = ["accept", "auto.ts", "--types", "FollowsCode", "--why", "Commutes"];
  const { stdout } = await project.run(...accept);
  const [, from] = /FollowsCode (auto:[0-9a-f]{10}) → auto:[0-9a-f]{10} /.exec(stdout)!;
  const done = await project.run(...accept, "--from", from!, "--yes");
  assertMatch(done.stdout, /^Took over 2 results \(/);
  assertMatch((await project.run("run", "auto.ts")).stdout, /2 tasks: 0 run, 2 from cache/);
  await project.write("auto.ts", module("Renamed"));
  assertMatch((await project.run("run", "auto.ts")).stdout, /2 tasks: 0 run, 2 from cache/);
});

test("takes single results, by the keys of their entries, and what depends on them alone", async (project) => {
  const { entries } = JSON.parse((await project.run("ls", "--json")).stdout);
  const keyOf = (task: string): string =>
    entries.find((entry: { task: string }) => entry.task.startsWith(task)).key;
  const [one, two, best] = ["EditedFit(n=1", "EditedFit(n=2", "EditedBest"].map(keyOf);
  const accept = ["accept", "edited.ts", "--why", "Only names changed", "--yes", "--keys"];
  const current = await project.run(...accept, one!);
  assertEquals(current.code, 2);
  assertMatch(current.stderr, /EditedFit\(n=1\)\) is not of earlier code/);

  await project.write("edited.ts", edited("v2"));
  const done = await project.run(...accept, one!.slice(-40).slice(0, 12));
  assertMatch(done.stdout, /^Took over 1 result \(/);
  assertEquals(
    done.stderr,
    "Left: 1 entry that depend on other code that has changed (--types names it)\n",
  );
  assertMatch(
    (await project.run("run", "edited.ts", "--dry-run")).stdout,
    /\n2 tasks to run, 1 to load/,
  );

  const above = await project.run(...accept, best!);
  assertEquals(above.code, 2);
  assertMatch(above.stderr, /its own has not; name that by --types EditedFit, or entries of it/);
  const both = await project.run(...accept, `${one},${two}`);
  assertMatch(both.stdout, /^Took over 2 results \(.*; 1 has a result already\n$/);
  assertMatch((await project.run("run", "edited.ts")).stdout, /1 task: 0 run, 1 from cache/);
});

test("refuses keys of several versions, of nothing, and what contradicts them", async (project) => {
  await project.write("edited.ts", edited("v2"));
  await project.run("run", "edited.ts");
  await project.write("edited.ts", edited("v3"));
  const { entries } = JSON.parse((await project.run("ls", "EditedFit", "--json")).stdout);
  const keys = entries.filter(({ task }: { task: string }) => task.includes("n=1"))
    .map(({ key }: { key: string }) => key);
  assertEquals(keys.length, 2);
  const accept = ["accept", "edited.ts", "--why", "tidy"];
  const refused = async (...args: string[]) => {
    const { code, stderr } = await project.run(...accept, ...args);
    assertEquals(code, 2);
    return stderr;
  };
  assertMatch(await refused("--keys", keys.join()), /of 2 code versions \(v[12], v[12]\)/);
  assertMatch(await refused("--keys", "ffffffffffff"), /There is no entry "ffffffffffff"/);
  assertMatch(
    await refused("--keys", keys[0], "--from", "v1"),
    /Expected --from with --types only/,
  );
  assertMatch(
    await refused("--keys", keys[0], "--types", "EditedFit"),
    /Expected either --types or/,
  );
  assertMatch(await refused(), /Expected either --types or --keys/);
});
