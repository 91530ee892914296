import { describe } from "../describe.ts";
import { RunnerError } from "../errors.ts";

/** What tags are made of, and what the names of queues begin with. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** A worker listens to each set of its tags: sixteen of each type, at most. */
const MOST_TAGS = 4;

/**
 * Checks tags, and puts them in order.
 *
 * @throws {RunnerError} When one is no name, or there are too many.
 */
export function checkedTags(tags: readonly string[], where: string): readonly string[] {
  const wrong = tags.find((tag) => !NAME.test(tag));
  if (wrong !== undefined) {
    throw new RunnerError(
      `${where}: expected tags of 1 to 64 letters, digits, "_" and "-", got ${describe(wrong)}`,
    );
  }
  const distinct = [...new Set(tags)].sort();
  if (distinct.length > MOST_TAGS) {
    throw new RunnerError(
      `${where}: expected ${MOST_TAGS} tags at most, got ${distinct.length}: ${
        distinct.join(", ")
      }`,
    );
  }
  return distinct;
}

/**
 * The name of the queue for tasks of a type that need a worker with all of some tags. Types have queues of
 * their own, so that a worker is given no job that it has not the type of, and a limit holds for one type.
 *
 * @param tags In order, each once.
 */
export function queueName(base: string, type: string, tags: readonly string[]): string {
  return `${base}.${type}${tags.length === 0 ? "" : `@${tags.join("+")}`}`;
}

/** The type and the tags of a queue, by its name; `undefined` for a name that is none. */
export function splitQueueName(
  base: string,
  name: string,
): { readonly type: string; readonly tags: readonly string[] } | undefined {
  const [type = "", tags] = name.startsWith(`${base}.`)
    ? name.slice(base.length + 1).split("@", 2)
    : [];
  const parts = { type, tags: tags === undefined ? [] : tags.split("+", MOST_TAGS) };
  // Anybody may have put a name into the index: it is one if it comes out as it was.
  const isOne = [type, ...parts.tags].every((part) => NAME.test(part));
  return isOne && queueName(base, type, parts.tags) === name ? parts : undefined;
}

/** The names of all queues that a worker with these tags takes jobs of a type from. */
export function queuesFor(base: string, type: string, tags: readonly string[]): string[] {
  const sets = tags.reduce<string[][]>(
    (sets, tag) => [...sets, ...sets.map((set) => [...set, tag])],
    [[]],
  );
  return sets.map((set) => queueName(base, type, set));
}
