import { assert } from "@std/assert";
import { Lab } from "../../mod.ts";
import { UsageTask } from "./_usage_tasks.ts";

const mayRun = Deno.permissions.querySync({ name: "run" }).state === "granted";

for (
  const [runner, shown] of [["processes", /running +\d+ s +\d+% +\d+ MB/], [
    "workers",
    /\d+ MB/,
  ]] as const
) {
  Deno.test({
    name: `on ${runner}, what a task takes is shown while it runs` +
      (mayRun ? "" : " (skipped: needs --allow-run to start Deno)"),
    ignore: !mayRun,
    async fn() {
      const dir = await Deno.makeTempDir();
      try {
        const file = `${dir}/seen`;
        let isSeen = false;
        await using lab = new Lab({ storage: null, runner, maxWorkers: 2 });
        const output = {
          terminal: true,
          write(text: string): void {
            if (isSeen || !shown.test(text)) return;
            isSeen = true;
            Deno.writeTextFileSync(file, "");
          },
          size: () => ({ columns: 200, rows: 20 }),
        };
        // The task ends when its memory was shown, and not before.
        await lab.runTasks([UsageTask({ file })], {
          progress: { enabled: true, color: false, output },
        });
        assert(isSeen);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}
