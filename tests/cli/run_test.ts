import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cli, outcomeOf, Project } from "./_project.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab run ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create();
      await fn(project);
    },
  });
}

test("runs the tasks of a module, prints a table and a summary; the next time nothing is run", async (project) => {
  const first = await project.run("run", "study.ts");
  assertEquals(first.code, 0);
  const [head, one, , , blank, summary] = first.stdout.split("\n");
  assertMatch(head!, /^TASK +RESULT$/);
  assertMatch(
    one!,
    /^Scaled\(square=Square\(base=42\), by=1\) +\{ value: 1764, at: 1970-01-01T00:00:00.000Z \}$/,
  );
  assertEquals(blank, "");
  assertMatch(summary!, /^4 tasks: 4 run, 0 from cache, 0 failed in /);
  const again = await project.run("run", "study.ts");
  assertMatch(again.stdout, /3 tasks: 0 run, 3 from cache, 0 failed in/);
  const bust = await project.run("run", "study.ts", "--bust-cache");
  assertMatch(bust.stdout, /4 tasks: 4 run, 0 from cache, 0 failed in/);
});

test("takes one task, an iterable, or a function, async or not, that gives them", async (project) => {
  const run = async (name: string) => {
    const args = ["run", "study.ts", "--tasks", name, "--runner", "serial", "--json"];
    const { code, stdout } = await project.run(...args);
    assertEquals(code, 0);
    return JSON.parse(stdout).tasks.map(({ task }: { task: string }) => task);
  };
  assertEquals(await run("one"), ["Square(base=42)"]);
  assertEquals(await run("made"), ["Square(base=42)", "Square(base=3)"]);
  assertEquals(await run("given"), ["Square(base=42)"]);
});

test("--json prints one object, whatever the module and its tasks print", async (project) => {
  await project.write(
    "loud.ts",
    `import { task } from "@labtech/lab";
    console.log("importing");
    const Loud = task(import.meta, { name: "Loud", run: ({ n }: { n: number }) => {
      console.log("running");
      return n === 0 ? [1, "two", null] : new Map([[n, NaN]]);
    } });
    export default [Loud({ n: 0 }), Loud({ n: 1 })];`,
  );
  for (const runner of ["serial", "workers"]) {
    const { code, stdout } = await project.run("run", "loud.ts", "--json", "--runner", runner);
    assertEquals(code, 0);
    const { tasks, summary, failures, skipped, interrupted } = JSON.parse(stdout);
    assertEquals(tasks[0].task, "Loud(n=0)");
    assertMatch(tasks[0].id, /^Loud__[0-9a-f]{40}$/);
    assertMatch(tasks[0].key, /Loud__[0-9a-f]{40}$/);
    assertEquals(tasks[0].result, [1, "two", null]);
    assertEquals(tasks[1].resultText, "Map(1) { 1 => NaN }");
    assertEquals([failures, skipped, interrupted], [[], [], false]);
    assertEquals(summary.tasks, 2);
  }
});

test("tells which tasks failed and why, with stacks when asked, and exits with 1", async (project) => {
  const { code, stdout, stderr } = await project.run("run", "study.ts", "--tasks", "failing");
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "Failed: Scaled(square=Square(base=42), by=13)\n  RangeError: unlucky␛[2J\n",
  );
  assertMatch(stdout, /^Square\(base=3\) +9$/m);
  assertMatch(stdout, /3 tasks: 2 run, 0 from cache, 1 failed in/);
  const args = ["run", "study.ts", "--tasks", "failing", "--verbose"];
  const verbose = await project.run(...args);
  assertMatch(verbose.stderr, /RangeError: unlucky␛\[2J\n +at .*study\.ts:\d+/);
  assert(!verbose.stderr.includes("\x1b"));
  const { failures } = JSON.parse((await project.run(...args, "--json")).stdout);
  assertEquals(failures[0].error.message, "unlucky\x1b[2J");
});

test("names what was skipped by the failure behind it", async (project) => {
  await project.write(
    "deep.ts",
    `import { task, type Task } from "@labtech/lab";
    const Root = task(import.meta, { name: "Root", run: (): number => { throw new Error("no"); } });
    const Leaf = task(import.meta, {
      name: "Leaf",
      run: ({ root }: { root: Task<number>; n: number }) => root.result,
    });
    const root = Root();
    export const tasks = [1, 2].map((n) => Leaf({ root, n }));`,
  );
  const { code, stdout, stderr } = await project.run("run", "deep.ts");
  assertEquals(code, 1);
  assertEquals(stderr, "Failed: Root()\n  Error: no\n2 tasks were not run, for lack of Root()\n");
  assertMatch(stdout, /^3 tasks: 0 run, 0 from cache, 1 failed, 2 skipped in/);
});

test("prints as many results as --limit says", async (project) => {
  const { stdout } = await project.run("run", "study.ts", "--limit", "1");
  assertMatch(stdout, /^TASK.*\nScaled.*by=1.*\nand 2 more \(--limit\)\n\n4 tasks: /);
});

test("takes the named lab, and another configuration", async (project) => {
  assertEquals((await project.run("run", "study.ts", "--lab", "paper")).code, 0);
  assert((await Deno.stat(project.path("paper"))).isDirectory);
  await project.write("other.json", `{ "storage": "elsewhere" }`);
  const { code } = await project.runIn("sub", "run", "../study.ts", "--config", "../other.json");
  assertEquals(code, 0);
  assert((await Deno.stat(project.path("elsewhere"))).isDirectory);
});

