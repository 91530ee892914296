import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { ProcessesRunner } from "@labtech/lab/runners";
import { task, TaskError } from "@labtech/lab";
import { assertThrows } from "@std/assert";
import { runChild } from "../e2e/_child.ts";
import { scratch, testWith } from "../e2e/_scratch.ts";

const PROGRAM = new URL("./_bounded_program.ts", import.meta.url);
const BREEDING = new URL("./_breeding_program.ts", import.meta.url);
const RUN = `--allow-run=${Deno.execPath()}`;

/** Runs a step of the program in a directory that has `data/a.txt` and `secret`. */
async function play(
  runner: string,
  step: string,
  flags: readonly string[] = ["-A"],
  program = PROGRAM,
) {
  await using place = await scratch();
  await Deno.mkdir(place.path("data"));
  await Deno.writeTextFile(place.path("data/a.txt"), "the data");
  await Deno.writeTextFile(place.path("secret"), "the secret");
  const { stdout, stderr } = await runChild(program, {
    flags,
    args: [runner, step],
    cwd: place.dir,
  });
  try {
    return { ...JSON.parse(stdout), stderr };
  } catch {
    throw new Error(`${stdout}\n${stderr}`);
  }
}

testWith("run", "a task may touch what its type declares, and its result is kept", async () => {
  const { results, cached } = await play("processes", "peek");
  assertEquals([results, cached], [["the data"], [true]]);
});

testWith("run", "a task that breaks out fails with the permission that it lacks", async () => {
  const { failed, results } = await play("processes", "breakout");
  assertEquals(results, ["the data"]);
  assertEquals(failed.length, 1);
  assertStringIncludes(failed[0], 'NotCapable: Requires read access to "secret"');
});

testWith(
  "run",
  "results reach tasks that may not open the storage, and theirs are kept",
  async () => {
    const { results: [result], cached } = await play("processes", "nested");
    assertEquals({ ...result, pid: 0 }, {
      pid: 0,
      own: true,
      of: ["1n", "2n"],
      peeked: "the data",
    });
    assertEquals(cached, [true]);
  },
);

testWith("run", "a task without permissions can do nothing but compute", async () => {
  const { results: [{ refused }] } = await play("processes", "try");
  for (const [kind, message] of Object.entries(refused)) {
    if (kind === "import") assertStringIncludes(String(message), "--cached-only is specified");
    else if (kind === "worker") {
      assertEquals(
        message,
        'Requires read access to "secret", run again with the --allow-read flag',
      );
    } else if (kind === "run") assertStringIncludes(String(message), "Requires run access");
    else assertStringIncludes(String(message), `Requires ${kind} access`);
  }
  assertEquals(Object.keys(refused).length, 9);
});

testWith(
  "run",
  "types of the same permissions share processes, others have their own",
  async () => {
    const { results: [one, two, free] } = await play("processes", "share");
    assertEquals(one.pid, two.pid);
    assertNotEquals(one.pid, free.pid);
  },
);

testWith("run", "a type cannot declare what the program itself may not do", async () => {
  const { error } = await play("processes", "overreach", [
    RUN,
    "--allow-read=results",
    "--allow-write=results",
  ]);
  assertStringIncludes(error, "RunnerError: The task type Overreaching declares a permission");
  assertStringIncludes(error, "--allow-read=/etc/hostname");
});

testWith("run", "what a bounded task starts ends with it, at its timeout", async () => {
  const flags = [`${RUN},sleep`, "--allow-read=pid", "--allow-write=pid"];
  const { failed, pid } = await play("processes", "breed", flags, BREEDING);
  assertStringIncludes(failed[0], "timeout of 300 ms");
  let isAlive = true;
  for (let tries = 0; isAlive && tries < 2000; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    isAlive = await Deno.readTextFile(`/proc/${pid}/stat`)
      .then((stat) => !/^\d+ \(.*\) [ZX]/.test(stat), () => false);
  }
  assert(pid > 0 && !isAlive);
});

for (const step of ["free", "nested", "try"]) {
  testWith(
    "run",
    `processes: the flags that the Lab asks for are enough (${step}); without leave to start Deno it says so`,
    async () => {
      const { flags: all }: { flags: string[] } = await play("processes", "flags");
      assertEquals(all.map((flag) => flag.split("=")[0]), [
        "--allow-read",
        "--allow-write",
        "--allow-env",
        "--allow-run",
      ]);
      assert(all.includes(RUN));
      // What Overreaching declares is asked for as well, but only that needs it.
      const { results, error, stderr } = await play("processes", step, all);
      assertEquals(error, undefined, stderr);
      assertEquals(results.length, 1);
      const without = await play("processes", step, all.filter((flag) => flag !== RUN));
      assertStringIncludes(without.error, `pass ${RUN}`);
    },
  );
}

testWith(
  "run",
  "workers refuse types that declare permissions, and say what runner to take",
  async () => {
    const { error } = await play("workers", "peek");
    assertStringIncludes(error, "Peeking declares permissions, which threads of one program");
    assertStringIncludes(error, 'take the runner "processes"');
  },
);

testWith("run", "serial and async run such types, and warn once", async () => {
  for (const runner of ["serial", "async"]) {
    const { results, failed, stderr } = await play(runner, "breakout");
    assertEquals([results, failed], [["the secret", "the data"], undefined]);
    const warnings = stderr.split("\n").filter((line: string) => line.includes("do not hold"));
    assertEquals(warnings.length, 1, stderr);
    assertStringIncludes(warnings[0], "Peeking");
  }
});

Deno.test("processes: leave to start Deno, and what types declare, is all that is asked for", () => {
  const Plain = task(import.meta, { name: "Plain", run: () => 1 });
  const Bound = task(import.meta, {
    name: "Bound",
    permissions: { read: ["data"], net: ["example.com"], write: false },
    run: () => 1,
  });
  const runner = new ProcessesRunner();
  const run = [Deno.execPath()];
  assertEquals(runner.permissions([Plain]), { run });
  assertEquals(runner.permissions([Plain, Bound]), {
    run,
    read: [`${Deno.cwd()}/data`],
    net: ["example.com"],
  });
});

Deno.test("permissions that are none are refused when the type is defined", () => {
  for (
    const [permissions, message] of [
      [{ reed: ["data"] }, 'unknown permission "reed"; did you mean "read"?'],
      [{ read: "data" }, "expected permissions.read to be a list, true, false"],
      [{ read: [""] }, "expected permissions.read to be a list"],
      ["all", "expected permissions to be"],
      [["read"], "expected permissions to be"],
    ] as const
  ) {
    const define = () =>
      task(import.meta, { name: "Wrong", permissions: permissions as never, run: () => 1 });
    assertThrows(define, TaskError, message);
  }
});
