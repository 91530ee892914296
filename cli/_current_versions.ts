import type { Lab } from "../lab.ts";
import type { TypeVersion } from "../maintenance/outdated_versions.ts";
import { findTaskType, taskTypeNames } from "../task.ts";

/** The version of each type that the program has defined, as the Lab sees it. */
export async function currentTypes(lab: Lab): Promise<TypeVersion[]> {
  const types: TypeVersion[] = [];
  for (const taskName of taskTypeNames()) {
    types.push({ taskName, codeVersion: await lab.codeVersionOf(findTaskType(taskName)!) });
  }
  return types;
}
