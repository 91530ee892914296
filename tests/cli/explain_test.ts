import { assert, assertEquals, assertMatch } from "@std/assert";
import { cli, Project, QUICK } from "./_project.ts";

const SCALE = `export function scale(x: number, by: number): number {
  return x * by;
}
`;
const STUDY = `
import { task, type Task } from "@labtech/lab";
import { scale } from "./lib/scale.ts";

export const Square = task(import.meta, {
  name: "Square",
  codeVersion: "auto",
  run: ({ base }: { base: number }) => base ** 2,
});
export const Scaled = task(import.meta, {
  name: "Scaled",
  codeVersion: "auto",
  run({ square, by }: { square: Task<number>; by: number }) {
    if (by === 13) throw new RangeError("unlucky\\u001b[2J");
    return scale(square.result, by);
  },
});
export const tasks = [1, 2].map((by) => Scaled({ square: Square({ base: 42 }), by }));
export const failing = Scaled({ square: Square({ base: 42 }), by: 13 });
export const near = Scaled({ square: Square({ base: 43 }), by: 2 });
`;

async function project(): Promise<Project> {
  const made = await Project.create({ "study.ts": STUDY }, QUICK);
  await Deno.mkdir(made.path("lib"));
  await made.write("lib/scale.ts", SCALE);
  return made;
}

const AT = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d`;

Deno.test({
  name:
    `lab explain tells the story of a task: never run, cached, failed, other params${cli.reason}`,
  ignore: cli.ignore,
  async fn() {
    await using place = await project();
    const explain = (...args: string[]) => place.run("explain", "study.ts", ...args);
    const never = await explain("--limit", "1");
    assertEquals(never.code, 0);
    assertEquals(
      never.stdout,
      "Scaled(square=Square(base=42), by=1) is not cached: never run: the storage is empty\n" +
        "  A run computes it; if one did, its results lie in another storage\n",
    );
    assertEquals(never.stderr, "and 1 more task (--limit)\n");
    await place.run("run", "study.ts");
    const cached = await explain("Square(base=42)", "--types", "Square");
    assertMatch(
      cached.stdout,
      new RegExp(
        `^Square\\(base=42\\) is cached: it was computed ${AT} in .+\n  Entry structured__Square__`,
      ),
    );
    assertMatch(cached.stdout, new RegExp(`\n  It ran in run [0-9a-f]{8} of ${AT}\n$`));
    await place.run("run", "study.ts", "--tasks", "failing");
    const failed = await explain("--tasks", "failing");
    assertMatch(
      failed.stdout,
      new RegExp(`is not cached: it failed when it last ran, in the run of ${AT}\n`),
    );
    assertMatch(failed.stdout, /: RangeError: unlucky.*\n/);
    assert(!failed.stdout.includes("\u001b"));
    const near = JSON.parse((await explain("--tasks", "near", "--json")).stdout);
    const { reason, cached: isCached, nearest, verdict } = near.tasks[0];
    assertEquals([near.total, reason, isCached], [1, "params", false]);
    assertEquals(nearest.params, [
      { type: "Square", path: "params.base", before: "42", after: "43", places: 1 },
    ]);
    assertMatch(
      verdict,
      /never run with these params; the nearest of 2 results of Scaled differs in Square params\.base$/,
    );

    const none = await explain("Cube");
    assertEquals(none.code, 2);
    assertMatch(none.stderr, /The module gives no task with "Cube" in its words, id or key/);
    assertEquals((await explain("--types", "Cube")).code, 2);
    assertEquals((await place.run("explain")).code, 2);
  },
});

Deno.test({
  name:
    `lab explain names the module and the declaration that changed, removed results or not${cli.reason}`,
  ignore: cli.ignore,
  async fn() {
    await using place = await project();
    await place.run("run", "study.ts");
    await place.write(
      "lib/scale.ts",
      SCALE.replace("x * by", "half() * x * by * 2") +
        "function half(): number {\n  return 0.5;\n}\n",
    );
    const { stdout } = await place.run("explain", "study.ts", "--limit", "1");
    const lines = stdout.split("\n");
    assertMatch(
      lines[0]!,
      new RegExp(
        `is not cached: the code of Scaled has changed since it ran, ${AT}: lib/scale\\.ts scale, lib/scale\\.ts half$`,
      ),
    );
    assert(lines.includes("      lib/scale.ts scale changed"), stdout);
    assert(lines.includes("      lib/scale.ts half added"), stdout);
    assertMatch(
      stdout,
      /\n {2}A run computes it again.* lab accept study\.ts --types Scaled --why "…"\n$/,
    );

    // The records of the code are no results: what lists, shows and removes those knows them.
    const { entries } = JSON.parse((await place.run("ls", "--json")).stdout);
    assertEquals(entries.length, 3);
    assertEquals((await place.run("verify")).code, 0);
    const [code] = (await Array.fromAsync(Deno.readDir(place.path("results"))))
      .map(({ name }) => name).filter((name) => name.startsWith("code__"));
    const shown = await place.run("show", code!);
    assertEquals(shown.code, 1);
    assertMatch(shown.stderr, /says what a code version was made of/);
    assertMatch((await place.run("rm", code!)).stdout, /\(what a code version was made of\)/);

    await place.run("rm", "--type", "Scaled", "--yes");
    const removed = await place.run("explain", "study.ts", "--limit", "1");
    assertMatch(
      removed.stdout,
      /the code of Scaled has changed since it ran, .*: lib\/scale\.ts scale, /,
    );
    await place.run("run", "study.ts");
    const again = await place.run("explain", "study.ts", "--limit", "1");
    assertMatch(again.stdout, / is cached: /);
  },
});

Deno.test({
  name: `lab accept keeps what the code of now is made of, too${cli.reason}`,
  ignore: cli.ignore,
  async fn() {
    await using place = await project();
    await place.run("run", "study.ts");
    const edit = (text: string) => place.write("lib/scale.ts", SCALE.replace("x * by", text));
    await edit("by * x");
    await place.run("accept", "study.ts", "--types", "Scaled", "--why", "The same", "--yes");
    const accepted = await place.run("explain", "study.ts", "--limit", "1");
    assertMatch(accepted.stdout, /\n {2}Accepted .* for Scaled auto:\w+ → auto:\w+: The same\n/);
    await edit("by * x * 1");
    const { stdout } = await place.run("explain", "study.ts", "--limit", "1");
    assertMatch(stdout, /\n {6}lib\/scale\.ts scale changed\n/);
  },
});
