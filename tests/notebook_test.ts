/** A notebook on Deno's own Jupyter kernel shows progress and results. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path/from-file-url";
import { runPython, virtualEnvironment, whyNoPython } from "./_python.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));

/** What a person would type into the cells of a notebook, and what the outputs of each hold at last. */
const CELLS = [
  [
    `import { Lab, task } from "@labtech/lab";
   const Square = task(null, {
     name: "Square",
     async run({ base }: { base: number }, { log }) {
       if (base === 3) log.warn("this is <3>");
       await new Promise((resolve) => setTimeout(resolve, 100));
       return { square: base ** 2, text: "<b>" };
     },
   });
   const lab = new Lab({ storage: null, runner: "async", maxWorkers: 2 });
   const results = await lab.runTasks([1, 2, 3].map((base) => Square({ base })));`,
    ["this is <3>", "0 failed in"],
  ],
  ["results", ["execute_result"]],
  ["await lab.runTasks([Square({ base: 4 })], { progress: false }); 0", ["execute_result"]],
];

/**
 * Runs the cells, and prints the outputs of each as JSON.
 *
 * A client is done with a cell when the kernel says that it is idle. Deno 2.9.6 sends one output in 20
 * after that, even of `1 + 1`: this waits for them, as a page does that shows what comes when it comes.
 */
const PROGRAM = `
import asyncio, json, queue, sys
import nbformat
from nbclient import NotebookClient

sources, awaited = zip(*json.loads(sys.argv[1]))
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
resources = {"metadata": {"path": sys.argv[2]}}
options = {"kernel_name": "deno", "timeout": 300, "startup_timeout": 300}
client = NotebookClient(notebook, resources=resources, **options)

async def run():
    async with client.async_setup_kernel():
        for index, cell in enumerate(notebook.cells):
            await client.async_execute_cell(cell, index)
            while not all(text in str(cell.outputs) for text in awaited[index]):
                late = await client.kc.get_iopub_msg(timeout=60)
                client.process_message(late, cell, index)

try:
    asyncio.run(run())
except queue.Empty:
    pass  # The checks tell what has not come.
print(json.dumps([cell.outputs for cell in notebook.cells]))
`;

interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string;
  readonly data?: Readonly<Record<string, string>>;
}

const why = whyNoPython();

Deno.test({
  name: `a notebook shows progress, log lines and a table of results${
    why ? ` (skipped: ${why})` : ""
  }`,
  ignore: why !== undefined,
  async fn(t) {
    const dir = await Deno.makeTempDir();
    try {
      const made = await virtualEnvironment(`${dir}/venv`, ["nbclient>=0.10", "nbformat>=5.10"]);
      if ("reason" in made) {
        await t.step({ name: `skipped: ${made.reason}`, ignore: true, fn: () => {} });
        return;
      }
      await checkOutputs(await outputsOf(made.python, dir));
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

async function outputsOf(python: string, dir: string): Promise<Output[][]> {
  const kernel = {
    argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"],
    display_name: "Deno",
    language: "typescript",
  };
  const share = `${dir}/venv/share/jupyter/kernels/deno`;
  await Deno.mkdir(share, { recursive: true });
  await Deno.writeTextFile(`${share}/kernel.json`, JSON.stringify(kernel));
  await Deno.writeTextFile(`${dir}/run.py`, PROGRAM);
  const { success, stdout, stderr } = await runPython(python, [
    `${dir}/run.py`,
    JSON.stringify(CELLS),
    ROOT,
  ]);
  assert(success, stderr);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
}

function checkOutputs([run, results, silent]: Output[][]): void {
  const shown = run!.filter(({ output_type }) => output_type === "display_data");
  assertEquals(shown.length, 1, "one picture, drawn again in place");
  const html = shown[0]!.data!["text/html"]!;
  assertStringIncludes(html, "<td>Square</td>");
  assertMatch(html, /3 tasks: 3 run, 0 from cache, 0 failed in/);
  const logs = run!.filter(({ name }) => name === "stderr").map(({ text }) => text).join("");
  assertStringIncludes(logs, "[Square(base=3)] warning: this is <3>");
  const table = results![0]!.data!["text/html"]!;
  assertStringIncludes(table, "<code>Square(base=2)</code>");
  assertStringIncludes(table, "{ square: 4, text: &quot;&lt;b&gt;&quot; }");
  assertEquals(silent!.filter(({ output_type }) => output_type === "display_data"), []);
}
