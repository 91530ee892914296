import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { z } from "zod";
import { variablesIn, withVariables } from "../environment_variables.ts";
import type { ConfigMistake } from "../errors.ts";
import { checkOptions } from "../options.ts";
import type { StandardResult, StandardSchema } from "../plugin.ts";
import { didYouMean, nearest } from "../suggest.ts";

function checked(schema: StandardSchema<unknown, unknown>, given: unknown) {
  const mistakes: ConfigMistake[] = [];
  const options = checkOptions(schema, given, "storage", mistakes);
  return { options, mistakes: mistakes.map(({ path, message }) => `${path}: ${message}`) };
}

function byHand(
  validate: (value: unknown) => StandardResult<unknown>,
): StandardSchema<unknown, unknown> {
  return { "~standard": { version: 1, vendor: "by hand", validate } };
}

const ofValibot = v.strictObject({
  dir: v.string(),
  size: v.optional(v.number(), 7),
  mode: v.optional(v.picklist(["near", "far"])),
  deep: v.optional(v.strictObject({ depth: v.optional(v.number()) })),
});
const ofZod = z.strictObject({
  dir: z.string(),
  size: z.number().default(7),
  mode: z.enum(["near", "far"]).optional(),
  deep: z.strictObject({ depth: z.number().optional() }).optional(),
});

for (const [library, schema] of [["valibot", ofValibot], ["zod", ofZod]] as const) {
  Deno.test(`right options come back with defaults, by ${library}`, () => {
    assertEquals(checked(schema, { dir: "x" }), { options: { dir: "x", size: 7 }, mistakes: [] });
  });

  Deno.test(`all unknown options are told at once, with suggestions, by ${library}`, () => {
    const { options, mistakes } = checked(schema, { dirr: "x", sise: 1, "a b": 2 });
    assertEquals(options, undefined);
    assertEquals(mistakes, [
      'storage.dirr: unknown option; did you mean "dir"?',
      'storage.sise: unknown option; did you mean "size"?',
      'storage["a b"]: unknown option; known are dir, size, mode, deep',
      "storage.dir: is missing, and required",
    ]);
  });

  Deno.test(`a wrong value is told with what was found, once a place, by ${library}`, () => {
    const { mistakes } = checked(schema, { dir: 1, size: "x", mode: "middle" });
    assertEquals(mistakes.map((line) => line.split(":")[0]), [
      "storage.dir",
      "storage.size",
      "storage.mode",
    ]);
    assertEquals(/string.*(received|got) (1|number)/.test(mistakes[0]!), true, mistakes[0]);
    assertEquals(/middle/.test(mistakes[2]!), true, mistakes[2]);
  });

  Deno.test(`an unknown option deep within is told by its path, by ${library}`, () => {
    const { mistakes } = checked(schema, { dir: "x", deep: { dept: 1 } });
    assertEquals(mistakes.map((line) => line.split(":")[0]), ["storage.deep.dept"]);
  });

  Deno.test(`options that are no object are refused, by ${library}`, () => {
    assertEquals(checked(schema, 5).mistakes.length, 1);
  });
}

Deno.test("a schema that allows other keys never has them called unknown", () => {
  for (
    const schema of [
      v.looseObject({ dir: v.string() }),
      v.object({ dir: v.string() }),
      v.objectWithRest({ dir: v.string() }, v.number()),
      z.looseObject({ dir: z.string() }),
      z.object({ dir: z.string() }),
    ]
  ) {
    const { mistakes } = checked(schema, { dir: 1, other: 2 });
    assertEquals(mistakes.map((line) => line.split(":")[0]), ["storage.dir"]);
  }
});

Deno.test("a schema without options calls all of them unknown", () => {
  assertEquals(checked(v.strictObject({}), { a: 1, b: 2 }).mistakes, [
    "storage.a: unknown option",
    "storage.b: unknown option",
  ]);
});

Deno.test("a schema written by hand is asked as the standard says", () => {
  const schema = byHand((value) =>
    Object(value).dir === "x" ? { value: { dir: "X" } } : {
      issues: [{ message: "Expected x", path: [{ key: "dir" }] }, {
        message: "Nothing is right",
      }],
    }
  );
  assertEquals(checked(schema, { dir: "x" }), { options: { dir: "X" }, mistakes: [] });
  assertEquals(checked(schema, { dir: "y" }).mistakes, [
    'storage.dir: Expected x, got "y"',
    "storage: Nothing is right, got an object",
  ]);
  assertEquals(checked(schema, {}).mistakes[0], "storage.dir: is missing, and required");
});

