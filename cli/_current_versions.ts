import type { Lab } from "../lab.ts";
import { findTaskType, taskTypeNames } from "../task.ts";

/** The version of each type that the program has defined, as the Lab sees it, by the type's name. */
export async function currentVersions(lab: Lab): Promise<Map<string, string | undefined>> {
  const versions = new Map<string, string | undefined>();
  for (const name of taskTypeNames()) {
    versions.set(name, await lab.codeVersionOf(findTaskType(name)!));
  }
  return versions;
}
