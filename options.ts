import { describe, isPlainObject, showPath } from "./describe.ts";
import type { ConfigMistake } from "./errors.ts";
import type { StandardIssue, StandardSchema } from "./plugin.ts";
import { didYouMean } from "./suggest.ts";

/**
 * Checks options against their schema, adds all that is wrong to `mistakes`, and gives the options with
 * defaults filled in (`undefined` where something is wrong).
 */
export function checkOptions<Options>(
  schema: StandardSchema<unknown, Options>,
  given: unknown,
  path: string,
  mistakes: ConfigMistake[],
): Options | undefined {
  const result = schema["~standard"].validate(given);
  if (result instanceof Promise) {
    result.catch(() => {}); // it is refused whatever comes of it
    throw new TypeError(`The options at ${path} are checked by a promise; they must be at once`);
  }
  if (result.issues === undefined) return result.value;
  const unknown = unknownKeys(schema, result.issues, given, path);
  const found = [...unknown, ...result.issues.flatMap((issue) => mistakeOf(issue, given, path))];
  const seen = new Set(mistakes.map((mistake) => mistake.path));
  for (const mistake of found) {
    if (seen.has(mistake.path)) continue;
    seen.add(mistake.path);
    mistakes.push(mistake);
  }
  return undefined;
}

// Schemas stop at the first key that they do not know; a person wants all of them, with suggestions.
function unknownKeys(
  schema: object,
  issues: readonly StandardIssue[],
  given: unknown,
  path: string,
): ConfigMistake[] {
  const known = keysOf(schema);
  if (known === undefined || !isPlainObject(given)) return [];
  // Others may be allowed, which shows when something else is wrong.
  if (!issues.some((issue) => refusesKey(issue, known))) return [];
  return Object.keys(given).filter((key) => !known.includes(key)).map((key) => ({
    path: showPath(path, [key]),
    message: `unknown option${
      didYouMean(key, known) || known.length === 0
        ? didYouMean(key, known)
        : `; known are ${known.join(", ")}`
    }`,
  }));
}

/** The keys of an object schema: valibot keeps them as `entries`, zod as `shape`. */
function keysOf(schema: object): string[] | undefined {
  const { entries, shape } = schema as { entries?: unknown; shape?: unknown };
  if (isPlainObject(entries)) return Object.keys(entries);
  return isPlainObject(shape) ? Object.keys(shape) : undefined;
}

/** Whether an issue is about a key that the schema does not know, at the outermost level. */
function refusesKey(issue: StandardIssue, known: readonly string[]): boolean {
  const [step, ...inner] = stepsOf(issue);
  return step === undefined
    ? refusedKeys(issue).length > 0
    : inner.length === 0 && typeof step === "string" && !known.includes(step);
}

/** The unknown keys that zod lists in one issue of the object that holds them. */
function refusedKeys(issue: StandardIssue): string[] {
  const { code, keys } = issue as { code?: unknown; keys?: unknown };
  return code === "unrecognized_keys" && Array.isArray(keys) ? keys.map(String) : [];
}

function stepsOf(issue: StandardIssue): PropertyKey[] {
  return (issue.path ?? []).map((step) => typeof step === "object" ? step.key : step);
}

function mistakeOf(issue: StandardIssue, given: unknown, path: string): ConfigMistake[] {
  const steps = stepsOf(issue);
  const refused = refusedKeys(issue);
  if (refused.length > 0) {
    return refused.map((key) => ({
      path: showPath(path, [...steps, key]),
      message: "unknown option",
    }));
  }
  const parent = steps.slice(0, -1).reduce<unknown>((at, step) => Object(at)[step], given);
  const last = steps.at(-1);
  const missing = last !== undefined && isPlainObject(parent) && !Object.hasOwn(parent, last);
  const value = steps.reduce<unknown>((at, step) => Object(at)[step], given);
  const message = missing
    ? "is missing, and required"
    : issue.message.includes("received")
    ? issue.message
    : `${issue.message}, got ${describe(value)}`;
  return [{ path: showPath(path, steps), message }];
}
