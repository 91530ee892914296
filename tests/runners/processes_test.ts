import { ProcessesRunner } from "@labtech/lab/runners";
import { runnerContract } from "@labtech/lab/testing";

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
