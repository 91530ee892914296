import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { relative } from "@std/path";
import { ConfigError, Lab, task } from "@labtech/lab";
import { runChild } from "./_child.ts";
import { labError, quietLab } from "./_lab.ts";
import { scratch, testWith } from "./_scratch.ts";

const FILES: Readonly<Record<string, string>> = {
  "knn.ts": "export const knn = (x: number) => vote(x) + 1;\nconst vote = (x: number) => x * 2;\n",
  "tree.ts": "/** Grows. */\nexport function tree(x: number): number {\n  return x + 10;\n}\n",
  "tasks.ts": `import { type Task, task } from "@labtech/lab";
import { knn } from "./knn.ts";
import { tree } from "./tree.ts";

const fit = (name: string, model: (x: number) => number) =>
  task(import.meta, {
    name,
    codeVersion: "auto",
    run: ({ x }: { x: number }) => { console.log("ran", name); return model(x); },
  });
export const FitKnn = fit("FitKnn", knn);
export const FitTree = fit("FitTree", tree);
export const Best = task(import.meta, {
  name: "Best",
  run: ({ of }: { of: Task<number>[] }) => { console.log("ran Best"); return Math.max(...of.map((one) => one.result)); },
});
export const Half = task(import.meta, {
  name: "Half",
  run: ({ of }: { of: Task<number> }) => { console.log("ran Half"); return of.result / 2; },
});
`,
  "main.ts": `import { Lab } from "@labtech/lab";
import { Best, FitKnn, FitTree, Half } from "./tasks.ts";
if (import.meta.main) {
  await using lab = new Lab({ storage: "results", runner: Deno.args[0]!, maxWorkers: 2, codeVersion: "auto" });
  const fits = [FitKnn({ x: 1 }), FitTree({ x: 1 })];
  const results = await lab.runTasks([Best({ of: fits }), Half({ of: fits[0]! })]);
  console.log("result", [...results.values()].join(" "));
}
`,
};

testWith(
  "run",
  "what an edit affects is run again, and nothing else, whatever runs the tasks",
  async () => {
    await using place = await scratch();
    const write = (name: string, text: string) => Deno.writeTextFile(place.path(name), text);
    for (const [name, text] of Object.entries(FILES)) await write(name, text);
    const run = async (runner = "async") => {
      const { code, stdout, stderr } = await runChild(place.path("main.ts"), {
        args: [runner],
        cwd: place.dir,
        patience: 120_000,
      });
      assertEquals(code, 0, stderr);
      const ran = [...(stdout + stderr).matchAll(/ran (\w+)/g)].map(([, name]) => name).sort();
      return { ran, result: /result (.*)/.exec(stdout)![1] };
    };
    const all = ["Best", "FitKnn", "FitTree", "Half"];
    assertEquals(await run("workers"), { ran: all, result: "11 1.5" });
    assertEquals(await run("processes"), { ran: [], result: "11 1.5" }, "another runner");

    await write("tree.ts", FILES["tree.ts"]!.replace("x + 10", "x + 20"));
    assertEquals(
      await run("processes"),
      { ran: ["Best", "FitTree"], result: "21 1.5" },
      "a helper",
    );
    await write("knn.ts", FILES["knn.ts"]!.replace("x * 2", "x * 4"));
    assertEquals((await run("workers")).ran, ["Best", "FitKnn", "Half"], "a helper of a helper");

    await write(
      "knn.ts",
      FILES["knn.ts"]!.replace("x * 2", "(x*4)") + "export function odd() {}\n",
    );
    await write(
      "tasks.ts",
      FILES["tasks.ts"]!.replace("const fit =", "// Defines types.\nconst fit =").replace(
        "x: number",
        "x: 1 | 2",
      ),
    );
    assertEquals((await run()).ran, [], "formatting, a function that nobody calls, a type");

    for (const name of ["knn.ts", "tree.ts"]) await write(name, FILES[name]!);
    assertEquals(await run(), { ran: [], result: "11 1.5" }, "back to what there was");
  },
);

const LATE: Readonly<Record<string, string>> = {
  "edit.ts": `import { ConfigError, Lab, task } from "@labtech/lab";
export const Edit = task(import.meta, { name: "Edit", run: async () => {
  await Deno.writeTextFile(new URL("helper.ts", import.meta.url), "export const helper = () => 'new';\\n");
  return 0;
} });
`,
  "helper.ts": "export const helper = () => 'as before';\n",
  "late.ts": `import { type Task, task } from "@labtech/lab";
import { helper } from "./helper.ts";
export const Late = task(import.meta, { name: "Late", codeVersion: "auto", run: (_: { after: Task }) => helper() });
`,
  "main.ts": `import { Lab, LabError } from "@labtech/lab";
import { Edit } from "./edit.ts";
import { Late } from "./late.ts";
if (import.meta.main) {
  await using lab = new Lab({ storage: "results", runner: Deno.args[0]!, maxWorkers: 1, progress: false });
  const late = Late({ after: Edit() });
  try {
    console.log("got", await lab.runTask(late));
  } catch (error) {
    console.log("refused", (error as LabError).message);
  }
  try {
    console.log("cached", await lab.isCached(late));
    await lab.runTask(late);
    console.log("got it again");
  } catch (error) {
    console.log("then", (error as LabError).name, (error as LabError).message);
  }
}
`,
};

