import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { JsonCache, StructuredCache, V8Cache } from "../caches/mod.ts";
import { canonicalParams } from "../params.ts";
import { resultKey, type TaskTableJson, taskTableToJson } from "../serialize.ts";
import { CASES, Plain, Versioned } from "./_id_cases.ts";

interface GoldenTask {
  readonly case: string;
  readonly canonical: string;
  readonly id: string;
  readonly key: string;
  readonly table: TaskTableJson;
}

const file = new URL("./golden/ids.json", import.meta.url);
const golden: readonly GoldenTask[] = JSON.parse(await Deno.readTextFile(file));

Deno.test("ids, keys and JSON are those written down in golden/ids.json, and never change", () => {
  assertEquals(golden.map((each) => each.case).sort(), Object.keys(CASES).sort());
  for (const { case: name, canonical, id, key, table } of golden) {
    const task = CASES[name]!();
    assertEquals(canonicalParams(task.params).text, canonical, name);
    assertEquals(task.id, id, name);
    assertEquals(resultKey("", task), key, name);
    assertEquals(JSON.parse(JSON.stringify(taskTableToJson(task))), table, name);
  }
});

Deno.test("some ids and keys are written here too, so that no file can change them", () => {
  const expected: Record<string, [id: string, key: string]> = {
    "no params": [
      "Plain__03f4c64c33f61e0899f891f8f382a78aab02e0de",
      "Plain__ef7a1200f204ba288bc064a3dfca8c4692aa1718",
    ],
    "-0": [
      "Plain__be8356be3d20fe3c90d5ab6eb818093d5ef9c884",
      "Plain__6f252a456c42d4009b7d8edcf8e8f2547f19b0c7",
    ],
    "a Date": [
      "Plain__bcd310cbe8f98c8d38109ed0050064dda79ce2b7",
      "Plain__077ed9140296a974d659351ce014391f8aac0a9d",
    ],
    "code version v2": [
      "Versioned__fd522512eb1682f28109da33fd83206f3958794a",
      "Versioned__21e51114fea4c5d6cbe6244fe90b53d46b2b40ad",
    ],
    "over a task of v2": [
      "Plain__893cb5b28a1a03d86e1452e2e7c45c77e75bd6d9",
      "Plain__37d8cda00ed7103d627f7f557706948bddc1592b",
    ],
  };
  for (const [name, [id, key]] of Object.entries(expected)) {
    const task = CASES[name]!();
    assertEquals([task.id, resultKey("", task)], [id, key], name);
  }
});

Deno.test("an id and a key are a name, two underscores and 40 hex digits", () => {
  for (const [name, make] of Object.entries(CASES)) {
    const task = make();
    const form = new RegExp(`^${task.taskName}__[0-9a-f]{40}$`);
    assert(form.test(task.id), name);
    assert(form.test(resultKey("", task)), name);
  }
});

Deno.test("only what is equal has the same id", () => {
  const byId = Map.groupBy(
    Object.entries(CASES).map(([name, make]) => ({ name, id: make().id })),
    ({ id }) => id,
  );
  const shared = [...byId.values()].filter(({ length }) => length > 1)
    .map((same) => same.map(({ name }) => name).join(", "));
  assertEquals(shared.sort(), [
    "code version v1, code version v2, no code version, code version -, code version with line breaks",
    "no params, only an absent param",
    "over a task of v1, over a task of v2, over a task of no version",
  ]);
});

Deno.test("keys tell code versions apart, at every depth", () => {
  const names = Object.keys(CASES).filter((name) => name !== "only an absent param");
  const keys = names.map((name) => resultKey("", CASES[name]!()));
  assertEquals(new Set(keys).size, keys.length);
});

Deno.test("a key begins with the prefix of the cache, and says nothing else of it", () => {
  const task = Versioned({ n: 0 });
  const bare = resultKey("", task);
  const prefixes = [new StructuredCache(), new JsonCache(), new V8Cache()]
    .map(({ keyPrefix }) => keyPrefix);
  assertEquals(prefixes, ["structured__", "json__", "v8__"]);
  for (const prefix of [...prefixes, "of_ours__"]) {
    assertEquals(resultKey(prefix, task), prefix + bare);
  }
});

Deno.test("the order of properties is of no account, that of elements is", () => {
  const one = Plain({ a: 1, b: { c: 2, d: [3, { e: 4, f: 5 }] } });
  const other = Plain({ b: { d: [3, { f: 5, e: 4 }], c: 2 }, a: 1 });
  assertEquals(one.id, other.id);
  assertEquals(resultKey("", one), resultKey("", other));
  assertNotEquals(Plain({ x: [1, 2] }).id, Plain({ x: [2, 1] }).id);

  const [left, right] = [Plain({ side: "left" }), Plain({ side: "right" })];
  const nested = Plain({ left, right });
  assertEquals(resultKey("", nested), resultKey("", Plain({ right, left })));
  assertNotEquals(resultKey("", nested), resultKey("", Plain({ left: right, right: left })));
});

Deno.test("ids and keys follow from the JSON as docs/ids.md says, by WebCrypto", async () => {
  for (const { case: name, id, key, table, canonical } of golden) {
    assertEquals(textOf(table.tasks[table.id]!.params), canonical, name);
    assertEquals(await idOf(table, id), id, name);
    const digest = await keyDigestOf(table, id);
    assertEquals(`${table.tasks[id]!.name}__${digest}`, key, name);
  }
});

// Another implementation, from the documentation alone: it starts from JSON, and is recursive.

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

async function digestOf(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(bytes).toHex().slice(0, 40);
}

async function idOf(table: TaskTableJson, id: string): Promise<string> {
  const { name, params } = table.tasks[id]!;
  return `${name}__${await digestOf(name + textOf(params))}`;
}

async function keyDigestOf(table: TaskTableJson, id: string): Promise<string> {
  const { codeVersion, params } = table.tasks[id]!;
  const version = codeVersion === undefined ? "-" : JSON.stringify(codeVersion);
  const nested = [...new Set(Array.from(textOf(params).matchAll(TOKENS), (match) => match[1]))];
  const digests: string[] = [];
  for (const of of nested) if (of !== undefined) digests.push(await keyDigestOf(table, of));
  return await digestOf([id, version, ...digests].join("\n"));
}

const TOKENS = /"(?:[^"\\]|\\.)*"|@([\w-]+)/g;

function textOf(json: unknown): string {
  const value = json as Json;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(",")}]`;
  const entries = Object.entries(value);
  const [[key, content]] = entries.length === 1 ? entries as [[string, Json]] : [["", null]];
  switch (key) {
    case "$task":
      return `@${content}`;
    case "$date":
      return `D${content ?? NaN}`;
    case "$bigint":
      return `${content}n`;
    case "$number":
      return String(content);
    case "$undefined":
      return "undefined";
  }
  const fields = entries.map(([key, entry]) => [key.replace(/^\$/, ""), textOf(entry)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}
