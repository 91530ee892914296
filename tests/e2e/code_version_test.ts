import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Task, task } from "@labtech/lab";
import { labError, quietLab } from "./_lab.ts";
import { scratch, testWith } from "./_scratch.ts";

// Without a module, as in a notebook, a type may be defined again.
const types = (leafVersion?: string, rootVersion?: string) => {
  let ran = 0;
  const Grown = task(null, {
    name: "Grown",
    codeVersion: leafVersion,
    run: ({ n }: { n: number }) => (ran++, n),
  });
  const Root = task(null, {
    name: "Root",
    codeVersion: rootVersion,
    run: ({ of }: { of: Task<number> }) => (ran++, of.result * 2),
  });
  const top = (n: number) => Root({ of: Root({ of: Grown({ n }) }) });
  return { Grown, Root, top, ran: () => ran };
};

Deno.test("a new code version runs the task and all that depends on it again, and only that", async () => {
  await using lab = quietLab({ runner: "async", storage: { type: "memory" } });
  const before = types("1");
  assertEquals(await lab.runTask(before.top(3)), 12);
  const other = lab.runTask(before.Root({ of: before.Grown({ n: 9 }) }));
  assertEquals([await other, before.ran()], [18, 5]);
  const after = types("2");
  assertEquals(await lab.isCached(after.top(3)), false);
  assertEquals([await lab.runTask(after.top(3)), after.ran()], [12, 3]);
  const back = types("1");
  assertEquals(
    [await lab.runTask(back.top(3)), back.ran()],
    [12, 0],
    "earlier results are still there",
  );
  const rootOnly = types("1", "r2");
  assertEquals([await lab.runTask(rootOnly.top(3)), rootOnly.ran()], [12, 2]);
  const none = types();
  assertEquals([await lab.runTask(none.top(3)), none.ran()], [12, 3]);
});

Deno.test("the id of a task does not know its version; its key does", async () => {
  await using lab = quietLab({ runner: "async", storage: null });
  const [one, two] = [types("1").top(1), types("2").top(1)];
  assertEquals(one.id, two.id);
  assertEquals(await lab.keyOf(one) === await lab.keyOf(two), false);
});

Deno.test("a task loaded from results of another version is listed, and refused when it is to run", async () => {
  await using lab = quietLab({ runner: "async", storage: { type: "memory" } });
  const before = types("1");
  await lab.runTask(before.top(3));
  const after = types("2");
  const loaded = await lab.cachedTasks([after.Grown]);
  assertEquals(loaded.map(({ codeVersion }) => codeVersion), ["1"]);
  assertEquals(await lab.isCached(loaded[0]!), true);
  const error = await labError(lab.runTasks(loaded));
  assertStringIncludes(error.message, 'code version "1", but its type is at "2" now');
  assertStringIncludes(error.message, "make a new task of the same params");
  // The stale one may be nested far down.
  const above = after.Root({ of: after.Root({ of: loaded[0] as Task<number> }) });
  assertStringIncludes((await labError(lab.runTasks([above]))).message, 'code version "1"');
  assertEquals(after.ran(), 0);
  assertEquals(await lab.runTask(after.Grown(loaded[0]!.params as { n: number })), 3);
});

for (const runner of ["async", "workers"]) {
  testWith(
    "run",
    `${runner}: an edited module with a new version runs again what it affects`,
    async () => {
      await using place = await scratch();
      const leaf = place.path("leaf.ts");
      const program = place.path("program.ts");
      const mod = JSON.stringify(new URL("../../mod.ts", import.meta.url).href);
      const edit = (version: string, factor: number) =>
        Deno.writeTextFileSync(
          leaf,
          `import { task } from ${mod};
export const Leaf = task(import.meta, { name: "Leaf", codeVersion: "${version}", run: ({ n }: { n: number }) => n * ${factor} });
`,
        );
      Deno.writeTextFileSync(
        program,
        `import { Lab, task, type Task } from ${mod};
import { Leaf } from "./leaf.ts";
export const Root = task(import.meta, { name: "Root", run: ({ of }: { of: Task<number>[] }) => of.map((leaf) => leaf.result) });
export const Apart = task(import.meta, { name: "Apart", run: () => "apart" });
if (import.meta.main) {
  await using lab = new Lab({ storage: "results", runner: "${runner}", progress: false });
  const results = await lab.runTasks([Root({ of: [1, 2].map((n) => Leaf({ n })) }), Apart()]);
  console.log(JSON.stringify([[...results.values()], results.summary.run]));
}
`,
      );
      const run = async () => {
        const config = new URL("../../deno.json", import.meta.url).pathname;
        const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "--no-check", "-A", "--config", config, program],
          cwd: place.dir,
        }).output();
        const text = new TextDecoder().decode(stdout);
        return text === "" ? new TextDecoder().decode(stderr) : JSON.parse(text);
      };
      edit("1", 10);
      assertEquals(await run(), [[[10, 20], "apart"], 4]);
      assertEquals(await run(), [[[10, 20], "apart"], 0]);
      edit("1", 100);
      assertEquals(await run(), [[[10, 20], "apart"], 0], "the version decides");
      edit("2", 100);
      assertEquals(await run(), [[[100, 200], "apart"], 3]);
      edit("1", 10);
      assertEquals(await run(), [[[10, 20], "apart"], 0]);
    },
  );
}
