import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { runChild, whileRunning } from "./_child.ts";
import { quietLab, RUNNERS } from "./_lab.ts";
import { linesOf, scratch, testWith } from "./_scratch.ts";
import { Slow } from "./programs/interrupted.ts";

const PROGRAM = new URL("./programs/interrupted.ts", import.meta.url);

interface Scene {
  readonly runner: string;
  readonly storage: string;
  readonly trace: string;
}

/**
 * Sends Ctrl-C as soon as so many lines are in the trace, and when that was answered again, or lets tasks that are
 * held go on.
 */
async function interrupt(
  { runner, storage, trace }: Scene,
  options: { readonly kind: string; readonly after: number; readonly twice?: boolean },
) {
  return await runChild(PROGRAM, {
    args: [runner, storage, trace, options.kind],
    async meanwhile(process, stderr) {
      await whileRunning(process, () => linesOf(trace).length >= options.after);
      process.kill("SIGINT");
      await whileRunning(process, () => stderr().includes("Ctrl-C again"));
      if (options.twice) return process.kill("SIGINT");
      // What other processes have in hand is taken back by a message to them.
      await whileRunning(process, () => linesOf(`${trace}.drained`).length > 0);
      await Deno.writeTextFile(`${trace}.go`, "go\n");
    },
  });
}

/** The storage holds exactly what the trace says was finished, whole. */
async function assertWhole({ storage, trace }: Scene, kind: string, atMost: number): Promise<void> {
  await using lab = quietLab({ runner: "serial", storage });
  const ended = linesOf(trace).filter((line) => line.startsWith("end")).map((line) =>
    +line.slice(4)
  );
  const cached = await lab.cachedTasks([Slow]);
  assert(cached.length <= ended.length);
  for (const { params } of cached) assert(ended.includes(params.n), `${params.n} was not finished`);
  assert(cached.length <= atMost);
  const results = await lab.runTasks(cached);
  assertEquals(results.summary.run, 0);
  for (const [task, result] of results) {
    assertEquals([task.params.kind, result], [kind, task.params.n]);
  }
  // A program that ends in a moment may leave the empty folders of its claims.
  const folders = Array.from(Deno.readDirSync(storage), ({ name }) => name)
    .filter((name) => name.startsWith("structured__"));
  const full = folders.filter((name) => !Deno.readDirSync(`${storage}/${name}`).next().done);
  assertEquals(full.length, cached.length);
}

for (const runner of RUNNERS) {
  const at = runner === "serial" ? 1 : 2;
  const isElsewhere = runner === "workers" || runner === "processes";

  testWith(
    "run",
    `${runner}: Ctrl-C finishes and keeps what runs, starts nothing new, and fails`,
    async () => {
      await using place = await scratch();
      const scene = { runner, storage: place.path("results"), trace: place.path("trace") };
      const kind = isElsewhere ? "held spin" : "held";
      const { code, signal, stdout, stderr } = await interrupt(scene, { kind, after: at });
      assertEquals(signal, null, stderr);
      assertNotEquals(code, 0);
      const lines = linesOf(scene.trace);
      assertEquals(lines.filter((line) => line.startsWith("begin")).length, at, lines.join("\n"));
      assertEquals(lines.filter((line) => line.startsWith("end")).length, at);
      const said = JSON.parse(stdout);
      assertEquals(said.name, "LabError");
      assertStringIncludes(said.message, "The run was stopped");
      assertStringIncludes(said.cause, "Ended by Ctrl-C");
      assertEquals([said.results.length, said.skipped, said.failures], [at, 7 - at, 0]);
      assertStringIncludes(stderr, "press Ctrl-C again to stop at once");
      await assertWhole(scene, kind, at);
      await using lab = quietLab({ runner: "serial", storage: scene.storage });
      assertEquals((await lab.cachedTasks([Slow])).length, at);
    },
  );

  for (const kind of isElsewhere ? ["endless", "forever"] : ["forever"]) {
    testWith(
      "run",
      `${runner}, tasks that ${
        kind === "forever" ? "wait" : "never yield"
      }: Ctrl-C twice ends the program at once`,
      async () => {
        await using place = await scratch();
        const scene = { runner, storage: place.path("results"), trace: place.path("trace") };
        await Deno.mkdir(scene.storage);
        const { code, signal, stderr } = await interrupt(scene, { kind, after: at, twice: true });
        assertEquals(signal, null, `it had to be killed: ${stderr}`);
        assertNotEquals(code, 0);
        const lines = linesOf(scene.trace);
        assertEquals(lines.filter((line) => line.startsWith("begin")).length, at);
        assertEquals(lines.length, at, "nothing was finished");
        await assertWhole(scene, kind, 0);
      },
    );
  }
}

testWith("run", "a run after an interrupted one does what is left, and no more", async () => {
  await using place = await scratch();
  const scene = { runner: "workers", storage: place.path("results"), trace: place.path("trace") };
  const kind = "held spin";
  await interrupt(scene, { kind, after: 2 });
  const { storage, trace } = scene;
  const { code } = await runChild(PROGRAM, { args: ["workers", storage, trace, kind] });
  assertEquals(code, 0);
  const begun = linesOf(trace).filter((line) => line.startsWith("begin"));
  assertEquals([begun.length, new Set(begun).size], [7, 7], "each ran once");
});
