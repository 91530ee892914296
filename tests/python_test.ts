/** `docs/python.md`: its code loads results that a Lab has kept, of all types. */
import { Lab, type Task, task } from "@labtech/lab";
import { decode, JsonCache, registerClass, StructuredCache } from "@labtech/lab/caches";
import { assert, assertEquals } from "@std/assert";
import { resultKey } from "../serialize.ts";
import { ValueGenerator } from "./caches/cbor/_generator.ts";
import { type Description, inPython, KeysCollide } from "./_in_python.ts";
import { CASES, Forest, KEYS_COLLIDE } from "./_python_cases.ts";
import { runPython, virtualEnvironment, whyNoPython } from "./_python.ts";

const GENERATED = 300;
const COMPRESSIONS = [undefined, "gzip", "zstd"] as const;

type CaseParams = { case?: string; seed?: number; compress?: string; padding?: string };

const Case = task(import.meta, {
  name: "Case",
  run: ({ case: name, seed }: CaseParams) =>
    name === undefined ? new ValueGenerator(seed!).value() : CASES[name]![0](),
});

/** One line of what `_describe.py` prints. */
interface Seen {
  readonly key: string;
  readonly name: string;
  readonly params: CaseParams;
  readonly start: string;
  readonly duration: number;
  readonly value?: Description;
  readonly error?: string;
  readonly again?: string;
  readonly afterWriting?: Description;
}

function described(value: unknown): Pick<Seen, "value" | "error"> {
  try {
    return { value: inPython(value) };
  } catch (error) {
    if (error instanceof KeysCollide) return { error: "Duplicate map key" };
    throw error;
  }
}

/** Keeps the results of all cases in one directory; gives the tasks, which hold their results. */
async function keepResults(dir: string): Promise<Task[]> {
  const kept: Task[] = [];
  const keep = async (cache: StructuredCache | JsonCache, params: CaseParams[]) => {
    await using lab = new Lab({ storage: dir, cache, runner: "serial", progress: false });
    const tasks = params.map((each) => Case(each));
    const results = await lab.runTasks(tasks);
    assertEquals(results.summary.run, tasks.length);
    kept.push(...tasks);
  };
  for (const [n, compress] of COMPRESSIONS.entries()) {
    const seeds = Array.from({ length: GENERATED / 3 }, (_, i) => 3 * i + n);
    await keep(new StructuredCache({ compress }), [
      ...Object.keys(CASES).map((name) => ({ case: name, compress: compress ?? "none" })),
      ...seeds.map((seed) => ({ seed })),
    ]);
  }
  // Its metadata is too long for the record of the entry, so that it lies in a file of its own.
  await keep(new StructuredCache(), [{ case: "nothing", padding: "x".repeat(2 ** 20) }]);
  await keep(new JsonCache(), [{ case: "booleans" }]);
  return kept;
}

/** Flips a bit in the middle of a file of the entry that has the key. */
async function damage(dir: string, key: string, file: RegExp): Promise<void> {
  for await (const { name: folder } of Deno.readDir(dir)) {
    if (!folder.startsWith(key)) continue;
    for await (const { name } of Deno.readDir(`${dir}/${folder}`)) {
      if (!file.test(name)) continue;
      const bytes = await Deno.readFile(`${dir}/${folder}/${name}`);
      bytes[bytes.length >> 1]! ^= 1;
      await Deno.writeFile(`${dir}/${folder}/${name}`, bytes);
      return;
    }
  }
  throw new Error(`Nothing to damage: ${key} has no ${file}`);
}

