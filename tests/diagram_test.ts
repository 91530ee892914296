import { assertEquals, assertThrows } from "@std/assert";
import { buildTaskDiagram } from "../diagram.ts";
import { TaskError } from "../errors.ts";
import { type Task, task } from "../task.ts";
import { decoded, parse } from "./_in_mermaid.ts";

const Load = task(import.meta, { name: "DiagramLoad", run: () => 1 });
const Fit = task(import.meta, {
  name: "DiagramFit",
  run: (_: { data: Task<number>; depth?: number | string | null; weights: unknown }) => 1,
});
const Rank = task(import.meta, {
  name: "DiagramRank",
  run: (
    _: {
      fits: Task<number>[];
      best: Task<number>;
      since: Date;
      seeds: unknown;
      options: Record<string, unknown>;
    },
  ) => 1,
});
const Node = task(import.meta, {
  name: "DiagramNode",
  run: (_: { left?: Task<number>; right?: Task<number>; depth: number }) => 1,
});
const Any = task(import.meta, { name: "DiagramAny", run: (_: Record<string, unknown>) => 1 });

function ranking(): Task {
  const data = Load({});
  const fits = [
    Fit({ data, depth: 3, weights: [1, 2] }),
    Fit({ data, depth: "none", weights: [] }),
    Fit({ data, depth: null, weights: [1, "auto"] }),
    Fit({ data, weights: undefined }),
  ];
  return Rank({
    fits,
    best: fits[0]!,
    since: new Date(0),
    seeds: [[1n, 2n], [3n]],
    options: { strict: true },
  });
}

const RANKING = `classDiagram
    direction BT

    class DiagramRank {
        fits: DiagramFit[]
        best: DiagramFit
        since: Date
        seeds: bigint[][]
        options: object
    }
    class DiagramFit {
        data: DiagramLoad
        depth?: number | string | null
        weights?: Array~number | string~
    }
    class DiagramLoad

    DiagramRank <-- "many" DiagramFit : fits
    DiagramRank <-- DiagramFit : best
    DiagramFit <-- DiagramLoad : data
`;

Deno.test("a diagram shows task types, their params as seen, and their dependencies", () => {
  assertEquals(buildTaskDiagram([ranking()]), RANKING);
});

Deno.test("a diagram is laid out in the direction asked for", () => {
  for (const direction of ["BT", "TB", "LR", "RL"] as const) {
    const text = buildTaskDiagram([ranking()], { direction });
    assertEquals(text, RANKING.replace("direction BT", `direction ${direction}`));
  }
  assertThrows(
    () => buildTaskDiagram([], { direction: "up" as "BT" }),
    TypeError,
    'Expected the direction to be "BT", "TB", "LR" or "RL", got "up"',
  );
});

Deno.test("a diagram of no tasks is empty, and what is no task is refused", () => {
  assertEquals(buildTaskDiagram([]), "classDiagram\n    direction BT\n");
  assertThrows(
    () => buildTaskDiagram([Load as unknown as Task]),
    TaskError,
    "Expected tasks to draw, got the function DiagramLoad",
  );
});

Deno.test("tasks in lists and several tasks in one param are many, a single one is not", () => {
  const [a, b] = [Node({ depth: 0 }), Node({ depth: 1 })];
  const relation = (params: Record<string, unknown>) =>
    buildTaskDiagram([Any(params)]).split("\n").filter((line) => line.includes("<--"))
      .map((line) => line.trim());
  const one = "DiagramAny <-- DiagramNode : of";
  const many = 'DiagramAny <-- "many" DiagramNode : of';
  assertEquals(relation({ of: a }), [one]);
  assertEquals(relation({ of: { model: a } }), [one]);
  assertEquals(relation({ of: [a] }), [many]);
  assertEquals(relation({ of: { left: a, right: b } }), [many]);
  assertEquals(relation({ of: { models: [{ model: a }] } }), [many]);
  assertEquals(relation({ of: [a, Load({})] }), [many, many.replace("Node", "Load")]);
});

Deno.test("a dependency that is many for one task is many in the diagram", () => {
  const diagram = buildTaskDiagram([Any({ of: Load({}) }), Any({ of: [Load({})] })]);
  assertEquals(
    diagram,
    `classDiagram
    direction BT

    class DiagramAny {
        of: DiagramLoad | DiagramLoad[]
    }
    class DiagramLoad

    DiagramAny <-- "many" DiagramLoad : of
`,
  );
});

