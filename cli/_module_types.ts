import { ConfigError } from "../errors.ts";
import { nearest } from "../suggest.ts";
import { findTaskType, type TaskType, taskTypeNames } from "../task.ts";

/** How the names of types that modules define are parsed and documented. */
export const typesFlag = {
  kind: "parsed",
  parse: (input: string): string => input,
  variadic: ",",
  placeholder: "type",
} as const;

/** How modules that define types are parsed and documented. */
export const moduleArguments = {
  kind: "array",
  minimum: 1,
  parameter: {
    parse: (input: string): string => input,
    placeholder: "module",
    brief: "Modules that define the task types",
  },
} as const;

/**
 * The task types of these names, which the modules that were imported define.
 *
 * @throws {ConfigError} Lists all names that they do not.
 */
export function typesNamed(names: readonly string[]): TaskType[] {
  const known = taskTypeNames();
  const mistakes = names.filter((name) => !known.includes(name)).map((name) => {
    const near = nearest(name, known);
    const hint = near === undefined
      ? known.length === 0 ? "they define none" : `they define ${known.toSorted().join(", ")}`
      : `did you mean ${near}?`;
    return {
      path: "",
      message: `The modules define no task type ${JSON.stringify(name)}; ${hint}`,
    };
  });
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return names.map((name) => findTaskType(name)!);
}
