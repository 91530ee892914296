import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Task, task } from "@labtech/lab";
import { runners } from "@labtech/lab/registry";
import { AsyncRunner, SerialRunner, WorkersRunner } from "@labtech/lab/runners";
import "../../builtins.ts";
import { pack, packError, unpack, unpackError } from "../../runners/_transport.ts";
import { modulesOf } from "../../runners/_modules.ts";
import { BEGUN, isOverdue, OVER, SharedPlaces } from "../../runners/_worker_protocol.ts";

Deno.test("runners are made by name, with their options checked", () => {
  assert(runners.create("serial") instanceof SerialRunner);
  assert(runners.create("async") instanceof AsyncRunner);
  const workers = runners.create({ type: "workers", maxWorkers: 3 });
  assert(workers instanceof WorkersRunner);
  assertEquals([workers.name, workers.maxWorkers], ["workers", 3]);
  assertEquals(runners.create("serial").maxWorkers, 1);
  for (const spec of [{ type: "workers", maxWorkers: 0 }, { type: "serial", maxWorkers: 2 }]) {
    let message = "";
    try {
      runners.create(spec);
    } catch (error) {
      message = String(error);
    }
    assertStringIncludes(message, "maxWorkers");
  }
});

Deno.test("workers: read access to the modules of the types is all that is asked for", () => {
  const Here = task(import.meta, { name: "Here", run: (_: { of?: Task }) => 1 });
  const { read, ...others } = new WorkersRunner().permissions([Here]);
  assertEquals(others, {});
  const paths = (read as string[]).filter((path) => path.includes("/tests/"));
  assertEquals(paths, [new URL(import.meta.url).pathname]);
  assertEquals(new AsyncRunner().permissions([Here]), {});
});

Deno.test("the modules of a type are all that it imports, types and comments left out", async () => {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  try {
    const write = (name: string, text: string) => Deno.writeTextFileSync(`${dir}/${name}`, text);
    write(
      "main.ts",
      `// import "./commented.ts";
/* import "./commented_too.ts"; */
import { a } from "./a.ts";
import type { B } from "./types.ts";
export type { C } from "./types.ts";
import {
  one,
  two,
} from './lines.ts';
import "./bare.ts";
export * from "./all.ts";
import data from "./data.json" with { type: "json" };
const late = () => import("./late.ts");
import nothing from "npm:chalk@5";
import { gone } from "./gone.ts";
const text = "no import at all";
`,
    );
    for (
      const name of [
        "a",
        "types",
        "lines",
        "bare",
        "all",
        "late",
        "commented",
        "commented_too",
        "deep",
      ]
    ) {
      write(`${name}.ts`, name === "a" ? 'import "./deep.ts"; import "./main.ts";' : "");
    }
    write("data.json", '{"x": "import \\"./commented.ts\\""}');
    const found = modulesOf([new URL(`file://${dir}/main.ts`).href])
      .filter((path) => path.startsWith(dir)).map((path) => path.slice(dir.length + 1));
    assertEquals(found, [
      ...["a.ts", "all.ts", "bare.ts", "data.json", "deep.ts", "late.ts", "lines.ts", "main.ts"],
    ]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("values cross threads as they are: plain ones alone, the rest in the structured format", () => {
  for (const value of [null, undefined, 0, -0, NaN, 1n, "text", true]) {
    assert("plain" in pack(value));
    assertEquals(unpack(pack(value)), value);
  }
  const value = { map: new Map([[1, new Set(["a"])]]), data: new Int16Array([1]), gap: [1, , 2] };
  assert("cbor" in pack(value));
  assertEquals(unpack(pack(value)), value);
});

Deno.test("errors cross threads with name, message, stack and causes", () => {
  class OwnError extends Error {
    override name = "OwnError";
  }
  const error = new OwnError("outer", { cause: new TypeError("inner", { cause: "a text" }) });
  const back = unpackError(structuredClone(packError(error)));
  assertEquals(`${back}`, "OwnError: outer");
  assertEquals(back.stack, error.stack);
  assert(back.cause instanceof TypeError);
  assertEquals(String(back.cause.cause), "Error: a text");
  assertEquals(packError("alone").message, "alone");
  assertEquals(packError(Object.create(null)).name, "Error");

  const loop = new Error("loop");
  loop.cause = loop;
  let depth = 0;
  for (let at = packError(loop); at.cause; at = at.cause) depth++;
  assert(depth > 2 && depth < 100);
});

Deno.test("the states of jobs and the times they began share no byte", () => {
  const places = new SharedPlaces();
  places.states.fill(-1);
  assertEquals(places.begun.every((at) => at === 0), true);
  places.begun.fill(1);
  assertEquals(places.states.every((state) => state === -1), true);
  places.due.fill(2);
  assertEquals([...places.states].every((state) => state === -1), true);
  assertEquals(new SharedPlaces(places.buffer).begun[3], 1);
});

Deno.test("a task is overdue when it was looked at again and again after its time, and not at once", () => {
  const places = new SharedPlaces();
  const looks = () => Array.from({ length: 10 }, () => isOverdue(places, 3));
  places.states[3] = BEGUN;
  assert(!looks().includes(true), "it has no such time");
  // The program stood still from before the time until long after it.
  places.due[3] = Date.now() - 60_000;
  const seen = looks();
  assertEquals(seen, seen.toSorted());
  assertEquals([seen[0], seen.at(-1)], [false, true]);
  places.states[3] = OVER;
  assert(!looks().includes(true));
  places.states[3] = BEGUN;
  assertEquals(isOverdue(places, 3), false, "it is another one");
});
