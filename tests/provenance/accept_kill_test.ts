import { Lab, type PluginSpec } from "@labtech/lab";
import { verifyStorage } from "@labtech/lab/maintenance";
import { assert, assertEquals } from "@std/assert";
import { child } from "../e2e/_child.ts";
import { scratch, testWith } from "../e2e/_scratch.ts";
import { COUNT, large } from "./_large_tasks.ts";

const PROGRAM = new URL("./programs/accepting.ts", import.meta.url);
const STORAGES: Readonly<Record<string, (path: string) => PluginSpec>> = {
  local: (path) => ({ type: "local", dir: path }),
  sqlite: (path) => ({ type: "sqlite", file: `${path}.db` }),
};

/** Starts the program, and kills it when it has told of so many entries. */
async function killAfter(storage: PluginSpec, entries: number): Promise<void> {
  const process = child(PROGRAM, { args: [JSON.stringify({ storage })] }).spawn();
  let lines = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    lines += text;
    if (lines.split("\n").length <= entries) continue;
    // Before the pipe is closed, so that it is not that which ends the program.
    try {
      process.kill("SIGKILL");
    } catch {
      // It ended by itself before.
    }
    break;
  }
  const [{ code }, stderr] = await Promise.all([process.status, process.stderr.text()]);
  assert(code === 137 || code === 0, stderr);
}

for (const [name, spec] of Object.entries(STORAGES)) {
  testWith(
    "run",
    `${name}: whoever accepts may be killed: no result is lost or torn, and the next goes on`,
    async () => {
      await using place = await scratch();
      const storage = spec(place.path("results"));
      const open = () => new Lab({ storage, runner: "async", progress: false, records: false });
      const tasks = (version: string) => {
        const Large = large(version);
        return Array.from({ length: COUNT }, (_, n) => Large({ n }));
      };
      {
        await using lab = open();
        await lab.runTasks(tasks("v1"));
      }
      for (const entries of [1, 4, 9]) {
        await killAfter(storage, entries);
        await using lab = open();
        const { problems } = await verifyStorage(lab.storage!);
        assertEquals(problems.filter(({ kind }) => kind !== "orphaned"), []);
        assertEquals(
          (await lab.runTasks(tasks("v1"))).summary.run,
          0,
          "the earlier results are there",
        );
      }
      await using lab = open();
      const now = tasks("v2");
      const { present, accepted } = await lab.accept([large("v2")], { why: "Only names changed" });
      assert(present >= 9, `${present} were accepted before`);
      assertEquals(present + accepted, COUNT);
      const { summary } = await lab.runTasks(now);
      assertEquals([summary.run, summary.cached], [0, COUNT]);
    },
  );
}