for (const runner of ["async", "workers"]) {
  testWith(
    "run",
    `code that is edited while the program runs gives no wrong results: ${runner}`,
    async () => {
      await using place = await scratch();
      for (const [name, text] of Object.entries(LATE)) {
        await Deno.writeTextFile(place.path(name), text);
      }
      const { stdout, stderr } = await runChild(place.path("main.ts"), {
        args: [runner],
        cwd: place.dir,
        patience: 120_000,
      });
      // This thread has imported the module before; the worker would import it anew.
      const first = runner === "async"
        ? "got as before"
        : "refused Failed to complete 1 of 2 tasks";
      assertStringIncludes(stdout, first, stderr);
      if (runner === "workers") {
        assertStringIncludes(stdout, "helper.ts was changed while the program ran");
      }
      assertStringIncludes(stdout, "then LabError");
      assertStringIncludes(stdout, "helper.ts was changed after the program imported it");
      const entries = [...Deno.readDirSync(place.path("results"))].filter(({ name }) =>
        name.includes("Late__")
      );
      assertEquals(entries.length, runner === "async" ? 1 : 0);
    },
  );
}

const Plain = task(null, { name: "AutoPlain", run: ({ n }: { n: number }) => n });
const Cell = task(null, { name: "AutoCell", codeVersion: "auto", run: () => 0 });

Deno.test("types that are defined in no module are refused where their version is to follow their code", async () => {
  await using lab = quietLab({ storage: null, runner: "serial" });
  assertEquals([await lab.codeVersionOf(Plain), await lab.codeOf(Plain)], [undefined, undefined]);
  assertEquals(await lab.runTask(Plain({ n: 1 })), 1);
  const error = await labError(lab.runTask(Cell()));
  assertStringIncludes(error.message, "AutoCell cannot follow its code, which stands in no module");
  await using all = quietLab({ storage: null, runner: "serial", codeVersion: "auto" });
  await labError(all.runTask(Plain({ n: 1 })));
});

const Followed = task(import.meta, {
  name: "AutoFollowed",
  codeVersion: "auto",
  run: ({ n }: { n: number }) => n * 2,
});
const Above = task(import.meta, {
  name: "AutoAbove",
  run: ({ of }: { of: ReturnType<typeof Followed> }) => of.result + 1,
});

Deno.test("tasks keep their identity: results, failures and lists are of the tasks that were given", async () => {
  await using lab = quietLab({ storage: { type: "memory" }, runner: "async" });
  const [one, same, above] = [
    Followed({ n: 1 }),
    Followed({ n: 1 }),
    Above({ of: Followed({ n: 2 }) }),
  ];
  const results = await lab.runTasks([one, same, above]);
  assertEquals([...results.keys()], [one, above]);
  assertEquals([one.result, same.result, above.result], [2, 2, 5]);
  assertEquals(one.codeVersion, "auto");
  const version = await lab.codeVersionOf(Followed);
  const [cached] = await lab.cachedTasks([Followed]);
  assertEquals(cached!.codeVersion, version);
  assertEquals(await lab.keyOf(cached!), await lab.keyOf(Followed(cached!.params)));
  assertEquals(await lab.runTask(cached!), cached!.params.n * 2);
  const [stored] = await lab.cachedTasks([Above]);
  assertEquals(stored!.dependencies[0]!.codeVersion, version);
  assertEquals(await lab.uncacheTasks([above]), 1);
  assertEquals(await lab.isCached(above), false);
});

Deno.test("results of types without a version stay behind when the Lab has versions follow the code", async () => {
  const storage = { type: "memory" };
  await using before = quietLab({ storage, runner: "async" });
  const above = Above({ of: Followed({ n: 7 }) });
  await before.runTask(above);
  const [stored] = await before.cachedTasks([Above]);
  await using after = quietLab({ storage: before.storage!, runner: "async", codeVersion: "auto" });
  assertEquals([await after.isCached(above), await after.isCached(stored!)], [false, true]);
  const error = await labError(after.runTasks([stored!]));
  assertStringIncludes(error.message, "was loaded from results of code version none");
});

Deno.test("a file that is included may change between runs: then tasks run again", async () => {
  await using place = await scratch();
  const file = place.path("data.txt");
  const Included = task(import.meta, {
    name: "AutoIncluded",
    codeVersion: "auto",
    include: [relative(new URL(".", import.meta.url).pathname, file)],
    run: (_: { file: string }) => Deno.readTextFileSync(_.file),
  });
  await using lab = quietLab({ storage: { type: "memory" }, runner: "async" });
  const results: string[] = [];
  for (const text of ["one", "two", "two", "one"]) {
    await Deno.writeTextFile(file, text);
    results.push(await lab.runTask(Included({ file })));
  }
  assertEquals(results, ["one", "two", "two", "one"]);
  assertEquals((await lab.cachedTasks([Included])).length, 2);
});

Deno.test("a Lab, or its configuration, says auto or nothing", async () => {
  await using lab = await Lab.fromConfig({ storage: null, codeVersion: "auto" });
  assertMatch((await lab.codeVersionOf(Above))!, /^auto:[0-9a-f]{40}$/);
  assertThrows(
    () => new Lab({ storage: null, codeVersion: "v1" as "auto" }),
    ConfigError,
    'codeVersion: expected "auto" (a version of its own is for a task type to say), got "v1"',
  );
  await assertRejects(
    () => Lab.fromConfig({ storage: null, codeVersion: "v1" }),
    ConfigError,
    'codeVersion: Expected "auto", got "v1"',
  );
});

Deno.test("permissions to read the code are among those that a Lab lists", () => {
  const lab = quietLab({ storage: null, runner: "serial" });
  const { read = [] } = lab.permissions() as { read?: string[] };
  assertEquals(read.includes(new URL(import.meta.url).pathname), true);
  assertEquals(read.some((path) => path.endsWith("/code_version/code_reader.ts")), false);
});
