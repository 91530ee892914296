import { isPlainObject, setOwn, showPath } from "./describe.ts";
import type { ConfigMistake } from "./errors.ts";

/** Puts the values of environment variables in place of `{ "env": "NAME" }`. */
export function withVariables(value: unknown, path: string, mistakes: ConfigMistake[]): unknown {
  if (Array.isArray(value)) {
    return value.map((entry, i) => withVariables(entry, `${path}[${i}]`, mistakes));
  }
  if (!isPlainObject(value)) return value;
  const name = variableOf(value);
  if (name !== undefined) return variable(name, path, mistakes);
  const copy: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    setOwn(copy, key, withVariables(entry, showPath(path, [key]), mistakes));
  }
  return copy;
}

/** The names of the environment variables that a value refers to. */
export function variablesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(variablesIn);
  if (!isPlainObject(value)) return [];
  const name = variableOf(value);
  return name === undefined ? Object.values(value).flatMap(variablesIn) : [name];
}

function variableOf(value: Record<string, unknown>): string | undefined {
  return typeof value.env === "string" && Object.keys(value).length === 1 ? value.env : undefined;
}

/** The value of an environment variable; `undefined`, and a mistake, where it cannot be had. */
export function variable(
  name: string,
  path: string,
  mistakes: ConfigMistake[],
): string | undefined {
  const given = valueOf(name);
  if ("value" in given) return given.value;
  mistakes.push({ path, message: given.problem });
  return undefined;
}

function valueOf(name: string): { readonly value: string } | { readonly problem: string } {
  if (name === "" || /[=\0]/.test(name)) {
    return { problem: `${JSON.stringify(name)} cannot be the name of an environment variable` };
  }
  try {
    const value = Deno.env.get(name);
    return value === undefined
      ? { problem: `the environment variable ${name} is not set` }
      : { value };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return {
      problem:
        `no permission to read the environment variable ${name}; run with --allow-env=${name}`,
    };
  }
}
