import { JsonCache } from "../caches/json.ts";
import { SerializationError } from "../errors.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { Task } from "../task.ts";

const strict = new JsonCache({ indent: 0 });

/**
 * A result in JSON output: as `result` where JSON holds it as it is, else as `resultText`, which a person
 * can read.
 */
export async function jsonOf(
  value: unknown,
): Promise<{ result: unknown } | { resultText: string }> {
  try {
    // What the JSON cache refuses, JSON would change.
    await strict.saveResult(
      { key: "", write: async () => {} },
      undefined as never as Task,
      value,
      {},
    );
    return { result: value };
  } catch (error) {
    if (!(error instanceof SerializationError)) throw error;
    return { resultText: Deno.inspect(value, { depth: 20, iterableLimit: 1000 }) };
  }
}

/** A value in one line, for a person, made safe to print. */
export function lineOf(value: unknown): string {
  return neutralizeLine(
    Deno.inspect(value, {
      compact: true,
      breakLength: Infinity,
      depth: 3,
      iterableLimit: 8,
      strAbbreviateSize: 200,
      trailingComma: false,
    }),
  );
}
