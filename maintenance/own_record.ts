import { isCodeKey } from "../code_version/code_key.ts";
import { isRunKey } from "../runs/run_key.ts";

/** What the library itself keeps beside results: the record of a run, or of the code of a task type. */
export type OwnRecord = "run" | "code";

/** What lies under a key, where it is no result. */
export function ownRecord(key: string): OwnRecord | undefined {
  return isRunKey(key) ? "run" : isCodeKey(key) ? "code" : undefined;
}
