import type { Edit } from "../_changed_copy.ts";
import type { CheckName } from "./_checks.ts";

type Change = readonly [from: string, to: string];

const SCHEDULER: Readonly<Record<string, Change>> = {
  "an end does not count": ["this.#running--;", "if (state !== 'failed') this.#running--;"],
  "a failed task stays unfinished": [
    "this.#running--;\n    this.#unfinished--;",
    "this.#running--;\n    if (state !== 'failed') this.#unfinished--;",
  ],
  "what waits for two is ready after one": [
    "--dependent.missing === 0) this.#makeReady(dependent)",
    "--dependent.missing <= 1) this.#makeReady(dependent)",
  ],
  "an end readies nothing": [
    "--dependent.missing === 0) this.#makeReady(dependent)",
    "--dependent.missing < 0) this.#makeReady(dependent)",
  ],
  "what is there already is waited for": [
    'if (dependency.state !== "done") node.missing++;',
    "node.missing++;",
  ],
  "what is there already runs": [
    "const there = dependencies === undefined;",
    "const there = false;",
  ],
  "a result that nobody needs is kept": ["if (node.uses === 0) released.push(id);", ""],
  "results are let go of with the first that used them": [
    "if (--dependency.uses === 0 && dependency",
    "if (--dependency.uses >= 0 && dependency",
  ],
  "results that are not there are let go of": [
    '=== 0 && dependency.state === "done") released',
    "=== 0) released",
  ],
  "a failure skips nothing": [
    "for (const dependent of node.dependents) this.#skip(dependent, node, consequences);",
    "",
  ],
  "a failure skips only what is right above": [
    "for (const dependent of next.dependents) pending.push(dependent);",
    "",
  ],
  "a failure skips one of those above": [
    "for (const dependent of next.dependents) pending.push(dependent);",
    "pending.push(...next.dependents.slice(0, 1));",
  ],
  "the cause is the nearest that was skipped": ["dead.cause ?? dead", "dead"],
  "what is skipped stays unfinished": [
    "next.cause = cause;\n      this.#unfinished--;",
    "next.cause = cause;",
  ],
  "what is skipped holds on to what it needed": [
    "for (const id of this.#release(next)) released.push(id);",
    "",
  ],
  "what is added over a failure waits": [
    "if (dead !== undefined) this.#skip",
    "if (false) this.#skip",
  ],
  "a paused task keeps its place": [
    'const node = this.#stopped(id, "waiting");\n    this.#unfinished++;\n    // Its',
    "const node = this.#nodes.get(id)!;\n    node.state = 'waiting';\n    // Its",
  ],
  "a paused task is finished": [
    "    this.#unfinished++;\n    // Its own time",
    "    // Its own time",
  ],
  "a paused task forgets what was lost while it ran": ["1 + lost.length", "1"],
  "a paused task waits for what failed": [
    '=> each.state !== "done" && !isDead(each)',
    '=> each.state !== "done"',
  ],
  "a paused task does not wait for its time": ["1 + lost.length", "lost.length"],
  "a paused task begins in its time, whatever was lost": [
    'node.state === "waiting" && --node.missing === 0) this.#makeReady(node)',
    'node.state === "waiting" && --node.missing >= 0) this.#makeReady(node)',
  ],
  "what was skipped while paused fails": ['if (node.state !== "waiting") return undefined;', ""],
  "who gives up stays unfinished": [
    'node.state = "failed";\n    this.#unfinished--;',
    'node.state = "failed";',
  ],
  "who gives up takes nobody along": [
    "this.#unfinished--;\n    return this.#failed(node);",
    "this.#unfinished--;\n    return { skipped: [], released: this.#release(node) };",
  ],
  "who is put back is finished": [
    'const node = this.#stopped(id, "waiting");\n    this.#unfinished++;\n    node.missing = node',
    'const node = this.#stopped(id, "waiting");\n    node.missing = node',
  ],
  "who is put back does not wait for what was lost": [
    'this.#unfinished++;\n    node.missing = node.dependencies.filter((dependency) => dependency.state !== "done").length;\n    return',
    "this.#unfinished++;\n    node.missing = 0;\n    return",
  ],
  "what is made again is not looked at": [
    "return this.#settle([...opened, node]);",
    "return this.#settle([node]);",
  ],
  "who misses something is not looked at": [
    "return this.#settle([...opened, node]);",
    "return this.#settle(opened);",
  ],
  "what fails, or runs, is opened again": [
    'if (node.state !== "done") return undefined;',
    'if (node.state !== "done" && node.state !== "failed") return undefined;',
  ],
  "what is made again has no limit": ["    node.limit = limit;\n", ""],
  "what is made again does not hold on to what it needs": [
    "for (const dependency of node.dependencies) dependency.uses++;",
    "",
  ],
  "what is made again is waited for by no one": [
    'if (dependent.state === "waiting") dependent.missing++;',
    'if (dependent.state === "waiting") continue;',
  ],
  "what is ready begins, whatever was lost": [
    'else if (dependent.state === "ready") [dependent.state, dependent.missing] = ["waiting", 1];',
    "",
  ],
  "tasks that run are not told": [
    'state === "waiting" || state === "ready" || state === "running") yield',
    'state === "waiting" || state === "ready") yield',
  ],
};