/** The code of the page, as it tells readers to save it, beside what prints what it finds. */
async function writePrograms(dir: string): Promise<void> {
  const page = await Deno.readTextFile(new URL("../docs/python.md", import.meta.url));
  const blocks = [...page.matchAll(/^```python\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
  const [example, ...module] = blocks;
  assert(module.length === 2 && example!.includes("from lab_results import"));
  await Deno.writeTextFile(`${dir}/example.py`, example!);
  await Deno.writeTextFile(`${dir}/lab_results.py`, module.join("\n"));
  await Deno.copyFile(new URL("./_describe.py", import.meta.url), `${dir}/describe.py`);
}

/** What Python finds; it loads all entries, or those of some keys. */
async function seenBy(
  python: string,
  dir: string,
  ...keys: string[]
): Promise<Map<string, Seen>> {
  const { success, stdout, stderr } = await runPython(python, [
    `${dir}/describe.py`,
    `${dir}/results`,
    ...keys,
  ]);
  assertEquals(success, true, stderr);
  const lines: Seen[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  return new Map(lines.map((line) => [line.key, line]));
}

const why = whyNoPython();

Deno.test({
  name: `the code of docs/python.md loads what a Lab has kept${why ? ` (skipped: ${why})` : ""}`,
  ignore: why !== undefined,
  async fn(t) {
    const dir = await Deno.makeTempDir();
    try {
      const made = await virtualEnvironment(`${dir}/venv`);
      if ("reason" in made) {
        await t.step({ name: `skipped: ${made.reason}`, ignore: true, fn: () => {} });
        return;
      }
      await checks(t, made.python, dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

async function checks(t: Deno.TestContext, python: string, dir: string): Promise<void> {
  using _ = registerClass("Forest", Forest, {
    encode: (forest) => ({ trees: forest.trees }),
    decode: ({ trees }) => new Forest(trees),
  });
  await writePrograms(dir);
  const tasks = await keepResults(`${dir}/results`);
  const json = tasks.at(-1)!;
  const keyOf = (task: Task) => resultKey(task === json ? "json__" : "structured__", task);
  const seen = await seenBy(python, dir);
  const of = (name: string) => {
    const task = tasks.find(({ params }) => (params as CaseParams).case === name)!;
    return seen.get(keyOf(task))!;
  };

  await t.step("every entry is listed, with its task and when it ran", () => {
    assertEquals([...seen.keys()].sort(), tasks.map(keyOf).sort());
    for (const task of tasks) {
      const { name, params, start, duration } = seen.get(keyOf(task))!;
      assertEquals([name, params], ["Case", task.params]);
      const meta = task.resultMeta!;
      assertEquals([new Date(start), duration], [meta.start, meta.duration]);
    }
  });

  await t.step("the example of the page lists every entry", async () => {
    const { stdout, stderr } = await runPython(python, ["example.py"], { cwd: dir });
    assertEquals(stdout.trimEnd().split("\n").length, tasks.length, stderr);
  });

  await t.step("results of every type are as the page says", () => {
    for (const [name, [, expected]] of Object.entries(CASES)) {
      const { value: found, error } = of(name);
      if (expected !== undefined) assertEquals(found, expected, `${name}: ${error}`);
    }
    assertEquals(of(KEYS_COLLIDE).error, "error decoding map: Duplicate map key: True");
  });

  await t.step(`and so are all others, among them ${GENERATED} generated ones`, () => {
    for (const task of tasks.filter((task) => task !== json)) {
      const { value, error } = seen.get(keyOf(task))!;
      const about = JSON.stringify(task.params).slice(0, 100);
      const expected = described(task.result);
      if (expected.error !== undefined) assert(error?.includes(expected.error), about);
      else assertEquals({ value, error }, { ...expected, error: undefined }, about);
    }
  });

  await t.step("views of one buffer share its memory", () => {
    assertEquals(of("views of one buffer").afterWriting, [
      ...["dict", ["buffer", ["bytearray", "07000200"]], ["ints", ["ndarray", "<i2", "0200"]]],
      ["data", ["memoryview", "0700"]],
    ]);
  });

  await t.step("what Python's cbor2 writes of them again, this library reads", () => {
    const again = Uint8Array.fromHex(of("plain values").again!);
    assertEquals(decode(again), CASES["plain values"]![0]());
  });

  await t.step("entries of another cache are listed, and refused", () => {
    assertEquals(seen.get(keyOf(json))!.value, undefined);
    assertEquals(
      seen.get(keyOf(json))!.error,
      `${keyOf(json)} is of another cache: {'name': 'json', 'version': 1}`,
    );
  });

  await t.step("damaged results are refused, damaged records passed over", async () => {
    const [first, second, third, ...whole] = tasks.map(keyOf);
    await damage(`${dir}/results`, first!, /result\.cbor/);
    await damage(`${dir}/results`, second!, /^metadata\.json$/);
    await damage(`${dir}/results`, third!, /result\.cbor/);
    const after = await seenBy(python, dir, first!, third!);
    assertEquals([...after.keys()].sort(), [first!, third!, ...whole].sort());
    for (const key of [first!, third!]) {
      assertEquals(after.get(key)!.value, undefined);
      assert(after.get(key)!.error!.endsWith("-0-result.cbor is not as it was saved"));
    }
  });
}
