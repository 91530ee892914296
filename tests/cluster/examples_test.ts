import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";
import { RedisServer, testWithRedis } from "../servers/redis.ts";
import { Project } from "./_project.ts";

const EXAMPLES = fromFileUrl(new URL("../../examples/cluster/", import.meta.url));
const [UNIT, SCRIPT, MANIFEST] = ["service", "slurm", "yaml"].map((end) =>
  join(EXAMPLES, `lab-worker.${end}`)
) as [string, string, string];
const DENO = "/usr/local/bin/deno";

/**
 * Registers a test that needs a program; where that cannot do its work here, which `trial` shows, it says so, and
 * is skipped. In place of a trial there may be a reason to skip it.
 */
function testWith(
  trial: readonly [string, ...string[]] | string,
  name: string,
  fn: () => Promise<void>,
): void {
  const why = typeof trial === "string" ? trial : missing(...trial);
  Deno.test({ name: why ? `${name} (skipped: ${why})` : name, ignore: why !== undefined, fn });
}

function missing(program: string, ...args: readonly string[]): string | undefined {
  const granted = ["run", "read", "write"] as const;
  const denied = granted.find((name) => Deno.permissions.querySync({ name }).state !== "granted");
  if (denied !== undefined) return `it needs --allow-${denied}`;
  try {
    const { success } = new Deno.Command(program, {
      args: [...args],
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success ? undefined : `${program} ${args.join(" ")} fails here`;
  } catch {
    return `there is no ${program} here`;
  }
}

/** Runs a program, and gives what it printed. */
async function said(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, { args }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

testWith(
  ["systemd-analyze", "--version"],
  "systemd finds nothing wrong with the unit of a worker",
  async () => {
    const dir = await Deno.makeTempDir();
    try {
      const verify = async (name: string, text: string) => {
        await Deno.writeTextFile(join(dir, name), text);
        const all = await said("systemd-analyze", "verify", join(dir, name));
        // It also tells of the units of this machine.
        return all.split("\n").filter((line) => line.includes(name)).join("\n");
      };
      // It looks whether the program is there.
      const unit = (await Deno.readTextFile(UNIT)).replace(DENO, Deno.execPath());
      assertEquals(await verify("fine.service", unit), "");
      assertMatch(await verify("wrong.service", unit.replace("KillMode=", "KilMode=")), /KilMode/);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);

testWith(["bash", "--version"], "the script for Slurm is one of bash", async () => {
  assertEquals(await said("bash", "-n", SCRIPT), "");
});

testWith(
  ["shellcheck", "--version"],
  "ShellCheck finds nothing wrong with the script for Slurm",
  async () => {
    assertEquals(await said("shellcheck", SCRIPT), "");
  },
);

testWith(["scontrol", "ping"], "Slurm knows all that the script asks of it", async () => {
  // It may still say that no node has as much as is asked for.
  const wrong = /unrecognized option|invalid/i;
  const text = await said("sbatch", "--test-only", SCRIPT);
  assert(!wrong.test(text), text);
  const options = ["--signal=NONE@900", "--memory=8G"];
  for (const option of options) {
    assertMatch(await said("sbatch", "--test-only", option, SCRIPT), wrong);
  }
});

// Building what reads it takes a minute of a processor.
const mayAsk = Deno.permissions.querySync({ name: "env" }).state === "granted";
const isAsked = mayAsk && Deno.env.get("CHECK_MANIFEST") === "1";
testWith(
  isAsked ? ["go", "version"] : "it takes a minute, and CHECK_MANIFEST is not 1",
  "Kubernetes knows every field of the manifest",
  async () => {
    const cwd = fromFileUrl(new URL("./manifest/", import.meta.url));
    const read = async (path: string) => {
      const { stdout, stderr } = await new Deno.Command("go", { args: ["run", ".", path], cwd })
        .output();
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    };
    assertEquals(await read(MANIFEST), "v1 ConfigMap\napps/v1 Deployment\n");
    const wrong = await Deno.makeTempFile();
    try {
      const text = await Deno.readTextFile(MANIFEST);
      await Deno.writeTextFile(wrong, text.replace("periodSeconds:", "periodSecond:"));
      assertMatch(await read(wrong), /unknown field "periodSecond"/);
    } finally {
      await Deno.remove(wrong);
    }
  },
);

testWithRedis(
  "what the unit, the script and the manifest start are workers, which end with 0 when told to",
  async () => {
    await using server = await RedisServer.start();
    await using project = await Project.make();
    const env = { LAB_BROKER: server.url };
    const starts = await Promise.all([
      unitCommand(project),
      scriptCommand(project),
      manifestCommand(project),
    ]);
    const workers = starts.map(({ program, args, more }) =>
      new Started(project.start(program, args, { ...env, ...more }))
    );
    try {
      await Promise.all(workers.map((worker) => worker.takesTasks));
      const run = ["run", "-A", "@labtech/lab/cli", "run", "--config", "lab.json", "study.ts"];
      const program = project.start(project.deno, run, env);
      const { code, stderr } = await program.output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      const [, address] = /Answers at (http:\S+)\/healthz/.exec(workers[2]!.text)!;
      for (const path of ["healthz", "readyz"]) {
        const answer = await fetch(`${address}/${path}`);
        assertEquals([answer.status, (await answer.json()).worker], [200, "pod-1"]);
      }
      assertEquals(await Promise.all(workers.map((worker) => worker.end("SIGTERM"))), [0, 0, 0]);
      const done = workers.map(({ text }) => Number(/Ended: (\d+) tasks? done/.exec(text)?.[1]));
      assertEquals(done.reduce((sum, count) => sum + count), 6);
    } finally {
      for (const worker of workers) await worker.end("SIGKILL");
    }
  },
  { programs: ["bash"] },
);

/** How a worker is started. */
interface Start {
  readonly program: string;
  readonly args: readonly string[];
  /** What its environment has besides. */
  readonly more?: Readonly<Record<string, string>>;
}

async function unitCommand({ deno }: Project): Promise<Start> {
  const [, line = ""] = /^ExecStart=(.*)$/m.exec(await Deno.readTextFile(UNIT)) ?? [];
  const [program, ...args] = line.replace(DENO, deno).replace(":9100", ":0").split(" ");
  return { program: program!, args };
}

function scriptCommand({ dir }: Project): Promise<Start> {
  const more = {
    // Where a person has settings of their own.
    ...{ HOME: dir, DENO_DIR: denoDir() },
    ...{ SLURM_SUBMIT_DIR: dir, SLURM_JOB_ID: "7", SLURM_ARRAY_JOB_ID: "7" },
    ...{ SLURM_ARRAY_TASK_ID: "1", SLURM_CPUS_PER_TASK: "2" },
  };
  return Promise.resolve({ program: "bash", args: [SCRIPT], more });
}

async function manifestCommand({ dir, deno }: Project): Promise<Start> {
  const text = await Deno.readTextFile(MANIFEST);
  const [, command = ""] = /^ +command: \[(.*)\]$/m.exec(text) ?? [];
  const [, list = ""] = /^ +args:\n((?: +- .*\n)+)/m.exec(text) ?? [];
  const words = command.split(", ").map((word) => word.replaceAll('"', ""));
  const args = Array.from(
    list.matchAll(/- (.*)\n/g),
    ([, word]) =>
      word!.replace("$(POD_NAME)", "pod-1").replace("=9100", "=127.0.0.1:0")
        .replace("/etc/lab/lab.json", join(dir, "lab.json")),
  );
  assertEquals(words[0], "deno");
  return { program: deno, args: [...words.slice(1), ...args] };
}

/** A worker, and what it says. */
class Started {
  text = "";
  readonly takesTasks: Promise<void>;
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.takesTasks = promise;
    promise.catch(() => {}); // who waits for it is told
    this.#read = (async () => {
      for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) {
        this.text += piece;
        if (/takes tasks of Square/.test(this.text)) resolve();
      }
      reject(new Error(`It ended: ${this.text}`));
    })();
    child.stdout.cancel();
  }

  async end(signal: Deno.Signal): Promise<number> {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
    const { code } = await this.#child.status;
    await this.#read;
    return code;
  }
}

/** Where packages lie that were downloaded before. */
function denoDir(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "", ".cache");
  return Deno.env.get("DENO_DIR") ?? join(cache, "deno");
}
