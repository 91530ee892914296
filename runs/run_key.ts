/** What the keys of the records of runs begin with. */
export const RUN_PREFIX = "run__";

const KEY = /^run__(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)(\d{3})z-[0-9a-f]{8}$/;

/**
 * The key that the record of a run lies under: when the run began (UTC, in ms), and the beginning of its
 * id, as in `run__20261123t071218123z-1b9d6bcd`. In the order of their keys, runs are in that of time. No
 * result lies under such a key: theirs end in `__` and 40 hex digits.
 */
export function runKey(start: Date, id: string): string {
  return `${RUN_PREFIX}${start.toISOString().replaceAll(/[-:.]/g, "").toLowerCase()}-${
    id.slice(0, 8)
  }`;
}

/** Whether a key is one of the record of a run. */
export function isRunKey(key: string): boolean {
  return KEY.test(key);
}

/** When the run began whose record lies under a key; `undefined` where the key is no such one. */
export function startOfRun(key: string): Date | undefined {
  const [, year, month, day, hour, minute, second, ms] = KEY.exec(key) ?? [];
  if (year === undefined) return undefined;
  const start = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  return Number.isNaN(start.getTime()) ? undefined : start;
}