const QUEUE: Readonly<Record<string, Change>> = {
  "one more of a type runs than may": ["group.running >= top.limit", "group.running > top.limit"],
  "types have no limit": ["|| group.running >= top.limit) continue", ") continue"],
  "who ends leaves no room": ["this.#group(task.type).running--;", "void task;"],
  "the first type goes first": [
    "best === undefined || before(top, best.heap[0]!)",
    "best === undefined",
  ],
  "short chains go first": ["a.height > b.height", "a.height < b.height"],
  "the last one added goes first": ["a.order < b.order", "a.order > b.order"],
  "what is no longer ready is taken": ["heap.length > 0 && !heap[0]!.ready", "false"],
  "the queue is one behind": ["if (!before(item, heap[parent]!)) break;", "break;"],
  "the queue looks at one side alone": [
    "if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;",
    "",
  ],
  "what left the queue cannot come back": ["if (top !== undefined) top.queued = false;", ""],
};

const HEIGHTS: Readonly<Record<string, Change>> = {
  "chains are as long as their last step": [
    "Math.max(dependency.height, node.height + 1)",
    "node.height + 1",
  ],
  "all chains are of one step": ["Math.max(dependency.height, node.height + 1)", "1"],
  "a height is told before it is known": [
    "if (left === 0) free.push(dependency);",
    "free.push(dependency); if (left < -9) throw 0;",
  ],
};

const CIRCLES: Readonly<Record<string, Change>> = {
  "circles are let pass": ["if (measured < added.length) {", "if (measured > added.length) {"],
  "who is below a circle is blamed": ["while (!seen.has(node)) {", "while (false) {"],
};

