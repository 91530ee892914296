import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

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
