import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cli, Project, QUICK } from "./_project.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab audit ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create({}, QUICK);
      await project.write("measured.ts", MEASURED);
      await project.write("factor.txt", "1");
      await project.run("run", "measured.ts");
      await fn(project);
    },
  });
}

const MEASURED = `
import { task } from "@labtech/lab";

export const Steady = task(import.meta, {
  name: "MeasuredSteady",
  run: ({ n }: { n: number }) => ({ n, at: new Date(0) }),
});
export const Drift = task(import.meta, {
  name: "MeasuredDrift",
  run: ({ n }: { n: number }) => {
    console.log("measuring");
    const factor = Number(Deno.readTextFileSync(new URL("factor.txt", import.meta.url)));
    if (factor === 0) throw new RangeError("no \\u001b[2Jfactor");
    return { scores: [1, n, n * factor] };
  },
});
export const tasks = [1, 2, 3].flatMap((n) => [Steady({ n }), Drift({ n })]);
`;

test("passes where all comes out the same, and changes nothing", async (project) => {
  const before = (await project.run("ls", "--json")).stdout;
  const { code, stdout } = await project.run("audit", "measured.ts");
  assertEquals(code, 0);
  assertMatch(stdout, /^6 of 6 results run again in .+ of computing: 6 the same\n$/m);
  assertEquals((await project.run("ls", "--json")).stdout, before);
  assertEquals((await project.run("runs", "--json")).stdout.match(/"key"/g)?.length, 1);
});

test("shows the first differences, and its exit code tells", async (project) => {
  await project.write("factor.txt", "1.0000001");
  const { code, stdout } = await project.run("audit", "measured.ts");
  assertEquals(code, 1);
  assertStringIncludes(
    stdout,
    "Different: MeasuredDrift(n=2)\n  result.scores[2]: 2 → 2.0000002\n",
  );
  assertMatch(stdout, /6 of 6 results run again in .+: 3 the same, 3 different\n$/);
  const close = await project.run("audit", "measured.ts", "--tolerance", "1e-6");
  assertEquals(close.code, 0);
  assertMatch(close.stdout, /: 3 the same, 3 within the tolerance\n$/);
});

test("tells what fails now", async (project) => {
  await project.write("factor.txt", "0");
  const { code, stdout } = await project.run(
    "audit",
    "measured.ts",
    "--types",
    "MeasuredDrift",
    "-n",
    "1",
  );
  assertEquals(code, 1);
  assertMatch(
    stdout,
    /^Failed: MeasuredDrift\(n=\d\)\n {2}RangeError: no \S+factor\n1 of 3 results .+: 1 failed\n$/m,
  );
});

test("takes a sample of each type, the same for the same seed", async (project) => {
  const tasks = async (...args: string[]) => {
    const { stdout } = await project.run("audit", "measured.ts", "--json", ...args);
    return JSON.parse(stdout).tasks.map(({ task }: { task: string }) => task).sort();
  };
  const two = await tasks("--sample", "2");
  assertEquals(two.map((task: string) => task.split("(")[0]), ["MeasuredDrift", "MeasuredSteady"]);
  assertEquals(await tasks("--sample", "2", "--seed", "0"), two);
  assertEquals((await tasks("--sample", "50%")).length, 4);
});

test("--json prints the report, and nothing else", async (project) => {
  await project.write("factor.txt", "2");
  const { code, stdout } = await project.run("audit", "measured.ts", "--json");
  assertEquals(code, 1);
  const { tasks, ...rest } = JSON.parse(stdout);
  assertEquals(rest, { passed: false, candidates: 6, passedOver: 0 });
  const found = tasks.find(({ task }: { task: string }) => task === "MeasuredDrift(n=3)");
  assertEquals([found.type, found.verdict, found.more], ["MeasuredDrift", "different", false]);
  assertEquals(found.differences, [{ path: "result.scores[2]", before: "3", after: "6" }]);
});

test("refuses what makes no sense with exit code 2", async (project) => {
  const refusal = async (...args: string[]) => {
    const { code, stdout, stderr } = await project.run("audit", ...args);
    assertEquals([code, stdout], [2, ""]);
    return stderr;
  };
  assertMatch(await refusal(), /Expected a module/);
  assertMatch(await refusal("measured.ts", "--sample", "0"), /expected a whole number from 1/);
  assertMatch(await refusal("measured.ts", "--sample", "120%"), /expected a share up to 100%/);
  assertMatch(await refusal("measured.ts", "--tolerance", "-1"), /expected a number of 0 or more/);
  assertMatch(await refusal("measured.ts", "--types", "Nothing"), /define no task type "Nothing"/);
  assertMatch(await refusal("measured.ts", "--lab", "nothing"), /keeps nothing/);
});

const withoutSignals = Deno.build.os === "windows"
  ? " (skipped: Windows has no SIGINT to send)"
  : "";

Deno.test({
  name: `lab audit ends with exit code 130 after Ctrl-C${cli.reason || withoutSignals}`,
  ignore: cli.ignore || withoutSignals !== "",
  async fn() {
    await using project = await Project.create();
    await project.write("waiting.ts", WAITING);
    await project.write("quick.txt", "");
    await project.run("run", "waiting.ts");
    await Deno.remove(project.path("quick.txt"));
    const child = project.start(["audit", "waiting.ts"]);
    let [seen, sent] = ["", 0];
    const interrupt = async () => {
      for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
        seen += text;
        // Begun, and after the first Ctrl-C "Ending: …", which tells to press it again.
        if (sent < 2 && seen.includes(["begun", "Ending:"][sent]!)) {
          sent++;
          child.kill("SIGINT");
        }
      }
    };
    const [{ code }, stdout] = await Promise.all([child.status, child.stdout.text(), interrupt()]);
    assertEquals([code, stdout], [130, ""], seen);
    assertStringIncludes(seen, "Ended by Ctrl-C; the storage is as it was");
  },
});

const WAITING = `
import { task } from "@labtech/lab";

const quick = new URL("quick.txt", import.meta.url);
export const Waiting = task(import.meta, {
  name: "AuditWaiting",
  async run({ n }: { n: number }, { signal, log }) {
    log.info("begun");
    const isQuick = await Deno.stat(quick).then(() => true, () => false);
    if (!isQuick) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return n;
  },
});
export const tasks = [Waiting({ n: 1 })];
`;