Deno.test("deep and shared graphs are walked once a task", () => {
  // A diamond of 1,000 levels has 2^1000 paths; a walk that follows each would never end.
  let node = Node({ depth: 0 });
  for (let depth = 1; depth <= 1000; depth++) node = Node({ left: node, right: node, depth });
  assertEquals(
    buildTaskDiagram([node, node]),
    `classDiagram
    direction BT

    class DiagramNode {
        left?: DiagramNode
        right?: DiagramNode
        depth: number
    }

    DiagramNode <-- DiagramNode : left
    DiagramNode <-- DiagramNode : right
`,
  );
});

const WORDS =
  ("accDescr accTitle call callback class classDef classDiagram click cssClass default " +
    "direction end for href link namespace note o style title constructor __proto__ _self 1a -a a- -- " +
    "a--b o--o note-for click-o fit-and-score classX note_ -_").split(" ");
const Odd = WORDS.map((name) =>
  task(import.meta, { name, run: (_: Record<string, unknown>) => name })
);
const PARAMS = [
  ...WORDS,
  ...[
    "",
    " ",
    "a b",
    "direction TB",
    "größe",
    "数",
    "a\nb",
    "a:b",
    "a;b",
    "a{b}",
    "f(x)",
    "<b>",
    "~x~",
  ],
  ...["#35;", "+x", "x*", "x$", '"x"', "`x`", "%%x", "%%{init}%%", "[*]", "\\", "\u0000", "😀"],
];

Deno.test("names that mean something to Mermaid are drawn under other ids or as entity codes", () => {
  const [fit, fit_] = ["fit-1", "fit_1_"].map((name) =>
    task(import.meta, { name, run: (_: { "a b(c)": unknown }) => 1 })
  );
  assertEquals(
    buildTaskDiagram([fit!({ "a b(c)": fit_!({ "a b(c)": 1 }) })]),
    `classDiagram
    direction BT

    class fit_1__["fit-1"] {
        a#32;b#40;c#41;: fit_1_
    }
    class fit_1_ {
        a#32;b#40;c#41;: number
    }

    fit_1__ <-- fit_1_ : a#32;b#40;c#41;
`,
  );
});

const run = await Deno.permissions.query({ name: "run", command: Deno.execPath() });
const skip = run.state !== "granted";
Deno.test({
  name: `Mermaid's parser reads what was drawn${skip ? " (skipped: needs --allow-run)" : ""}`,
  ignore: skip,
  async fn() {
    const leaf = Load({});
    const odd: Task[] = Odd.map((type) => type({ of: [leaf] }));
    odd.push(Any(Object.fromEntries(PARAMS.map((name) => [name, [leaf]]))));
    const found = await parse<Found>([buildTaskDiagram([ranking()]), buildTaskDiagram(odd)]);
    if (found === undefined) return;
    const [plain, names] = found as [Found, Found];
    assertEquals(plain.direction, "BT");
    assertEquals(plain.classes, [
      shown("DiagramRank", [
        "fits: DiagramFit[]",
        "best: DiagramFit",
        "since: Date",
        "seeds: bigint[][]",
        "options: object",
      ]),
      shown("DiagramFit", [
        "data: DiagramLoad",
        "depth?: number | string | null",
        "weights?: Array&lt;number | string&gt;",
      ]),
      shown("DiagramLoad", []),
    ]);
    assertEquals(plain.relations.map(({ id1, id2, title, many }) => [id1, id2, title, many]), [
      ["DiagramRank", "DiagramFit", "fits", true],
      ["DiagramRank", "DiagramFit", "best", false],
      ["DiagramFit", "DiagramLoad", "data", false],
    ]);
    const params = PARAMS.map((name) => name === "" ? '""' : name).sort();
    const drawn = Map.groupBy(names.classes, ({ label }) => label);
    assertEquals([...drawn.keys()].sort(), [...WORDS, "DiagramAny", "DiagramLoad"].sort());
    const members = drawn.get("DiagramAny")![0]!.members
      .map((member) => decoded(member.replace(/: DiagramLoad\[\]$/, "")));
    assertEquals(members.sort(), params);
    for (const word of WORDS) {
      const [{ id, members, methods }] = drawn.get(word) as [Found["classes"][number]];
      assertEquals([members, methods], [["of: DiagramLoad[]"], 0]);
      const relations = names.relations.filter(({ id1 }) => id1 === id);
      assertEquals(relations, [{ id1: id, id2: "DiagramLoad", title: "of", many: true }]);
    }
    const titles = names.relations.filter(({ id1 }) => id1 === "DiagramAny")
      .map(({ title }) => decoded(title));
    assertEquals(titles.sort(), params);
  },
});

interface Found {
  direction: string;
  classes: { id: string; label: string; members: string[]; methods: number }[];
  relations: { id1: string; id2: string; title: string; many: boolean }[];
}

function shown(name: string, members: string[]): Found["classes"][number] {
  return { id: name, label: name, members, methods: 0 };
}
