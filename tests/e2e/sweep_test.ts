import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { type ChildOptions, type Ended, runChild } from "./_child.ts";
import { quietLab } from "./_lab.ts";
import { BUG, COUNT, Fit } from "./programs/sweep.ts";
import { linesOf, scratch, testWith } from "./_scratch.ts";

const PROGRAM = new URL("./programs/sweep.ts", import.meta.url);
const BUGS = COUNT / BUG;

type Place = Awaited<ReturnType<typeof scratch>>;

function sweep(
  place: Place,
  options: Pick<ChildOptions, "flags"> & {
    readonly runner: string;
    readonly meanwhile?: (process: Deno.ChildProcess, stderr: () => string) => Promise<void>;
  },
): Promise<Ended> {
  const { runner, flags, meanwhile } = options;
  const args = [runner, place.path("trace")];
  return runChild(PROGRAM, { args, flags, cwd: place.dir, meanwhile, patience: 120_000 });
}

/** Waits until something holds; for two minutes at most, as for the program itself. */
async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 120_000;
  while (!holds() && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function endedIn(place: Place): number {
  return linesOf(place.path("trace")).filter((line) => line.startsWith("end")).length;
}

async function cachedIn(place: Place): Promise<number> {
  await using lab = quietLab({ runner: "serial", storage: place.path("results") });
  return (await lab.cachedTasks([Fit])).length;
}

/** What was finished is not computed again, and the rest is; the report says what to look at. */
async function assertGoesOn(place: Place): Promise<void> {
  const kept = await cachedIn(place);
  const before = endedIn(place);
  const { code, stderr } = await sweep(place, { runner: "processes" });
  assertEquals(code, 1);
  assertEquals(await cachedIn(place), COUNT - BUGS);
  assertEquals(endedIn(place) - before, COUNT - BUGS - kept, "what was kept ran again");
  assertStringIncludes(stderr, `Failed to complete ${BUGS + 2} of ${COUNT + 2} tasks:`);
  const bug = "TypeError: Cannot read properties of null (reading 'length') (first: Fit(n=0))";
  assertStringIncludes(stderr, `${BUGS} tasks of Fit: ${bug}`);
  assertStringIncludes(stderr, "sweep.ts:");
  assertStringIncludes(stderr, 'Hang(of="a loop") took longer than its timeout of 1000 ms');
  assertStringIncludes(stderr, "the limit is 100 MB: raise it by the runner's option");
}

testWith(
  "run",
  "a sweep on processes with all that goes wrong: stopped by Ctrl-C, it goes on",
  async () => {
    await using place = await scratch();
    const { code, signal, stderr } = await sweep(place, {
      runner: "processes",
      async meanwhile(process, stderr) {
        await until(() => endedIn(place) >= 10);
        process.kill("SIGINT");
        await until(() => stderr().includes("Ctrl-C again"));
        await Deno.writeTextFile(place.path("go"), "");
      },
    });
    assertEquals(signal, null, stderr);
    assertNotEquals(code, 0);
    assertStringIncludes(stderr, "not run, since the run was ended");
    // Nothing is computed and not kept: what runs at Ctrl-C comes to its end.
    assertEquals(await cachedIn(place), endedIn(place));
    assert(endedIn(place) >= 10);
    await assertGoesOn(place);
  },
);

testWith(
  "run",
  "a sweep on workers with all that goes wrong: where memory ends the program, it was told why, and goes on",
  async () => {
    await using place = await scratch();
    const flags = ["-A", "--v8-flags=--max-old-space-size=200"];
    await Deno.writeTextFile(place.path("go"), "");
    const { code, stderr } = await sweep(place, { runner: "workers", flags });
    assertNotEquals(code, 0);
    const told = stderr.split("\n").filter((line) => line.includes("Memory runs out"));
    assertEquals(told.length, 1, stderr);
    assertStringIncludes(told[0]!, 'Hoard(of="objects")');
    assertStringIncludes(told[0]!, 'The runner "processes"');
    assert(await cachedIn(place) > 0);
    await assertGoesOn(place);
  },
);