Deno.test("a place with a mistake already, such as a variable that is not set, gets no second one", () => {
  const mistakes: ConfigMistake[] = [{ path: "storage.dir", message: "is not set" }];
  checkOptions(ofValibot, { dir: undefined, size: "x" }, "storage", mistakes);
  assertEquals(mistakes.map(({ path }) => path), ["storage.dir", "storage.size"]);
});

Deno.test("an asynchronous schema is refused, also one that would reject", async () => {
  for (
    const schema of [
      v.objectAsync({ dir: v.string() }),
      byHand((() => Promise.reject(new Error("later"))) as never),
    ]
  ) {
    assertThrows(
      () => checked(schema, {}),
      TypeError,
      "The options at storage are checked by a promise",
    );
  }
  await new Promise((next) => setTimeout(next)); // a rejection that nobody handles would fail the test
});

Deno.test("an environment variable stands for its value wherever one may stand", async () => {
  const name = "LABTECH_TEST_VARIABLE";
  if ((await Deno.permissions.query({ name: "env", variable: name })).state !== "granted") {
    console.log(`Skipped: it needs --allow-env=${name}`);
    return;
  }
  Deno.env.set(name, "value");
  const mistakes: ConfigMistake[] = [];
  const given = JSON.parse(
    `{"a":{"env":"${name}"},"b":[{"env":"${name}"},1],"__proto__":{"env":"${name}"},"c":{"env":"${name}","x":1}}`,
  );
  assertEquals(
    withVariables(given, "storage", mistakes),
    JSON.parse(`{"a":"value","b":["value",1],"__proto__":"value","c":{"env":"${name}","x":1}}`),
  );
  assertEquals(mistakes, []);
  Deno.env.delete(name);
  withVariables(given, "storage", mistakes);
  assertEquals(
    mistakes.map(({ path }) => path),
    ["storage.a", "storage.b[0]", "storage.__proto__"],
  );
  assertEquals(mistakes[0]!.message, `the environment variable ${name} is not set`);
});

Deno.test("without permission the flag for the variable is told", async () => {
  const name = "LABTECH_TEST_VARIABLE";
  if ((await Deno.permissions.query({ name: "env", variable: name })).state === "granted") {
    console.log("Skipped: it can only be seen without --allow-env");
    return;
  }
  const mistakes: ConfigMistake[] = [];
  withVariables({ key: { env: name } }, "storage", mistakes);
  assertEquals(mistakes, [{
    path: "storage.key",
    message: `no permission to read the environment variable ${name}; run with --allow-env=${name}`,
  }]);
});

Deno.test("what cannot be the name of a variable is a mistake like any other", () => {
  const mistakes: ConfigMistake[] = [];
  withVariables([{ env: "" }, { env: "A=B" }, { env: "A\0" }, { env: 1 }], "x", mistakes);
  assertEquals(mistakes, [
    { path: "x[0]", message: '"" cannot be the name of an environment variable' },
    { path: "x[1]", message: '"A=B" cannot be the name of an environment variable' },
    { path: "x[2]", message: '"A\\u0000" cannot be the name of an environment variable' },
  ]);
});

Deno.test("the names of variables are found, however deep they are", () => {
  assertEquals(variablesIn({ a: { env: "A" }, b: [[{ env: "B" }], { c: { env: "A" } }] }), [
    "A",
    "B",
    "A",
  ]);
  assertEquals(variablesIn({ env: "A", x: 1 }), []);
  assertEquals(variablesIn("A"), []);
});

Deno.test("what is near enough to be meant is suggested, and nothing else", () => {
  const known = ["local", "memory", "null", "sqlite"];
  assertEquals(nearest("lcoal", known), "local");
  assertEquals(nearest("LOCAL", known), "local");
  assertEquals(nearest("memry", known), "memory");
  assertEquals(nearest("nul", known), "null");
  assertEquals(nearest("postgres", known), undefined);
  assertEquals(nearest("", known), undefined);
  assertEquals(nearest("x", []), undefined);
  assertEquals(didYouMean("memmory", known), '; did you mean "memory"?');
  assertEquals(didYouMean("postgres", known), "");
});
