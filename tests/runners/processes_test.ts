import { ConfigError, Lab } from "@labtech/lab";
import { ProcessesRunner } from "@labtech/lab/runners";
import { runnerContract } from "@labtech/lab/testing";
import { assertStringIncludes, assertThrows } from "@std/assert";

const granted = Deno.permissions.querySync({ name: "run" }).state === "granted";

runnerContract({
  name: "ProcessesRunner",
  make: () => new ProcessesRunner(),
  test: (name, fn) =>
    Deno.test({
      name: granted ? name : `${name} (skipped: it needs --allow-run)`,
      ignore: !granted,
      fn,
    }),
});

Deno.test("processes: sharedMemory, an option of workers, is refused by name", () => {
  const error = assertThrows(
    () => new Lab({ storage: null, runner: { type: "processes", sharedMemory: true } }),
    ConfigError,
  );
  assertStringIncludes(error.message, "runner.sharedMemory: unknown option; known are maxWorkers,");
});
