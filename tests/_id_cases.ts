import { createTask, type Task, task } from "../task.ts";

type AnyParams = { readonly [name: string]: unknown };

/** A type without code version. */
export const Plain = task(import.meta, { name: "Plain", run: (_: AnyParams) => 0 });
/** A type with a code version. */
export const Versioned = task(import.meta, {
  name: "Versioned",
  codeVersion: "v1",
  run: (_: AnyParams) => 0,
});
/** A type whose name has all that names may have. */
export const Named = task(import.meta, {
  name: "A-name_0-that-is-64-characters-long-0123456789-0123456789-012345",
  run: (_: AnyParams) => 0,
});

/** A task as if its type had another code version. */
export function ofVersion(params: AnyParams, codeVersion: string | undefined): Task {
  return createTask(Versioned, params, codeVersion);
}

const value = (x: unknown): Task => Plain({ x });
const proto = (entry: unknown): AnyParams => JSON.parse(`{"__proto__":${JSON.stringify(entry)}}`);
const WHEN = Date.UTC(2026, 1, 3, 4, 5, 6, 789);

/** Tasks whose ids and keys are written down in `golden/ids.json`. */
export const CASES: Readonly<Record<string, () => Task>> = {
  "no params": () => Plain({}),
  "no params, another type": () => Versioned({}),
  "no params, a long name": () => Named({}),
  "only an absent param": () => Plain({ x: undefined }),
  "null": () => value(null),
  "true": () => value(true),
  "false": () => value(false),
  "the text true": () => value("true"),
  "the text null": () => value("null"),
  "0": () => value(0),
  "-0": () => value(-0),
  "0n": () => value(0n),
  "1": () => value(1),
  "1n": () => value(1n),
  "-1": () => value(-1),
  "-1n": () => value(-1n),
  "the text 1": () => value("1"),
  "the text 1n": () => value("1n"),
  "1.5": () => value(1.5),
  "0.1 + 0.2": () => value(0.1 + 0.2),
  "1e21": () => value(1e21),
  "1e21 as bigint": () => value(10n ** 21n),
  "1e-7": () => value(1e-7),
  "5e-324": () => value(5e-324),
  "the greatest number": () => value(Number.MAX_VALUE),
  "2^53": () => value(2 ** 53),
  "NaN": () => value(NaN),
  "the text NaN": () => value("NaN"),
  "Infinity": () => value(Infinity),
  "-Infinity": () => value(-Infinity),
  "a bigint of 40 digits": () => value(-(10n ** 39n)),
  "an empty text": () => value(""),
  "a text": () => value("a"),
  "quotes and backslashes": () => value(`"\\"`),
  "control characters": () => value("\0\b\t\n\v\f\r\x1b\x7f\x85"),
  "line separators": () => value("\u2028\u2029"),
  "é, composed": () => value("\u00e9"),
  "é, decomposed": () => value("e\u0301"),
  "an emoji": () => value("👩‍🔬"),
  "a lone high surrogate": () => value("\ud83d"),
  "a lone low surrogate": () => value("\udc69"),
  "the escape of a surrogate": () => value("\\ud83d"),
  "a replacement character": () => value("\ufffd"),
  "a Date": () => value(new Date(WHEN)),
  "its ISO text": () => value(new Date(WHEN).toISOString()),
  "its milliseconds": () => value(WHEN),
  "the text of its token": () => value(`D${WHEN}`),
  "a Date before 1970": () => value(new Date(-1)),
  "the Date of 0": () => value(new Date(0)),
  "the last Date": () => value(new Date(8.64e15)),
  "an invalid Date": () => value(new Date(NaN)),
  "an empty array": () => value([]),
  "an empty object": () => value({}),
  "an array of an empty array": () => value([[]]),
  "an array of null": () => value([null]),
  "an array of undefined": () => value([undefined]),
  "an array of two undefined": () => value([undefined, undefined]),
  "an array of the text undefined": () => value(["undefined"]),
  "[1, 2]": () => value([1, 2]),
  "[2, 1]": () => value([2, 1]),
  "[[1], 2]": () => value([[1], 2]),
  "[[1, 2]]": () => value([[1, 2]]),
  "the text [1,2]": () => value("[1,2]"),
  "an array like an object": () => value(["a"]),
  "an object like an array": () => value({ 0: "a" }),
  "nested objects": () => value({ a: { b: [{ c: null }] } }),
  "two params": () => Plain({ a: 1, b: 2 }),
  "two params, nested": () => value({ a: 1, b: 2 }),
  "keys in any order": () => Plain({ b: 1, a: 2, B: 3, 10: 4, 9: 5, é: 6, "👩": 7, "\uffff": 8 }),
  "an empty key": () => Plain({ "": 1 }),
  "a key with a quote": () => Plain({ '"': 1 }),
  "a key with a lone surrogate": () => Plain({ "\ud83d": 1 }),
  "__proto__ as param": () => Plain(proto(1)),
  "__proto__ within": () => value(proto({ a: 1 })),
  "constructor as param": () => Plain({ constructor: 1 }),
  "keys like tags": () => Plain({ $date: 1 }),
  "a key like a tag, within": () => value({ $date: 0 }),
  "a key like an escaped tag": () => value({ $$date: 0 }),
  "a dollar": () => value({ $: 1 }),
  "keys like tags beside others": () => value({ $date: 0, $task: "x", a: 1 }),
  "a task": () => value(Plain({})),
  "the id of a task": () => value(Plain({}).id),
  "the text of its task token": () => value(`@${Plain({}).id}`),
  "the JSON of a task": () => value({ $task: Plain({}).id }),
  "a task twice": () => Plain({ a: Plain({}), b: Plain({}) }),
  "tasks in arrays and objects": () =>
    Plain({ b: [Plain({ i: 1 }), { t: Versioned({}) }], a: Named({}) }),
  "three levels of tasks": () => Versioned({ of: Plain({ of: Versioned({ n: 1 }) }) }),
  "a diamond": () => {
    const top = Versioned({ n: 0 });
    return Plain({
      left: Plain({ of: top, side: "left" }),
      right: Plain({ of: top, side: "right" }),
    });
  },
  "code version v1": () => ofVersion({ n: 0 }, "v1"),
  "code version v2": () => ofVersion({ n: 0 }, "v2"),
  "no code version": () => ofVersion({ n: 0 }, undefined),
  "code version -": () => ofVersion({ n: 0 }, "-"),
  "code version with line breaks": () => ofVersion({ n: 0 }, 'v"1"\n2\ud83d'),
  "over a task of v1": () => value(ofVersion({ n: 0 }, "v1")),
  "over a task of v2": () => value(ofVersion({ n: 0 }, "v2")),
  "over a task of no version": () => value(ofVersion({ n: 0 }, undefined)),
};
