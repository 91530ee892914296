import { assertGreater } from "@std/assert";
import { UsageMeter } from "../../runners/_process_usage.ts";
import { scratch } from "../e2e/_scratch.ts";
import { spin } from "../e2e/tasks/trace.ts";

const NEEDED = ["read", "write", "net", "env", "run", "sys", "ffi"] as const;
const mayAll = NEEDED.every((name) => Deno.permissions.querySync({ name }).state === "granted");
const seesAll = mayAll && Deno.build.os === "linux";
const without = seesAll ? "" : " (skipped: it needs all permissions, on Linux)";

/** Starts a program, waits for its first line, and gives that; it is killed at the end of the block. */
async function started(command: string, args: readonly string[]) {
  const options = { args: [...args], detached: true };
  const process = new Deno.Command(command, { ...options, stdout: "piped", stderr: "null" })
    .spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let line = "";
  while (!line.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    line += value;
  }
  return {
    line: line.trim(),
    async [Symbol.asyncDispose]() {
      Deno.kill(-process.pid, "SIGKILL");
      await process.status;
      await reader.cancel();
    },
  };
}

Deno.test("a process takes memory, and time of processors while it computes", () => {
  const meter = new UsageMeter();
  assertGreater(meter.read().memory!, 2 ** 20);
  // The clock of processors may count in steps of 10 ms; a process that computes gets there.
  while (meter.read().cpu === 0) spin(20);
});

Deno.test({
  name: `what a process started counts, and what that started in its turn${without}`,
  ignore: !seesAll,
  async fn() {
    const meter = new UsageMeter();
    const held = 200 * 2 ** 20;
    const code =
      `const held = new Uint8Array(${held}).fill(1); console.log(held.length); prompt();`;
    // A shell with a child of its own.
    await using _child = await started("sh", [
      "-c",
      `"$0" eval "$1" < /dev/zero & wait`,
      Deno.execPath(),
      code.replace("prompt()", "setInterval(() => held, 1e6)"),
    ]);
    // This process itself may grow or shrink at any time.
    assertGreater(meter.read().memory! - Deno.memoryUsage().rss, held / 2);
  },
});

Deno.test({
  name: `the time of what a process started counts, whatever that is called${without}`,
  ignore: !seesAll,
  async fn() {
    await using place = await scratch();
    const program = place.path("a) R 1 1 (b");
    await Deno.copyFile("/bin/sh", program);
    const meter = new UsageMeter();
    const start = performance.now();
    meter.read();
    const loop = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo $(times); sleep 600";
    await using child = await started(program, ["-c", loop]);
    const { cpu } = meter.read();
    const took = performance.now() - start;
    // "0m0.250s 0m0.010s …": of the shell itself, as user and as system.
    const [own] = /^0m([\d.]+)s/.exec(child.line)!.slice(1).map(Number);
    assertGreater(cpu! * took, own! * 1000 / 2);
  },
});
