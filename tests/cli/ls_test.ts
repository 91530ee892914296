import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cli, Project } from "./_project.ts";
import { plant, plantTorn } from "./_plant.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab ls ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create();
      await fn(project);
    },
  });
}

const MINUTE = 60_000;
const at = (minute: number) => new Date(Date.UTC(2026, 0, 1) + minute * MINUTE).toISOString();

async function threeEntries(project: Project): Promise<void> {
  await plant(project, { name: "Fit", params: { depth: 3 }, start: at(1), duration: 500 });
  await plant(project, { name: "Fit", params: { depth: 4 }, start: at(3), duration: 90_000 });
  await plant(project, { name: "Load", params: {}, start: at(2), duration: 2, extra: 5000 });
}

test("lists key, task, time, duration and size, newest first, in a folder below too", async (project) => {
  await threeEntries(project);
  const { code, stdout, stderr } = await project.runIn("sub/sub", "ls");
  assertEquals(code, 0);
  const lines = stdout.trimEnd().split("\n");
  assertMatch(lines[0]!, /^KEY +TASK +CACHED +TOOK +SIZE$/);
  assertMatch(
    lines[1]!,
    /^Fit__[0-9a-f]{40} +Fit\(depth=4\) {2}2026-01-01 00:04 {2}1 min 30 s {2}\d+ bytes$/,
  );
  assertMatch(lines[2]!, /Load\(\) +2026-01-01 00:02 +2 ms +5.\d+ kB$/);
  assertMatch(lines[3]!, /Fit\(depth=3\) +2026-01-01 00:01 +500 ms/);
  assertMatch(stderr, /^3 entries, 5.\d+ kB, 1 min 31 s of computing\n$/);
});

test("imports nothing that it finds", async (project) => {
  await threeEntries(project);
  await Deno.remove(project.path("study.ts"));
  assertEquals((await project.run("ls")).code, 0);
});

test("takes types, an order, and a limit", async (project) => {
  await threeEntries(project);
  const listed = async (...args: string[]) => {
    const { stdout } = await project.run("ls", "--json", ...args);
    return JSON.parse(stdout).entries.map(({ task }: { task: string }) => task);
  };
  assertEquals(await listed("Fit"), ["Fit(depth=4)", "Fit(depth=3)"]);
  assertEquals(await listed("Fit", "Load", "--sort", "size", "--limit", "1"), ["Load()"]);
  assertEquals(await listed("--sort", "duration", "-r"), [
    "Load()",
    "Fit(depth=3)",
    "Fit(depth=4)",
  ]);
  assertEquals(await listed("--sort", "type"), ["Fit(depth=4)", "Fit(depth=3)", "Load()"]);
  assertEquals(await listed("it"), []);
  assertEquals((await project.run("ls", "None")).stderr, "No entries of None\n");
});

test("--json prints each entry whole", async (project) => {
  const key = await plant(project, {
    name: "Fit",
    codeVersion: "v2",
    params: { at: { $date: 0 } },
    start: at(0),
    duration: 1000,
  });
  const { entries, total, torn, foreign } = JSON.parse((await project.run("ls", "--json")).stdout);
  const { bytes, ...entry } = entries[0];
  assertEquals(entry, {
    key,
    type: "Fit",
    task: "Fit(at=1970-01-01T00:00:00.000Z)",
    params: { at: { $date: 0 } },
    codeVersion: "v2",
    cache: "structured",
    cached: "2026-01-01T00:00:01.000Z",
    duration: 1000,
  });
  assert(bytes > 100);
  assertEquals([total, torn, foreign], [1, 0, 0]);
});

test("counts what is damaged or foreign, and goes on", async (project) => {
  await threeEntries(project);
  await plantTorn(project, "Fit__torn");
  const draft = async (key: string, metadata: string | undefined) => {
    await using lab = await project.lab();
    await using draft = await lab.storage!.create(key);
    await draft.write(
      metadata === undefined ? "other.txt" : "metadata.json",
      bytes(metadata ?? ""),
    );
    await draft.commit();
  };
  await draft("no-metadata", undefined);
  await draft("no-json", "{");
  await draft("other-json", `{ "name": "something" }`);
  const { code, stdout, stderr } = await project.run("ls");
  assertEquals(code, 0);
  assertEquals(stdout.trimEnd().split("\n").length, 4);
  assertStringIncludes(
    stderr,
    "Left out: 1 damaged, 3 that something else made (4 entries are not shown)\n",
  );
});

test("makes names, params and numbers from the storage safe to print", async (project) => {
  const escape = "\x1b]0;title\x07\x1b[2J\u202e\x9b31m";
  await plant(project, { name: `Evil${escape}`, params: { [escape]: escape }, start: at(0) });
  await plant(project, { name: "Far", params: {}, start: at(0), duration: 1e300 });
  await plant(project, { name: "Cyclic", params: { self: { $task: "self" } }, id: "self" });
  await plant(project, { name: "Lost", params: { other: { $task: "other" } } });
  await plant(project, { name: "Odd", params: { n: { $number: "seven" } } });
  const { code, stdout, stderr } = await project.run("ls");
  assertEquals(code, 0);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/.test(stdout), stdout);
  assertMatch(stdout, /Far\(\) +\? /);
  assertStringIncludes(stdout, "Cyclic(self=Cyclic(self=Cyclic(self=Cyclic(…))))");
  assertStringIncludes(stderr, "Left out: 2 that something else made");
  assertEquals((await project.run("ls", "--json")).code, 0);
});

test("--modules tells which entries the task types would still use", async (project) => {
  await project.run("run", "study.ts");
  await plant(project, { name: "Scaled", codeVersion: "v0", params: { by: 1 } });
  await plant(project, { name: "Gone", params: {} });
  const { stdout } = await project.run("ls", "--modules", "study.ts", "--json");
  const states = JSON.parse(stdout).entries
    .map(({ type, state }: { type: string; state: string }) => `${type} ${state}`);
  assertEquals(states.sort(), [
    "Gone unknown type",
    "Scaled current",
    "Scaled current",
    "Scaled current",
    "Scaled stale",
    "Square current",
  ]);
});

test("says so when nothing is there, or nothing is kept", async (project) => {
  assertEquals(await project.run("ls"), { code: 0, stdout: "", stderr: "The storage is empty\n" });
  const { code, stderr } = await project.run("ls", "--lab", "nothing");
  assertEquals(code, 2);
  assertStringIncludes(stderr, "this lab keeps nothing; choose another one");
});

test("ends in peace when nobody reads any more", async (project) => {
  for (let n = 0; n < 20; n++) {
    await plant(project, { name: "Fit", params: { text: "x".repeat(190), n } });
  }
  const child = project.start(["ls", "--json"]);
  await child.stdout.cancel();
  const [{ code }, stderr] = await Promise.all([
    child.status,
    new Response(child.stderr).text(),
  ]);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
