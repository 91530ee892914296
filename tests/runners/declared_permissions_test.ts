import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { ProcessesRunner } from "@labtech/lab/runners";
import { task, TaskError } from "@labtech/lab";
import { assertThrows } from "@std/assert";
import { runChild } from "../e2e/_child.ts";
import { scratch, testWith } from "../e2e/_scratch.ts";
import { canBindThreads, threadBounds } from "../../runners/_thread_bounds.ts";

const PROGRAM = new URL("./_bounded_program.ts", import.meta.url);
const BREEDING = new URL("./_breeding_program.ts", import.meta.url);
const RUN = `--allow-run=${Deno.execPath()}`;

const SANDBOXES = [
  {
    runner: "processes",
    blind: "processes",
    flags: [],
    refusedImport: "--cached-only is specified",
  },
  {
    runner: "workers",
    // Without all permissions a program does not see its own flags.
    blind: '{ "type": "workers", "unstableWorkerOptions": true }',
    flags: ["--unstable-worker-options"],
    refusedImport: 'Requires import access to "esm.sh:443"',
  },
];

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

for (const { runner, blind, flags, refusedImport } of SANDBOXES) {
  const test = (name: string, fn: () => Promise<void>) => testWith("run", `${runner}: ${name}`, fn);

  test("a task may touch what its type declares, and its result is kept", async () => {
    const { results, cached } = await play(runner, "peek", ["-A", ...flags]);
    assertEquals([results, cached], [["the data"], [true]]);
  });

  test("a task that breaks out fails with the permission that it lacks", async () => {
    const { failed, results } = await play(runner, "breakout", ["-A", ...flags]);
    assertEquals(results, ["the data"]);
    assertEquals(failed.length, 1);
    assertStringIncludes(failed[0], 'NotCapable: Requires read access to "secret"');
  });

  test("results reach tasks that may not open the storage, and theirs are kept", async () => {
    const { results: [result], cached } = await play(runner, "nested", ["-A", ...flags]);
    assertEquals(result, { own: true, of: ["1n", "2n"], peeked: "the data" });
    assertEquals(cached, [true]);
  });

  test("a task without permissions can do nothing but compute", async () => {
    const { results: [{ refused }] } = await play(runner, "try", ["-A", ...flags]);
    for (const [kind, message] of Object.entries(refused)) {
      if (kind === "import") assertStringIncludes(String(message), refusedImport);
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

  test("types of the same permissions share workers, others have their own", async () => {
    const { results: [one, two, free] } = await play(runner, "share", ["-A", ...flags]);
    assertEquals(one.where, two.where);
    assertNotEquals(one.where, free.where);
  });

  test("a type cannot declare what the program itself may not do", async () => {
    const { error } = await play(blind, "overreach", [
      ...flags,
      RUN,
      "--allow-read=results",
      "--allow-write=results",
    ]);
    assertStringIncludes(error, "RunnerError: The task type Overreaching declares a permission");
    assertStringIncludes(error, "--allow-read=/etc/hostname");
  });

  for (const step of ["free", "nested", "try"]) {
    test(`the flags that the Lab asks for are enough (${step})`, async () => {
      const { flags: asked }: { flags: string[] } = await play(runner, "flags", ["-A", ...flags]);
      // What Overreaching declares is asked for as well, but only that needs it.
      const { results, error, stderr } = await play(blind, step, [...asked, ...flags]);
      assertEquals(error, undefined, stderr);
      assertEquals(results.length, 1);
    });
  }
}

testWith("run", "what a bounded task starts ends with it, at its timeout", async () => {
  const flags = [`${RUN},sleep`, "--allow-read=pid", "--allow-write=pid"];
  const { failed, pid } = await play("processes", "breed", flags, BREEDING);
  assertStringIncludes(failed[0], "timeout of 300 ms");
  let isAlive = true;
  for (let tries = 0; isAlive && tries < 24_000; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    isAlive = await Deno.readTextFile(`/proc/${pid}/stat`)
      .then((stat) => !/^\d+ \(.*\) [ZX]/.test(stat), () => false);
  }
  assert(pid > 0 && !isAlive);
});

testWith(
  "run",
  "processes: the Lab asks for leave to start Deno; without it the runner says so",
  async () => {
    const { flags }: { flags: string[] } = await play("processes", "flags");
    assertEquals(flags.map((flag) => flag.split("=")[0]), [
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-run",
    ]);
    assert(flags.includes(RUN));
    const without = await play("processes", "free", flags.filter((flag) => flag !== RUN));
    assertStringIncludes(without.error, `pass ${RUN}`);
  },
);

testWith(
  "run",
  "workers: without the flag of Deno that it takes, types that declare permissions are refused, with what to do",
  async () => {
    for (const flags of [["-A"], ["--allow-read", "--allow-write"]]) {
      const { error } = await play("workers", "peek", flags);
      assertStringIncludes(error, "RunnerError: The task type Peeking declares permissions");
      assertStringIncludes(error, "pass that flag, or have");
      assertStringIncludes(error, 'or take the runner "processes"');
      assertStringIncludes(error, "--unstable-worker-options");
    }
  },
);

Deno.test("workers: bounds name all kinds, and let a thread have the modules of its tasks", () => {
  const { read, import: hosts, ...others } = threadBounds({ net: ["example.com"] }, [
    import.meta.url,
    "https://jsr.io/@scope/tasks/1.0.0/mod.ts",
  ]);
  assert((read as string[]).includes(new URL(import.meta.url).pathname));
  const { state } = Deno.permissions.querySync({ name: "import", host: "jsr.io" });
  assertEquals(hosts, state === "granted" ? ["jsr.io"] : false);
  const none = { write: false, env: false, run: false, sys: false, ffi: false };
  assertEquals(others, { net: ["example.com"], ...none });
});

Deno.test("workers: whether Deno holds threads to permissions is seen in flags and configurations", async () => {
  await using place = await scratch();
  const config = async (name: string, text: string) => {
    await Deno.writeTextFile(place.path(name), text);
    return place.path(name);
  };
  const plain = await config("plain.json", "{}");
  const able = await config(
    "able.jsonc",
    '{ // as said\n "unstable": ["cron", "worker-options"], }',
  );
  const root = await config("root.json", '{ "workspace": ["a"], "unstable": ["worker-options"] }');
  const bare = await config("bare.json", '{ "workspace": ["a"] }');
  const broken = await config("broken.json", "{ [");
  for (
    const [flags, configs, expected] of [
      [["--unstable-worker-options"], [], true],
      [["--unstable-cron"], [plain], false],
      [[], [able], true],
      [[], [place.path("none.json")], false],
      [[], [broken], false],
      [[], [plain, root], true],
      [[], [able, bare], false],
      [[], [plain, able], false],
      [["--no-config"], [able], false],
      [["--config", able], [plain], true],
      [[`--config=${plain}`], [able], false],
      [["-c", able], [], true],
    ] as const
  ) {
    assertEquals(await canBindThreads({ flags, configs }), expected, `${flags} ${configs}`);
  }
});

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
