import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path/from-file-url";

const EXAMPLE = import.meta.dirname + "/..";
const SMALL = ["--neighbours", "1,7", "--depth", "3", "--trees", "3", "--steps", "10"];

const { state } = await Deno.permissions.query({ name: "run" });
const ignore = state !== "granted";
const why = ignore ? " (skipped: needs --allow-run to start the demo)" : "";

/** The permission flags of the demo task, where what it may read is told from the example's folder. */
async function flags(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${EXAMPLE}/deno.json`));
  const words: string[] = tasks.demo.split(" ");
  return words.slice(2, -1).map((word) =>
    word.replace("--allow-read=", `--allow-read=${EXAMPLE}/`)
  );
}

/** Runs the demo of a folder under the flags of the demo task. */
async function demo(dir: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--config",
      `${EXAMPLE}/deno.json`,
      ...await flags(),
      `${dir}/main.ts`,
      ...args,
    ],
    cwd: dir,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}

/** Copies the example to a folder of its own results, within the example: imports resolve there alone. */
async function copyExample(): Promise<string> {
  await Deno.mkdir(`${EXAMPLE}/out`, { recursive: true });
  const to = await Deno.makeTempDir({ dir: `${EXAMPLE}/out`, prefix: "demo-" });
  for (const folder of ["", "data", "models", "plugins", "report", "tasks"]) {
    await Deno.mkdir(`${to}/${folder}`, { recursive: true });
    for await (const { name, isFile } of Deno.readDir(`${EXAMPLE}/${folder}`)) {
      if (isFile) await Deno.copyFile(`${EXAMPLE}/${folder}/${name}`, `${to}/${folder}/${name}`);
    }
  }
  return to;
}

Deno.test(`the demo runs under its own flags, then from the cache${why}`, { ignore }, async () => {
  const dir = await copyExample();
  try {
    const first = await demo(dir, SMALL);
    assertMatch(first, /33 tasks: 33 run, 0 from cache, 0 failed in /);
    assertStringIncludes(first, "classDiagram");
    assertMatch(first, /^ {3}1 {2}\S.* ± /m);
    const svg = await Deno.readTextFile(`${dir}/out/score.svg`);
    assertEquals(svg.split('class="score"').length - 1, 5);

    assertMatch(await demo(dir, SMALL), /: 0 run, 1 from cache, 0 failed in /);

    const csv = await Deno.readTextFile(`${dir}/data/penguins.csv`);
    await Deno.writeTextFile(`${dir}/data/penguins.csv`, csv.replace("39.1,18.7", "39.2,18.7"));
    assertMatch(await demo(dir, SMALL), /33 tasks: 33 run, 0 from cache, 0 failed in /);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

const CLI = fromFileUrl(import.meta.resolve("@labtech/lab/cli"));

/** A module of the copy whose tasks are the small study, for the command line. */
const SMALL_STUDY = `import { study } from "./study.ts";
import { digest, PENGUINS } from "./tasks/load_penguins.ts";
const sha256 = await digest(await Deno.readFile(PENGUINS));
const grid = (neighbours: number[]) => ({ neighbours, depth: [3], trees: [3], steps: [10] });
export const tasks = study(sha256, grid([1, 7]));
export const other = study(sha256, grid([1, 9]));
`;

/** What `lab explain` says first of the small study, and then. */
async function explain(dir: string, ...args: string[]): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", "--no-lock", "--config", `${EXAMPLE}/deno.json`],
      ...[CLI, "explain", "small_study.ts", ...args],
    ],
    cwd: dir,
    stdin: "null",
    env: { NO_COLOR: "1", TZ: "UTC" },
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout).split("\n").map((line) => line.trim());
}

async function edit(path: string, from: string | RegExp, to: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  const edited = text.replace(from, to);
  assert(edited !== text, `${path} has no ${from}`);
  await Deno.writeTextFile(path, edited);
}

Deno.test(
  `what is edited decides what runs again, and explain tells why${why}`,
  { ignore },
  async () => {
    const dir = await copyExample();
    try {
      await Deno.writeTextFile(`${dir}/small_study.ts`, SMALL_STUDY);
      const [never] = await explain(dir);
      assertMatch(never!, / is not cached: never run: the storage is empty$/);
      assertMatch(await demo(dir, SMALL), /33 tasks: 33 run, 0 from cache, 0 failed in /);
      assertMatch((await explain(dir))[0]!, / is cached: it was computed \d{4}-.* in \d/);

      // Another format, a comment, the type of a local variable, a function that nobody calls.
      const [tree, split, score] = ["models/decision_tree.ts", "folds.ts", "models/score.ts"];
      await edit(`${dir}/${tree}`, /\n +maxDepth: depth,\n +\}\);/, " maxDepth: depth })");
      await edit(`${dir}/${tree}`, "const model =", "// A tree.\n  const model =");
      await edit(`${dir}/${score}`, "const right =", "const right: number =");
      await edit(`${dir}/${split}`, /$/, "\nexport function unused(): number {\n  return 7;\n}\n");
      assertMatch(await demo(dir, SMALL), /: 0 run, 1 from cache, 0 failed in /);
      assertMatch((await explain(dir))[0]!, / is cached: /);

      // What one model does: its ten fits, its two settings, and the ranking.
      const neighbours = `${dir}/models/nearest_neighbours.ts`;
      await edit(neighbours, /return \(unseen\) =>/, "void rows.length;\n  return (unseen) =>");
      const part = "../models/nearest_neighbours.ts fitNearestNeighbours";
      const [verdict, ...story] = await explain(dir);
      assertMatch(
        verdict!,
        / is not cached: the code of FitNearestNeighbours, nested in it, has changed since it ran, \d{4}-/,
      );
      assert(verdict!.endsWith(`: ${part}`), verdict);
      assert(
        story.some((line) => line.startsWith("Code of FitNearestNeighbours (10 tasks): auto:")),
      );
      assert(story.includes(`${part} changed`), story.join("\n"));
      const fits = await explain(dir, "--types", "FitDecisionTree");
      assert(fits.filter((line) => / is cached: /.test(line)).length === 5, fits.join("\n"));
      assertMatch(await demo(dir, SMALL), /18 tasks: 13 run, 5 from cache, 0 failed in /);

      const [nearest, ...differences] = await explain(dir, "--tasks", "other");
      assertMatch(
        nearest!,
        / is not cached: never run with these params; the nearest of 2 results /,
      );
      assert(
        differences.includes(
          "FitNearestNeighbours params.model.neighbours: 7 → 9, in 5 places",
        ),
        differences.join("\n"),
      );
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);