test("shows progress on standard error when asked", async (project) => {
  const { stderr } = await project.run("run", "study.ts", "--progress");
  assertMatch(stderr, /^Scaled: 3\/3/m);
  assertEquals((await project.run("run", "study.ts", "--no-progress")).stderr, "");
});

test("refuses what gives no tasks, with what to do, and exit code 2", async (project) => {
  await project.write("empty.ts", "");
  await project.write("broken.ts", "throw new TypeError('at import');");
  await project.write(
    "eager.ts",
    `import { Lab } from "@labtech/lab";
    import { tasks } from "./study.ts";
    await new Lab({ storage: null }).runTasks(tasks);`,
  );
  const refused = async (args: string[], message: string) => {
    const { code, stdout, stderr } = await project.run("run", ...args);
    assertStringIncludes(stderr, message);
    assertEquals([code, stdout], [2, ""]);
  };
  await refused(["nowhere.ts"], `There is no module ${project.path("nowhere.ts")};`);
  await refused(["sub"], "which is no file");
  await refused(["empty.ts"], 'exports neither "default" nor "tasks"; it exports nothing');
  await refused(["broken.ts"], "broken.ts cannot be imported: TypeError: at import");
  await refused(["eager.ts"], "put that behind `if (import.meta.main) { … }`");
  const study = (name: string) => ["study.ts", "--tasks", name];
  await refused(study("task"), 'has no export "task"; did you mean "tasks"?');
  await refused(study("Square"), "is the task type Square; export tasks of it");
  await refused(study("none"), "gives no tasks: there is nothing to run");
  await refused(study("mixed"), "to hold tasks only, got 7 among them");
  await refused(study("thrown"), "is a function, and threw: Error: no data");
  await refused(["study.ts", "--runner", "wokers"], 'did you mean "workers"?');
  await refused(["study.ts", "--lab", "papr"], 'did you mean "paper"?');
  await refused(["study.ts", "--config", "none.json"], "There is no configuration file");
});

test("says when tasks are of another copy of the library", async (project) => {
  await project.write(
    "foreign.ts",
    "export default [{ id: 'Old__1', taskName: 'Old', type: () => {} }];",
  );
  const { code, stderr } = await project.run("run", "foreign.ts");
  assertEquals(code, 2);
  assertStringIncludes(stderr, "another copy of this library");
});

test("says when there is no configuration", async (project) => {
  await project.write("deno.json", `{ "imports": { "labtech": "./x.ts" } }`);
  const { code, stderr } = await project.runIn("sub/sub", "ls");
  assertEquals(code, 2);
  assertStringIncludes(stderr, `neither ${project.path("sub/sub")} nor a folder above it`);
  await project.write("deno.json", `{ "labtech": { "storage": } }`);
  const broken = await project.runIn("sub/sub", "ls");
  assertEquals(broken.code, 2);
  assertStringIncludes(broken.stderr, "is not JSON");
});

const withoutSignals = Deno.build.os === "windows"
  ? " (skipped: Windows has no SIGINT to send)"
  : "";

for (const times of [1, 2]) {
  Deno.test({
    name: `lab run ends with exit code 130 after ${times} Ctrl-C${cli.reason || withoutSignals}`,
    ignore: cli.ignore || withoutSignals !== "",
    async fn() {
      await using project = await Project.create();
      const go = project.path("go");
      await project.write("slow.ts", slow(go));
      const child = project.start(["run", "slow.ts", "--max-workers", "1"]);
      const interrupt = async () => {
        await child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
          new WritableStream({
            write(text) {
              seen += text;
              // Started, and after the first Ctrl-C "Ending: …", which tells to press it again.
              if (sent < times && seen.includes(["begun", "Ending:"][sent]!)) {
                sent++;
                child.kill("SIGINT");
              }
              // What runs at the first one may end only after it.
              if (times === 1 && seen.includes("Ending:")) Deno.writeTextFileSync(go, "");
            },
          }),
        );
      };
      let seen = "";
      let sent = 0;
      const [{ code }, stdout] = await Promise.all([
        child.status,
        new Response(child.stdout).text(),
        interrupt(),
      ]);
      assertEquals(code, 130, seen);
      assertStringIncludes(seen, "Ended by Ctrl-C");
      if (times === 1) assertMatch(stdout, /^Slow\(n=1\) +1$/m);
      const { stdout: listed } = await outcomeOf(project.start(["ls", "--json"]));
      assertEquals(JSON.parse(listed).total, 2 - times);
    },
  });
}

/** A module of tasks that end when a file is there. */
function slow(go: string): string {
  return `import { task } from "@labtech/lab";
  // One failure does not make it less of a stop.
  const Slow = task(import.meta, {
    name: "Slow",
    async run({ n }: { n: number }, { log, signal }) {
      if (n === 0) throw new Error("no data");
      log.info("begun");
      while (!await Deno.stat(${JSON.stringify(go)}).then(() => true, () => false)) {
        signal.throwIfAborted();
        await new Promise((next) => setTimeout(next, 10));
      }
      return n;
    },
  });
  export default Array.from({ length: 20 }, (_, n) => Slow({ n }));`;
}