const LOOP: Readonly<Record<string, Change>> = {
  "one more runs than there are slots": [
    "scheduler.running < it.slots()",
    "scheduler.running <= it.slots()",
  ],
  "one runs at a time": ["scheduler.running < it.slots()", "scheduler.running < 1"],
  "drained, it begins more": ["!over && !drain.aborted && scheduler", "!over && scheduler"],
  "drained, it does not wait": [
    "if (over || scheduler.running > 0 || waiting > 0) return;\n",
    "if (over || (!drain.aborted && (scheduler.running > 0 || waiting > 0))) return;\n",
  ],
  "drained, it waits on": [
    "if (drain.aborted || scheduler.unfinished === 0) end();",
    "if (scheduler.unfinished === 0) end();",
  ],
  "stopped, it tells of more": ["if (over || stop.aborted) return;\n    switch", "switch"],
  "stopped, it waits on": [
    'stop.addEventListener("abort", end, {',
    'stop.addEventListener("never", end, {',
  ],
  "paused tasks are not waited for": [
    "scheduler.running > 0 || waiting > 0) return;",
    "scheduler.running > 0) return;",
  ],
  "the next attempt is waited for twice": [
    "const resume = (id: string, outcome: O, again: boolean) => {\n    waiting--;",
    "const resume = (id: string, outcome: O, again: boolean) => {",
  ],
  "a turn is waited for twice": [
    "const goOn = (id: string, goesOn: boolean) => {\n    waiting--;",
    "const goOn = (id: string, goesOn: boolean) => {",
  ],
  "whose attempt came is not begun": [
    "if (again) scheduler.resume(id);\n    else {",
    "if (again) void 0;\n    else {",
  ],
  "whose turn came is not begun": ["if (goesOn) scheduler.resume(id);\n", ""],
  "nothing begins after an attempt has come": [
    "it.ended(id, outcome, consequences);\n    }\n    pump();",
    "it.ended(id, outcome, consequences);\n    }",
  ],
  "nothing begins after a turn has come": [
    "if (goesOn) scheduler.resume(id);\n    pump();",
    "if (goesOn) scheduler.resume(id);",
  ],
  "who gives up is not told of": [
    "if (consequences !== undefined) it.ended(id, outcome, consequences);",
    "void consequences;",
  ],
  "a failure is taken for a success": [
    "it.ended(id, ending.outcome, scheduler.fail(id))",
    "it.ended(id, ending.outcome, scheduler.succeed(id))",
  ],
  "what is missing is not made": [
    "tell(scheduler.retry(id, ending.lost))",
    "tell(scheduler.retry(id, []))",
  ],
  "a dropped task has failed": ["tell(scheduler.putBack(id))", "tell(scheduler.fail(id))"],
  "who holds a task has done it": [
    'case "held":\n        scheduler.pause(id);',
    'case "held":\n        return it.ended(id, "done" as O, scheduler.succeed(id));\n        scheduler.pause(id);',
  ],
  "what is skipped for what was lost is not told": [
    "if (consequences.skipped.length > 0) it.skipped?.(consequences);",
    "void consequences;",
  ],
  "nothing begins after an end": [
    "        lastTurn = performance.now();\n      }\n      pump();",
    "        lastTurn = performance.now();\n      }",
  ],
};

const DELAYS: Readonly<Record<string, Change>> = {
  "the first delay is twice as long": ["(failures - 1)", "failures"],
  "delays grow for ever": [
    "Math.min(MOST, FIRST * 2 ** (failures - 1))",
    "(FIRST * 2 ** (failures - 1))",
  ],
  "delays have one length": ["random * Math", "Math"],
};

/** What is changed, where, and the check that must notice it. */
const ALL: readonly [by: CheckName, file: string, Readonly<Record<string, Change>>][] = [
  ["model", "scheduler/scheduler.ts", SCHEDULER],
  ["model", "scheduler/ready_queue.ts", QUEUE],
  ["model", "scheduler/_heights.ts", HEIGHTS],
  ["circles", "scheduler/_heights.ts", CIRCLES],
  ["loop", "scheduler/drive.ts", LOOP],
  ["delays", "scheduler/retry_delay.ts", DELAYS],
];

/** A change to the scheduler that breaks a promise. */
export interface Mutant {
  /** The check that must notice it. */
  readonly by: CheckName;
  /** What is changed. */
  readonly edit: Edit;
}

/** Changes to the scheduler, by what is wrong then. */
export const MUTANTS: Readonly<Record<string, Mutant>> = Object.fromEntries(
  ALL.flatMap(([by, file, changes]) =>
    Object.entries(changes).map(([what, [from, to]]) => [what, { by, edit: { file, from, to } }])
  ),
);
