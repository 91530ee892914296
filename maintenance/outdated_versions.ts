import type { StoredTask } from "./stored_task.ts";

/** What is to be known of a task type; task types themselves are such. */
export interface TypeVersion {
  /** Its name. */
  readonly taskName: string;
  /** The version that its code has now, where it has one. */
  readonly codeVersion: string | undefined;
}

/** A task type whose code has moved on since an entry was computed. */
export interface OutdatedVersion {
  /** The name of the type: that of the entry's own task, or of one nested in it. */
  readonly taskName: string;
  /** The version that the entry was computed with; `undefined` for none. */
  readonly stored: string | undefined;
  /** The version that the type has now; `undefined` for none. */
  readonly current: string | undefined;
}

/** Tells of an entry by what has moved on: nothing where a program with those types may still find it. */
export type OutdatedRule = (entry: {
  readonly task: StoredTask;
  readonly nested: readonly StoredTask[];
}) => OutdatedVersion[];

/**
 * The rule by which entries are outdated, for whoever lists or removes them: the code version of an entry's own
 * task, or of one nested in it, is another one than its type has now. Types that are not given are not judged
 * by; of two with the same name the last one counts. Each type and version is named once: the entry's own first.
 */
export function outdatedBy(types: Iterable<TypeVersion>): OutdatedRule {
  const versions = new Map(
    Array.from(types, ({ taskName, codeVersion }) => [taskName, codeVersion]),
  );
  return ({ task, nested }) => {
    if (versions.size === 0) return [];
    const found = new Map<string, OutdatedVersion>();
    for (const { taskName, codeVersion } of [task, ...nested]) {
      const current = versions.get(taskName);
      if (!versions.has(taskName) || current === codeVersion) continue;
      const id = JSON.stringify([taskName, codeVersion]);
      if (!found.has(id)) found.set(id, { taskName, stored: codeVersion, current });
    }
    return [...found.values()];
  };
}
